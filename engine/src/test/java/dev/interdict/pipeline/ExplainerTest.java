package dev.interdict.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.decisions.DecisionLog.Kept;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.decisions.Explanation;
import dev.interdict.decisions.Explanation.Answer;
import dev.interdict.decisions.Explanation.Asked;
import dev.interdict.decisions.Explanation.Held;
import dev.interdict.decisions.Explanation.Said;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.policy.Policy;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExplainerTest {
  private static final int SHADOW = 1;
  private static final int ELSEWHERE = 2;
  private static final int ALL = 3;
  private static final int FRESH = 4;
  private static final int NAMES = 7;

  private final VerdictTable table =
      new VerdictTable(
          map(MapInfo.HASH, 8, Verdict.BYTES, 64),
          map(MapInfo.HASH, 8, Verdict.BYTES, 64),
          new EngineState(map(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1)));
  private final Explainer explainer = new Explainer(table, new Names());
  private PolicySet set;

  private static FakeBpfMap map(int type, int key, int value, int entries) {
    return new FakeBpfMap(type, key, value, entries);
  }

  /** The cgroup of the event is gone. */
  private static final class Names implements HostNames {
    @Override
    public byte[] cgroupPath(long id) {
      return null;
    }

    @Override
    public byte[] interfaceName(int index) {
      return null;
    }

    @Override
    public Set<String> fileNames(int number) {
      return number == NAMES ? Set.of("/etc/shadow") : number == 0 ? Set.of() : null;
    }
  }

  @BeforeEach
  void use() throws Exception {
    set =
        PolicySet.builder(1, new Names())
            .add(SHADOW, module("shadow", "input.file.path == \"/etc/shadow\""), paths())
            .add(ELSEWHERE, module("elsewhere", "input.process.uid == 0"), Set.of())
            .where(
                ELSEWHERE,
                new PolicySet.Where(
                    Set.of(Hook.SOCKET_CONNECT), new Policy.Scope(List.of(), List.of()), Set.of()))
            .add(ALL, module("all", "input.process.uid == 1000"), Set.of())
            .add(FRESH, module("fresh", "input.process.uid == 1"), Set.of())
            .build();
    explainer.use(set);
  }

  private static Set<String> paths() {
    return Set.of("/etc/shadow");
  }

  private static PolicyModule module(String name, String condition) throws Exception {
    return PolicyModule.load(
        RegoToWasm.compile(name, "deny contains \"no\" if " + condition, "{}"), null);
  }

  private Kept kept(String policy, String digest, FileNames names, int flags, int maskSet) {
    FileEvent open = Events.open("/usr/bin/cat", 1000, "/tmp/x");
    byte[] key = open.head().key().clone();
    key[EventLayouts.VERDICT_KEY.offset("mask_set")] = (byte) maskSet;
    Event event =
        new FileEvent(
            new Event.Head(
                open.head().kind(),
                0,
                1,
                Hook.FILE_OPEN,
                1,
                flags,
                key,
                SlotSet.NONE,
                SlotSet.NONE,
                SlotSet.NONE),
            open.subject(),
            open.path(),
            names,
            open.device(),
            open.inode(),
            open.generation(),
            open.uid(),
            open.gid(),
            open.mode());
    DecisionRecord record =
        new DecisionRecord(
            1,
            Instant.EPOCH,
            Outcome.DENIED,
            Hook.FILE_OPEN,
            1,
            new Subject(1, 1, 1, 0, 0, "cat", "/usr/bin/cat", "/once.slice", Workload.NONE),
            "/tmp/x",
            List.of(new Finding(policy, true, List.of("no"), List.of(), List.of())),
            false,
            false,
            -1);
    return new Kept(record, event, List.of(digest));
  }

  private Kept kept() {
    return kept("shadow", set.digest(SHADOW), FileNames.NONE, 0, 0);
  }

  private void holds(Kept kept, Verdict verdict) {
    table.merge(VerdictKey.of(kept.event().head().key()), verdict, 1);
  }

  @Test
  void aPolicyIsAskedUnderEachNameThatCounts() {
    Kept link = kept("shadow", set.digest(SHADOW), new FileNames(NAMES, 0, false), 0, 0);
    Asked asked = explainer.explain(link).asked().getFirst();
    assertEquals(SHADOW, asked.slot());
    assertTrue(asked.same());
    assertEquals(2, asked.inputs().size());
    assertTrue(asked.inputs().getFirst().contains("\"path\":\"/tmp/x\""), asked::toString);
    assertTrue(asked.inputs().getLast().contains("\"path\":\"/etc/shadow\""), asked::toString);
    assertTrue(asked.inputs().getFirst().contains("/once.slice"), "as the cgroup was called then");
  }

  /** What is told of then is the cgroup of who acted; the other process was in another one. */
  @Test
  void theOtherProcessIsNotInTheCgroupOfWhoActed() {
    Kept file = kept();
    Event.PeerEvent signal =
        new Event.PeerEvent(
            Events.head(Hook.SIGNAL, Access.SEND.bit(), 0),
            file.event().subject(),
            new Event.Peer(0, 0, 7, new byte[] {'/', 'x'}, FileNames.NONE, 77),
            9);
    Asked asked =
        explainer.explain(new Kept(file.record(), signal, file.digests())).asked().getFirst();
    String input = asked.inputs().getFirst();
    assertTrue(input.contains("\"process\""), input);
    assertEquals(2, input.split("/once\\.slice", -1).length, input);
    assertTrue(input.indexOf("/once.slice") < input.indexOf("\"peer\""), input);
  }

  @Test
  void whatCannotBeAskedAgainIsSaid() {
    Kept stranger = kept("shadow", "x", new FileNames(NAMES + 1, 0, false), 0, 0);
    assertEquals(List.of(), explainer.explain(stranger).asked().getFirst().inputs());
    assertEquals(false, explainer.explain(stranger).asked().getFirst().same());
    assertEquals(
        new Asked("gone", -1, false, List.of()),
        explainer.explain(kept("gone", "", FileNames.NONE, 0, 0)).asked().getFirst());
  }

  @Test
  void eachPolicyThatIsAskedAboutSuchAnEventHasAnAnswer() {
    holds(
        kept(),
        new Verdict(
            SlotSet.of(SHADOW).with(ELSEWHERE),
            SlotSet.of(SHADOW).with(ELSEWHERE),
            SlotSet.NONE,
            SlotSet.of(ALL),
            0));
    Explanation explanation = explainer.explain(kept());
    assertEquals(Held.VERDICT, explanation.held());
    assertEquals(
        List.of(
            new Answer(SHADOW, "shadow", Said.DENY),
            new Answer(ALL, "all", Said.NO_ANSWER),
            new Answer(FRESH, "fresh", Said.NOT_ASKED)),
        explanation.answers());
    assertNull(explanation.expires());

    long end = BootClock.nowNs() + Duration.ofHours(1).toNanos();
    holds(kept(), new Verdict(SlotSet.of(ALL).with(FRESH), SlotSet.of(ALL), SlotSet.of(ALL), end));
    explanation = explainer.explain(kept());
    assertEquals(
        List.of(Said.DENY, Said.KILL, Said.PASS),
        explanation.answers().stream().map(Answer::said).toList());
    assertTrue(explanation.expires().compareTo(Duration.ofMinutes(30)) > 0);
  }

  @Test
  void whatCannotBeReadIsAskedOnlyOfWhoDoesNotReadIt() throws Exception {
    PolicySet.Builder one =
        PolicySet.builder(2, new Names())
            .add(SHADOW, module("shadow", "input.file.path == \"/etc/shadow\""), paths())
            .where(
                SHADOW,
                new PolicySet.Where(
                    Set.of(Hook.FILE_OPEN), new Policy.Scope(List.of(), List.of()), Set.of()));
    explainer.use(one.build());
    Kept detour = kept("shadow", "", FileNames.NONE, ObjectFlag.DETOUR.bit(), 0);
    holds(detour, new Verdict(SlotSet.of(SHADOW).with(ALL), SlotSet.NONE, SlotSet.NONE));
    assertEquals(Held.UNREAD, explainer.explain(detour).held());
    explainer.use(one.add(ALL, module("all", "input.process.uid == 1000"), Set.of()).build());
    Explanation explanation = explainer.explain(detour);
    assertEquals(Held.VERDICT, explanation.held());
    assertEquals(
        List.of(new Answer(SHADOW, "shadow", Said.DENY), new Answer(ALL, "all", Said.PASS)),
        explanation.answers());
  }

  /** The kernel asks it about everybody, and what it refuses unread the engine has said. */
  @Test
  void whoseScopeOnlyTheEngineKnowsIsAskedAboutWhatCannotBeRead() throws Exception {
    Policy.Scope units = Policy.Scope.of(List.of(), List.of(), List.of("a.service"), List.of());
    explainer.use(
        PolicySet.builder(2, new Names())
            .add(SHADOW, module("shadow", "input.file.path == \"/etc/shadow\""), paths())
            .where(SHADOW, new PolicySet.Where(Set.of(Hook.FILE_OPEN), units, Set.of()))
            .build());
    Kept detour = kept("shadow", "", FileNames.NONE, ObjectFlag.DETOUR.bit(), 0);
    holds(detour, new Verdict(SlotSet.of(SHADOW), SlotSet.NONE, SlotSet.NONE));
    assertEquals(
        List.of(new Answer(SHADOW, "shadow", Said.PASS)), explainer.explain(detour).answers());
  }

  @Test
  void whatTheKernelDoesNotHoldIsNotSaidToBeHeld() {
    assertEquals(Held.NOTHING, explainer.explain(kept()).held());
    holds(kept(), new Verdict(SlotSet.of(SHADOW), SlotSet.NONE, SlotSet.NONE, 1));
    assertEquals(Held.NOTHING, explainer.explain(kept()).held(), "it is over");
    assertEquals(
        Held.OTHER_KEYS, explainer.explain(kept("shadow", "", FileNames.NONE, 0, 1)).held());
    table.retain(Map.of(Hook.FILE_OPEN, 1));
    assertEquals(Held.OTHER_KEYS, explainer.explain(kept()).held(), "masks have changed since");
  }
}
