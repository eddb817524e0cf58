package dev.interdict.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.decisions.Comparison;
import dev.interdict.decisions.Comparison.Difference;
import dev.interdict.decisions.Comparison.Kind;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySet.Where;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.RecordKind;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy.Scope;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ComparisonsTest {
  private static final int ACTIVE = 3;
  private static final int CANDIDATE = 200;
  private static final SlotSet BOTH = SlotSet.of(ACTIVE).with(CANDIDATE);
  private static final long CGROUP = Events.open("/bin/a", 1, "/b").subject().cgroup();

  private byte[] cgroup = "/app/web".getBytes(UTF_8);
  private final HostNames names =
      new HostNames() {
        @Override
        public byte[] cgroupPath(long id) {
          return id == CGROUP ? cgroup : null;
        }

        @Override
        public byte[] interfaceName(int index) {
          return null;
        }

        @Override
        public Set<String> fileNames(int number) {
          return Set.of();
        }
      };
  private final Comparisons comparisons = new Comparisons(names);
  private PolicySet set;

  @BeforeEach
  void compare() throws Exception {
    use(builder());
  }

  private void use(PolicySet.Builder builder) {
    set = builder.build();
    comparisons.use(set);
  }

  private static PolicySet.Builder builder() throws Exception {
    return PolicySet.builder(1, HostNames.NONE)
        .add(ACTIVE, module("1"), Set.of())
        .add(CANDIDATE, module("2"), Set.of())
        .candidate(CANDIDATE, ACTIVE);
  }

  private static PolicyModule module(String uid) throws Exception {
    String rule = "deny contains \"no\" if input.process.uid == " + uid;
    return PolicyModule.load(RegoToWasm.compile("p", rule, "{}"), null);
  }

  private static FileEvent event(int key, SlotSet asked) {
    return event(key, asked, 0);
  }

  private static FileEvent event(int key, SlotSet asked, int flags) {
    FileEvent open = Events.open("/usr/bin/cat", 1000, "/etc/shadow");
    Event.Head head = open.head();
    byte[] bytes = new byte[VerdictKey.BYTES];
    bytes[EventLayouts.VERDICT_KEY.offset("hook")] = (byte) head.hook().code();
    ByteBuffer.wrap(bytes).putInt(VerdictKey.BYTES - Integer.BYTES, key);
    return Events.with(
        open,
        new Event.Head(
            head.kind(), 0, 0, head.hook(), 1, flags, bytes, asked, SlotSet.NONE, SlotSet.NONE));
  }

  private void asked(int key, SlotSet asked, Verdict verdict) {
    comparisons.asked(event(key, asked), set, verdict, null);
  }

  private static Verdict said(SlotSet decided, SlotSet deny) {
    return new Verdict(decided, deny, SlotSet.NONE);
  }

  private Comparison now() {
    return comparisons.of(CANDIDATE);
  }

  private static List<Long> counts(Comparison of) {
    return List.of(of.alike(), of.newlyDenied(), of.newlyAllowed(), of.undecided());
  }

  @Test
  void eachKindIsCounted() {
    asked(1, BOTH, said(BOTH, SlotSet.NONE));
    asked(2, BOTH, said(BOTH, BOTH));
    asked(3, BOTH, said(BOTH, SlotSet.of(CANDIDATE)));
    asked(4, BOTH, said(BOTH, SlotSet.of(ACTIVE)));
    asked(5, BOTH, said(SlotSet.of(CANDIDATE), SlotSet.NONE));
    asked(6, BOTH, said(SlotSet.of(ACTIVE), SlotSet.NONE));
    assertEquals(List.of(2L, 1L, 1L, 2L), counts(now()));
    assertEquals(
        List.of(Kind.NEWLY_DENIED, Kind.NEWLY_ALLOWED, Kind.UNDECIDED, Kind.UNDECIDED),
        now().differences().stream().map(Difference::kind).toList());
  }

  /** Only the candidate is new to this key: what the other has said counts. */
  @Test
  void whatWasAnsweredBeforeCounts() {
    asked(1, SlotSet.of(CANDIDATE), said(BOTH, SlotSet.of(ACTIVE)));
    assertEquals(List.of(0L, 0L, 1L, 0L), counts(now()));
    asked(2, SlotSet.of(ACTIVE), said(BOTH, SlotSet.of(CANDIDATE)));
    assertEquals(List.of(0L, 1L, 1L, 0L), counts(now()));
  }

  @Test
  void aPolicyThatCannotAnswerIsNotTakenForOneThatAllows() {
    Verdict cannot =
        new Verdict(SlotSet.of(ACTIVE), SlotSet.NONE, SlotSet.NONE, SlotSet.of(CANDIDATE), 1);
    asked(1, BOTH, cannot);
    assertEquals(List.of(0L, 0L, 0L, 1L), counts(now()));
  }

  @Test
  void anExampleNamesWhoObjects() {
    asked(1, BOTH, said(BOTH, SlotSet.of(CANDIDATE)));
    asked(2, BOTH, said(BOTH, SlotSet.of(ACTIVE)));
    asked(3, BOTH, said(SlotSet.of(ACTIVE), SlotSet.of(ACTIVE)));
    assertEquals(
        List.of(List.of("p (candidate)"), List.of("p"), List.of("p", "p (candidate)")),
        now().differences().stream()
            .map(one -> one.example().findings().stream().map(f -> f.policy()).toList())
            .toList());
    assertEquals("/etc/shadow", now().differences().getFirst().example().object());
  }

  @Test
  void oneKeyIsOneDifferenceHoweverOftenItIsAsked() {
    for (int i = 0; i < 5; i++) {
      asked(1, BOTH, said(BOTH, SlotSet.of(CANDIDATE)));
    }
    assertEquals(5, now().newlyDenied());
    assertEquals(List.of(5L), now().differences().stream().map(Difference::asked).toList());
    asked(1, BOTH, said(BOTH, SlotSet.of(ACTIVE)));
    assertEquals(
        List.of(Kind.NEWLY_DENIED, Kind.NEWLY_ALLOWED),
        now().differences().stream().map(Difference::kind).toList(),
        "another answer is another difference");
  }

  @Test
  void whatThereIsNoRoomForIsCounted() {
    for (int key = 0; key < Comparisons.KEYS_MAX + 7; key++) {
      asked(key, BOTH, said(BOTH, SlotSet.of(CANDIDATE)));
    }
    assertEquals(Comparisons.KEYS_MAX + 7, now().newlyDenied());
    long omitted = now().omitted().get(Kind.NEWLY_DENIED);
    assertEquals(Comparisons.KEYS_MAX + 7, now().differences().size() + omitted);
    long bytes = now().differences().stream().mapToLong(one -> one.example().bytes()).sum();
    long last = now().differences().getLast().example().bytes();
    assertTrue(bytes - last < Comparisons.BYTES_MAX, () -> bytes + " bytes");
    assertTrue(omitted > 0);
    asked(9999, BOTH, said(BOTH, SlotSet.of(ACTIVE)));
    assertEquals(omitted, now().omitted().get(Kind.NEWLY_DENIED), "of each kind its own");
  }

  private static Event told(int key, SlotSet refused, SlotSet would, SlotSet unanswered) {
    FileEvent event = event(key, unanswered);
    Event.Head head = event.head();
    return Events.with(
        event,
        new Event.Head(
            RecordKind.OBSERVE, 0, 0, head.hook(), 1, 0, head.key(), unanswered, refused, would));
  }

  private static Event in(long cgroup, Event of) {
    FileEvent event = (FileEvent) of;
    Event.Subject s = event.subject();
    return event.withSubject(
        new Event.Subject(
            s.pid(),
            s.tid(),
            s.parentPid(),
            s.uid(),
            s.gid(),
            s.euid(),
            s.egid(),
            s.exeDevice(),
            s.exeInode(),
            s.exePath(),
            s.names(),
            s.image(),
            cgroup,
            s.comm()));
  }

  private static Event by(String exe, Event of) {
    FileEvent event = (FileEvent) of;
    return event.withSubject(event.subject().withExePath(exe.getBytes(UTF_8)));
  }

  private List<Long> denied() {
    return List.of(now().deniedIn(), now().deniedNeeded());
  }

  /** Who asks first asks for all who have the same key; the others are known by their denials. */
  @Test
  void whoIsDeniedByAKeyThatSomebodyElseAskedAboutIsSeen() {
    SlotSet candidate = SlotSet.of(CANDIDATE);
    asked(1, BOTH, said(BOTH, candidate));
    assertEquals(List.of(1L, 0L), denied());
    comparisons.answered(in(7, told(1, SlotSet.NONE, candidate, SlotSet.NONE)), set);
    comparisons.answered(in(7, told(1, SlotSet.NONE, candidate, SlotSet.NONE)), set);
    comparisons.answered(in(8, told(1, candidate, SlotSet.NONE, SlotSet.NONE)), set);
    assertEquals(List.of(3L, 0L), denied());
    Event login = told(1, SlotSet.NONE, candidate, SlotSet.NONE);
    comparisons.answered(by("/usr/sbin/sshd", login), set);
    assertEquals(List.of(3L, 1L), denied());
    assertEquals(List.of(0L, 1L, 0L, 0L), counts(now()), "these are no questions");
  }

  /** Or whoever begins a rollout on a host of many short containers is never told of another. */
  @Test
  void cgroupsForWhichThereIsNoRoomAreCountedByTheAttempt() {
    for (int cgroup = 1; cgroup <= Comparisons.TOLD_APART_MAX + 7; cgroup++) {
      deniedIn(cgroup);
    }
    assertEquals(Comparisons.TOLD_APART_MAX, now().deniedIn());
    assertEquals(7, now().deniedElsewhere());
    deniedIn(Comparisons.TOLD_APART_MAX);
    assertEquals(7, now().deniedElsewhere(), "this one is known");
    deniedIn(Comparisons.TOLD_APART_MAX + 1);
    assertEquals(8, now().deniedElsewhere());
    assertEquals(Comparisons.TOLD_APART_MAX, now().deniedIn());
  }

  private void deniedIn(long cgroup) {
    Event denied = told(1, SlotSet.NONE, SlotSet.of(CANDIDATE), SlotSet.NONE);
    comparisons.answered(in(cgroup, denied), set);
  }

  @Test
  void whatBothDenyOrOneHasNoAnswerToIsNotNewlyDenied() {
    SlotSet candidate = SlotSet.of(CANDIDATE);
    comparisons.answered(told(1, SlotSet.of(ACTIVE), candidate, SlotSet.NONE), set);
    comparisons.answered(told(1, SlotSet.NONE, BOTH, SlotSet.NONE), set);
    comparisons.answered(told(1, candidate, SlotSet.NONE, candidate), set);
    comparisons.answered(told(1, SlotSet.NONE, candidate, SlotSet.of(ACTIVE)), set);
    comparisons.answered(told(1, SlotSet.of(ACTIVE), SlotSet.NONE, SlotSet.NONE), set);
    assertEquals(List.of(0L, 0L), denied());
  }

  @Test
  void aQuestionOfWhatAHostNeedsCountsToo() {
    asked(1, BOTH, said(BOTH, SlotSet.of(CANDIDATE)));
    FileEvent login = (FileEvent) by("/usr/sbin/sshd", event(2, BOTH));
    comparisons.asked(login, set, said(BOTH, SlotSet.of(CANDIDATE)), null);
    comparisons.asked(login, set, said(BOTH, BOTH), null);
    assertEquals(List.of(1L, 1L), denied());
  }

  @Test
  void aKeyIsJudgedOnceHoweverOftenItIsAskedAbout() {
    for (int i = 0; i < 5; i++) {
      asked(1, BOTH, said(BOTH, SlotSet.NONE));
      asked(2, BOTH, said(BOTH, SlotSet.of(CANDIDATE)));
    }
    assertEquals(2, now().judged());
    for (int key = 0; key < Comparisons.TOLD_APART_MAX + 7; key++) {
      asked(key, BOTH, said(BOTH, SlotSet.NONE));
    }
    assertEquals(Comparisons.TOLD_APART_MAX + 7, now().judged());
  }

  private static Where where(Scope scope) {
    return new Where(Set.of(Hook.FILE_OPEN), scope, Set.of());
  }

  private static Scope below(String... cgroups) {
    return new Scope(List.of(cgroups), List.of());
  }

  /** What the one in force has said is of another task, whom it covers. */
  @Test
  void aPolicyThatDoesNotCoverTheTaskObjectsToNothing() throws Exception {
    use(builder().where(ACTIVE, where(below("/db"))).where(CANDIDATE, where(below("/app"))));
    asked(1, SlotSet.of(CANDIDATE), said(BOTH, BOTH));
    assertEquals(List.of(0L, 1L, 0L, 0L), counts(now()));
    cgroup = "/app/web-of-others".getBytes(UTF_8);
    use(builder().where(ACTIVE, where(below("/app/web"))).where(CANDIDATE, where(below("/app"))));
    asked(1, SlotSet.of(CANDIDATE), said(BOTH, BOTH));
    assertEquals(List.of(0L, 2L, 0L, 0L), counts(now()));
    cgroup = "/app/web/1".getBytes(UTF_8);
    asked(2, SlotSet.of(CANDIDATE), said(BOTH, BOTH));
    assertEquals(List.of(1L, 2L, 0L, 0L), counts(now()));
  }

  private static Scope units(String unit) {
    return Scope.of(List.of(), List.of(), List.of(unit), List.of());
  }

  /** The kernel asks such a policy about everybody: an answer about others is no evidence. */
  @Test
  void whomTheScopeOfTheAskedDoesNotCoverSaysNothingOfIt() throws Exception {
    cgroup = "/system.slice/db.service".getBytes(UTF_8);
    use(builder().where(ACTIVE, where(units("web.*"))).where(CANDIDATE, where(units("web.*"))));
    asked(1, BOTH, said(BOTH, SlotSet.NONE));
    assertEquals(List.of(0L, 0L, 0L, 0L), counts(now()));
    assertEquals(0, now().judged());
    use(builder().where(ACTIVE, where(units("web.*"))).where(CANDIDATE, where(units("db.*"))));
    asked(2, BOTH, said(BOTH, SlotSet.of(CANDIDATE)));
    assertEquals(List.of(0L, 1L, 0L, 0L), counts(now()), "the candidate covers it");
    cgroup = null;
    asked(3, BOTH, said(BOTH, SlotSet.NONE));
    assertEquals(1, now().untold());
    assertEquals(1, now().judged());
  }

  /** Who reads what a detour hides refuses it without being asked. */
  @Test
  void whoWouldRefuseADetourUnaskedDenies() throws Exception {
    use(builder().where(CANDIDATE, where(below())));
    int detour = ObjectFlag.DETOUR.bit();
    comparisons.asked(event(1, SlotSet.of(ACTIVE), detour), set, said(BOTH, SlotSet.NONE), null);
    assertEquals(List.of(0L, 1L, 0L, 0L), counts(now()));
    comparisons.asked(event(2, BOTH, detour), set, said(BOTH, SlotSet.NONE), null);
    assertEquals(List.of(1L, 1L, 0L, 0L), counts(now()));
  }

  @Test
  void aTaskWhoseCgroupHasNoNameIsNotGuessed() throws Exception {
    use(builder().where(ACTIVE, where(below("/db"))));
    cgroup = null;
    asked(1, SlotSet.of(CANDIDATE), said(BOTH, BOTH));
    assertEquals(List.of(0L, 0L, 0L, 0L), counts(now()), "nobody has failed to answer");
    assertEquals(1, now().untold());
    assertEquals(0, now().judged(), "and nobody was judged");
    asked(2, SlotSet.of(CANDIDATE), said(SlotSet.NONE, SlotSet.NONE));
    assertEquals(List.of(0L, 0L, 0L, 1L), counts(now()), "the candidate has");
  }

  /** The decider goes on with the set before for a moment. */
  @Test
  void anAnswerOfTheSetBeforeIsNobodys() throws Exception {
    PolicySet before = set;
    use(builder());
    comparisons.asked(event(1, BOTH), before, said(BOTH, SlotSet.of(CANDIDATE)), null);
    assertEquals(List.of(0L, 0L, 0L, 0L), counts(now()));
  }

  @Test
  void anEventOfNeitherIsNotCounted() throws Exception {
    Where elsewhere = new Where(Set.of(Hook.EXEC), below(), Set.of());
    use(builder().where(ACTIVE, elsewhere).where(CANDIDATE, elsewhere));
    asked(1, SlotSet.of(9), said(SlotSet.of(9), SlotSet.NONE));
    assertEquals(List.of(0L, 0L, 0L, 0L), counts(now()));
  }

  @Test
  void withNothingInForceAllThatItDeniesIsNewlyDenied() throws Exception {
    use(
        PolicySet.builder(1, HostNames.NONE)
            .add(CANDIDATE, module("2"), Set.of())
            .candidate(CANDIDATE, -1));
    asked(1, SlotSet.of(CANDIDATE), said(BOTH, SlotSet.of(CANDIDATE)));
    asked(2, SlotSet.of(CANDIDATE), said(BOTH, SlotSet.NONE));
    assertEquals(List.of(1L, 1L, 0L, 0L), counts(now()));
  }

  @Test
  void anotherPairBeginsAnewAndTheSameGoesOn() throws Exception {
    asked(1, BOTH, said(BOTH, SlotSet.of(CANDIDATE)));
    use(builder());
    assertEquals(1, now().newlyDenied());
    use(builder().where(ACTIVE, where(below("/db"))));
    assertEquals(1, now().newlyDenied(), "nothing is asked anew");
    use(
        PolicySet.builder(1, HostNames.NONE)
            .add(CANDIDATE, module("2"), Set.of())
            .candidate(CANDIDATE, -1));
    assertEquals(0, now().newlyDenied());
    use(PolicySet.builder(1, HostNames.NONE).add(CANDIDATE, module("2"), Set.of()));
    assertNull(now());
  }
}
