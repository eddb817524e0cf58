package dev.interdict.recording;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.recording.Tuple.Answer;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.RandomEvent;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class BatchTest {
  private static final ReadSet ALL = new ReadSet(Set.of(""));
  private static final Verdict NOTHING = new Verdict(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE);
  private static PolicySet set;

  @BeforeAll
  static void policies() throws Exception {
    PolicySet.Builder both = PolicySet.builder(1, RandomEvent.NAMES);
    for (int slot = 0; slot < 2; slot++) {
      String rego = "deny contains \"x\" if input.process.uid == " + slot;
      var compiled = RegoToWasm.compile("p" + slot, rego, "{}");
      both.add(slot, PolicyModule.load(compiled, null), Set.of());
    }
    set = both.build();
  }

  private static void add(Batch batch, Event event, KeyMask mask, Verdict verdict) {
    batch.add(event, mask, verdict, Instant.now(), RandomEvent.NAMES);
  }

  /** HashMap finds what has one hash by its order, or else by a look at each. */
  @Test
  void whatSomebodyElseChoosesHasAnOrder() {
    VerdictKey one = VerdictKey.of(RecordBuilder.of(Hook.FILE_OPEN).event().head().key());
    Comparable<Batch.Same> plain = new Batch.Same(one, false);
    assertTrue(plain.compareTo(new Batch.Same(one, true)) < 0);
    assertEquals(0, plain.compareTo(new Batch.Same(one, false)));
  }

  @Test
  void theNumberOfAProgramOfUnknownPathTakesThePathAlong() {
    KeyMask mask = KeyMask.of(Hook.FILE_OPEN, new ReadSet(Set.of("process.exe.path")));
    Batch batch = new Batch(Set.of("process.exe.inode"));
    Event nameless = RecordBuilder.of(Hook.FILE_OPEN).exe("").fact("exe_inode", 9).event();
    add(batch, nameless, mask, NOTHING);
    assertFalse(batch.take(set).getFirst().seen().contains("process.exe.path"));
  }

  /** Whichever fact is left out: replay reads what is left, and all that does not rest on it. */
  @Test
  void whatIsLeftWithoutAFactIsStillAnEvent() {
    Random random = new Random(3);
    Set<String> lost = new HashSet<>();
    for (String fact : Recorder.redactable()) {
      for (Hook hook : Hook.values()) {
        KeyMask mask = KeyMask.of(hook, ALL);
        Batch batch = new Batch(Set.of(fact));
        for (int i = 0; i < 40; i++) {
          add(batch, new RandomEvent(hook, random).record().mask(mask).event(), mask, NOTHING);
        }
        for (Tuple tuple : batch.take(set)) {
          assertEquals(Set.of(), tuple.untold(), () -> "without " + fact + ": " + tuple);
          Set<String> gone = new HashSet<>(KeyMask.fields(hook, ALL));
          gone.removeAll(tuple.seen());
          gone.removeIf(path -> (path + ".").startsWith(fact + "."));
          gone.forEach(path -> lost.add(fact + " " + path));
        }
      }
    }
    assertTrue(lost.contains("packet.family packet.source.address"), "" + lost);
    assertTrue(lost.contains("packet.protocol packet.source.port"), "" + lost);
    assertFalse(lost.contains("packet.protocol packet.source.address"), "" + lost);
    assertFalse(lost.contains("process.uid process.gid"), "" + lost);
  }

  /** Who acts and the other process are each in a cgroup of their own. */
  @Test
  void theCgroupOfTheOtherProcessIsItsOwn() {
    KeyMask mask = KeyMask.of(Hook.SIGNAL, ALL);
    Event event =
        RecordBuilder.of(Hook.SIGNAL)
            .access(Access.SEND)
            .fact("cgroup", 1)
            .peer("cgroup", 3)
            .peer("signal", 9)
            .mask(mask)
            .event();
    Batch batch = new Batch(Set.of());
    add(batch, event, mask, NOTHING);
    Tuple tuple = batch.take(set).getFirst();
    assertEquals(Set.of(), tuple.untold(), tuple::toString);
    assertTrue(tuple.seen().contains("peer.cgroup.path"), tuple::toString);
    assertEquals("/slice1", tuple.fact("process.cgroup.path"));
    assertEquals("/system.slice/c3.service", tuple.fact("peer.cgroup.path"));
    assertEquals("/slice1", new String(tuple.names().cgroupPath(1), UTF_8));
    assertEquals("/system.slice/c3.service", new String(tuple.names().cgroupPath(3), UTF_8));
  }

  /** Replay refuses what it is not told as it was. */
  @Test
  void whatIsRecordedOfOtherProcessesIsToldAgain() {
    Random random = new Random(4);
    for (Hook hook : List.of(Hook.PTRACE, Hook.SIGNAL)) {
      KeyMask mask = KeyMask.of(hook, ALL);
      Batch batch = new Batch(Set.of());
      for (int i = 0; i < 200; i++) {
        add(batch, new RandomEvent(hook, random).record().mask(mask).event(), mask, NOTHING);
      }
      for (Tuple tuple : batch.take(set)) {
        assertEquals(Set.of(), tuple.untold(), tuple::toString);
      }
    }
  }

  /** The kernel had lost the verdict, and the next event is out of the first policy's scope. */
  @Test
  void whatOnePolicySaidIsKeptWhenAnotherIsAsked() {
    KeyMask mask = KeyMask.of(Hook.FILE_OPEN, new ReadSet(Set.of("process.uid")));
    Event event = RecordBuilder.of(Hook.FILE_OPEN).uid(0).mask(mask).event();
    Batch batch = new Batch(Set.of());
    add(batch, event, mask, new Verdict(SlotSet.of(0), SlotSet.of(0), SlotSet.NONE));
    add(batch, event, mask, new Verdict(SlotSet.of(1), SlotSet.NONE, SlotSet.NONE));
    assertEquals(
        Map.of("p0", Answer.DENY, "p1", Answer.ALLOW), batch.take(set).getFirst().answers());
  }

  /** What was shown of it was the moment's; what stands there now may be another answer's. */
  @Test
  void aContainerThatWasNotKnownForGoodWasNotSeen() {
    KeyMask mask = KeyMask.of(Hook.FILE_OPEN, ALL);
    Event event = RecordBuilder.of(Hook.FILE_OPEN).fact("cgroup", 3).mask(mask).event();
    assertTrue(seen(event, mask, NOTHING, true).contains("process.container.image"));
    assertFalse(seen(event, mask, NOTHING, false).contains("process.container.image"));
    assertTrue(seen(event, mask, NOTHING, false).contains("process.unit"));
    Verdict early = new Verdict(SlotSet.of(0), SlotSet.NONE, SlotSet.NONE, 7);
    assertFalse(seen(event, mask, early, true).contains("process.container.image"));
  }

  private static Set<String> seen(Event event, KeyMask mask, Verdict verdict, boolean settled) {
    HostNames names =
        new HostNames() {
          @Override
          public byte[] cgroupPath(long id) {
            return RandomEvent.NAMES.cgroupPath(id);
          }

          @Override
          public Workload workload(long cgroup) {
            Workload known = RandomEvent.NAMES.workload(cgroup);
            return known.with(known.container(), settled);
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
    Batch batch = new Batch(Set.of());
    batch.add(event, mask, verdict, Instant.now(), names);
    return batch.take(set).getFirst().seen();
  }

  /** The masks do not tell them apart, the kernel does. */
  @Test
  void aSocketWithADetourIsAnotherThanOneWithout() {
    KeyMask mask = KeyMask.of(Hook.SOCKET_CONNECT, new ReadSet(Set.of("socket.port")));
    RecordBuilder socket = RecordBuilder.of(Hook.SOCKET_CONNECT).to("10.0.0.1", 80).mask(mask);
    Batch batch = new Batch(Set.of());
    add(batch, socket.event(), mask, NOTHING);
    add(batch, socket.objectFlags(ObjectFlag.DETOUR).event(), mask, NOTHING);
    assertEquals(List.of(false, true), batch.take(set).stream().map(Tuple::detour).toList());
  }
}
