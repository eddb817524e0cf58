package dev.interdict.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.decisions.DecisionFilter;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JudgeTest {
  private static final Duration NOW = Duration.ZERO;
  private static final int ONE = 1;
  private static final int TWO = 2;
  private static final SlotSet BOTH = SlotSet.of(ONE).with(TWO);

  private static final String STEADY = "deny contains \"steady\" if input.process.uid == 1000";
  private static final String PERISHABLE =
      "deny contains sprintf(\"at %d\", [time.now_ns()]) if input.process.uid == 1000";
  private static final String ENDLESS =
      """
      n := numbers.range(1, 300)
      deny contains "x" if {
        input.file.path == "/etc/shadow"
        some a in n; some b in n; some c in n
        a * b * c == 7777777
      }
      """;

  private final DecisionLog log = new DecisionLog();
  private final Outcomes outcomes = new Outcomes(log, HostNames.NONE);
  private final PipelineCounters counters = new PipelineCounters();
  private final VerdictTable table =
      new VerdictTable(
          map(MapInfo.HASH, 8, Verdict.BYTES, 8192),
          map(MapInfo.HASH, 8, Verdict.BYTES, 128),
          new EngineState(map(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1)));
  private final Judge judge = new Judge(table, outcomes, counters);

  private static FakeBpfMap map(int type, int key, int value, int entries) {
    return new FakeBpfMap(type, key, value, entries);
  }

  private static PolicySetEvaluator policies(String one, String two) throws Exception {
    return set(one, two).build().newEvaluator();
  }

  private static PolicySet.Builder set(String one, String two) throws Exception {
    return PolicySet.builder(1, HostNames.NONE)
        .add(ONE, PolicyModule.load(RegoToWasm.compile("one", one, "{}"), null), Set.of())
        .add(TWO, PolicyModule.load(RegoToWasm.compile("two", two, "{}"), null), Set.of());
  }

  /** A miss of the n-th key. */
  private static FileEvent miss(int n, int flags) {
    FileEvent open = Events.open("/usr/bin/cat", 1000, "/etc/shadow");
    Event.Head head = open.head();
    byte[] key = new byte[VerdictKey.BYTES];
    key[EventLayouts.VERDICT_KEY.offset("hook")] = (byte) head.hook().code();
    ByteBuffer.wrap(key).putInt(VerdictKey.BYTES - Integer.BYTES, n);
    return new FileEvent(
        new Event.Head(
            head.kind(),
            flags,
            BootClock.nowNs(),
            head.hook(),
            head.access(),
            0,
            key,
            BOTH,
            SlotSet.NONE,
            SlotSet.NONE),
        open.subject(),
        open.path(),
        open.names(),
        open.device(),
        open.inode(),
        open.generation(),
        open.uid(),
        open.gid(),
        open.mode());
  }

  private Verdict verdict(Event event) {
    return table.get(VerdictKey.of(event.head().key()));
  }

  private String said(Event event, int slot) {
    return outcomes.reasons(VerdictKey.of(event.head().key())).get(slot).deny().getFirst();
  }

  @Test
  void aDecisionAboutTheEventAloneStands() throws Exception {
    PolicySetEvaluator steady = policies(STEADY, STEADY);
    Event event = miss(0, 0);
    judge.judge(event, steady);
    assertEquals(0, verdict(event).expiresNs());
    judge.judge(event, steady);
    assertEquals(1, counters.read().get("repeated"));
  }

  @Test
  void aDecisionOfItsMomentExpiresAndIsMadeAnew() throws Exception {
    PolicySetEvaluator both = policies(STEADY, PERISHABLE);
    Event event = miss(0, 0);
    long before = BootClock.nowNs();
    judge.judge(event, both);
    long after = BootClock.nowNs();
    long keeps = Judge.PERISHABLE.toNanos();
    assertTrue(verdict(event).expiresNs() >= before + keeps, "too short");
    assertTrue(verdict(event).expiresNs() <= after + keeps, "too long");
    assertEquals(BOTH, verdict(event).deny());
    String first = said(event, TWO);
    while (BootClock.nowNs() <= verdict(event).expiresNs()) {
      Thread.sleep(10);
    }
    judge.judge(event, both);
    assertNotEquals(first, said(event, TWO), "the answer of a moment that is over");
    assertTrue(verdict(event).expiresNs() > BootClock.nowNs(), "the old expiry has stayed");
    assertEquals(2, counters.read().get("decided"));
    assertEquals(0, counters.read().get("repeated"));
  }

  /** As the warning of the check says, in numbers. */
  @Test
  void aboveItsRateTheFallbackAnswersAndItIsCounted() throws Exception {
    assertEquals(Duration.ofMillis(100), Judge.PERISHABLE);
    PolicySetEvaluator both = policies(STEADY, PERISHABLE);
    int events = 1500;
    long start = System.nanoTime();
    for (int i = 0; i < events; i++) {
      judge.judge(miss(i, 0), both);
    }
    long seconds = 1 + (System.nanoTime() - start) / 1_000_000_000L;
    long over = counters.read().get("over_rate");
    assertTrue(over >= events - 1000 * seconds && over <= events, over + " of " + events);
    if (seconds == 1) {
      assertEquals(events - 1000, over);
      assertEquals(SlotSet.of(ONE), verdict(miss(events - 1, 0)).decided(), "the others decide on");
      assertEquals(0, verdict(miss(events - 1, 0)).expiresNs());
    }
  }

  @Test
  void theEventSaysWhyAPolicyGaveNoAnswer() throws Exception {
    Event event = miss(0, 0);
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      judge.judge(event, policies(ENDLESS, "warn contains \"seen\" if input.process.uid == 1000"));
      DecisionRecord record = watcher.poll(NOW);
      assertEquals(Outcome.ALLOWED, record.outcome());
      assertEquals(
          "no decision: policy one: took longer than 50 ms",
          record.findings().getFirst().warn().getFirst());
      assertEquals("seen", record.findings().getLast().warn().getFirst());
    }
    assertEquals(SlotSet.of(TWO), verdict(event).decided());
    assertEquals(1, counters.read().get("failed"));
  }

  /**
   * The kernel refuses when the wait is over, and reports that itself; then the reason is known.
   */
  @Test
  void aFallbackThatRefusesIsToldOnceWithItsReason() throws Exception {
    PolicySet set = set(ENDLESS, STEADY.replace("1000", "7")).refusing(ONE).build();
    Event event = miss(0, RecordFlag.HELD.bit());
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      judge.judge(event, set.newEvaluator());
      assertNull(watcher.poll(NOW), "the kernel tells");
      FileEvent told = miss(0, RecordFlag.HELD.bit() | RecordFlag.FALLBACK.bit());
      outcomes.answered(refused(told), set, outcomes.reasons(VerdictKey.of(told.head().key())));
      DecisionRecord record = watcher.poll(NOW);
      assertEquals(Outcome.DENIED, record.outcome());
      assertEquals(
          "policy one: took longer than 50 ms: its fallback refused",
          record.findings().getFirst().deny().getFirst());
    }
  }

  private static FileEvent refused(FileEvent e) {
    Event.Head h = e.head();
    return new FileEvent(
        new Event.Head(
            h.kind(),
            h.flags(),
            h.timeNs(),
            h.hook(),
            h.access(),
            0,
            h.key(),
            SlotSet.of(ONE),
            SlotSet.of(ONE),
            SlotSet.NONE),
        e.subject(),
        e.path(),
        e.names(),
        e.device(),
        e.inode(),
        e.generation(),
        e.uid(),
        e.gid(),
        e.mode());
  }
}
