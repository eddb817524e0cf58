package dev.interdict.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.PacketEvent;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.RecordKind;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.policy.Policy;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.KernelCounters;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JudgeTest {
  private static final Duration NOW = Duration.ZERO;
  private static final int ONE = 1;
  private static final int TWO = 2;
  private static final SlotSet BOTH = SlotSet.of(ONE).with(TWO);

  /** Of a question about an attempt that others have refused. */
  private static final int TOLD_REFUSED = RecordFlag.TOLD.bit() | RecordFlag.REFUSED.bit();

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
  private final KernelCounters counted =
      new KernelCounters(
          map(MapInfo.PERCPU_ARRAY, 4, EventLayouts.HOOK_COUNTERS.size(), Hook.ARRAY_LENGTH),
          map(MapInfo.PERCPU_ARRAY, 4, EventLayouts.SLOT_COUNTERS.size(), SlotSet.SLOTS),
          map(MapInfo.ARRAY, 4, EventLayouts.TOLD.size(), Hook.ARRAY_LENGTH + SlotSet.SLOTS));
  private final Outcomes outcomes = new Outcomes(log, HostNames.NONE, counted);
  private final Comparisons comparisons = new Comparisons(HostNames.NONE);
  private final PipelineCounters counters = new PipelineCounters();
  private final FakeBpfMap kernel = map(MapInfo.HASH, 8, Verdict.BYTES, 8192);
  private final VerdictTable table =
      new VerdictTable(
          kernel,
          map(MapInfo.HASH, 8, Verdict.BYTES, 128),
          new EngineState(map(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1)));
  private final Thread decider = Thread.currentThread();
  private int signs;
  private final Judge judge = new Judge(table, outcomes, comparisons, counters);

  private static FakeBpfMap map(int type, int key, int value, int entries) {
    return new FakeBpfMap(type, key, value, entries);
  }

  private PolicySetEvaluator policies(String one, String two) throws Exception {
    return set(one, two).build().newEvaluator(this::sign);
  }

  private void sign() {
    signs += Thread.currentThread() == decider ? 1 : 0; // others come as there is time
  }

  private static PolicySet.Builder set(String one, String two) throws Exception {
    return PolicySet.builder(1, HostNames.NONE)
        .add(ONE, PolicyModule.load(RegoToWasm.compile("one", one, "{}"), null), Set.of())
        .add(TWO, PolicyModule.load(RegoToWasm.compile("two", two, "{}"), null), Set.of());
  }

  /** A miss of the n-th key. */
  private static FileEvent miss(int n, int flags) {
    return miss(n, flags, BOTH);
  }

  private static FileEvent refused(FileEvent event, SlotSet by) {
    return refused(event, by, SlotSet.NONE);
  }

  /** A question for whose sake somebody waits. */
  private static FileEvent held(int n, SlotSet by) {
    return refused(miss(n, RecordFlag.HELD.bit()), by, BOTH);
  }

  private static FileEvent refused(FileEvent event, SlotSet by, SlotSet asked) {
    return refused(event, by, asked, SlotSet.NONE);
  }

  private static FileEvent refused(FileEvent event, SlotSet by, SlotSet asked, SlotSet would) {
    Event.Head head = event.head();
    return Events.with(
        event,
        new Event.Head(
            head.kind(),
            head.flags(),
            head.timeNs(),
            head.hook(),
            head.access(),
            head.objectFlags(),
            head.key(),
            asked,
            by,
            would));
  }

  private static FileEvent miss(int n, int flags, SlotSet asked) {
    FileEvent open = Events.open("/usr/bin/cat", 1000, "/etc/shadow");
    Event.Head head = open.head();
    byte[] key = new byte[VerdictKey.BYTES];
    key[EventLayouts.VERDICT_KEY.offset("hook")] = (byte) head.hook().code();
    ByteBuffer.wrap(key).putInt(VerdictKey.BYTES - Integer.BYTES, n);
    return Events.with(
        open,
        new Event.Head(
            head.kind(),
            flags,
            BootClock.nowNs(),
            head.hook(),
            head.access(),
            0,
            key,
            asked,
            SlotSet.NONE,
            SlotSet.NONE));
  }

  private void judge(Event event, PolicySetEvaluator policies) {
    judge.judge(event, policies);
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
    judge(event, steady);
    assertEquals(0, verdict(event).expiresNs());
    judge(event, steady);
    assertEquals(1, counters.read().get("repeated"));
  }

  /** With all that is known about the key, and when the kernel knows it, too. */
  @Test
  void whoListensHearsOfEachAskOnce() throws Exception {
    PolicySetEvaluator policies = policies(STEADY, STEADY.replace("1000", "7"));
    List<Verdict> heard = new ArrayList<>();
    judge.tap(
        (event, set, verdict) -> {
          assertEquals(policies.set(), set);
          assertEquals(verdict(event), verdict);
          heard.add(verdict);
        });
    judge(miss(0, 0, SlotSet.of(ONE)), policies);
    judge(miss(0, 0, BOTH), policies);
    judge(miss(0, 0, SlotSet.of(TWO)), policies);
    judge(miss(0, 0, SlotSet.of(9)), policies); // a slot that is gone
    Verdict both = new Verdict(BOTH, SlotSet.of(ONE), SlotSet.NONE);
    assertEquals(
        List.of(new Verdict(SlotSet.of(ONE), SlotSet.of(ONE), SlotSet.NONE), both, both), heard);
  }

  @Test
  void onlyWhoIsAskedAboutDecides() throws Exception {
    Event event = miss(0, 0, SlotSet.of(TWO));
    judge(event, policies(STEADY, STEADY));
    assertEquals(new Verdict(SlotSet.of(TWO), SlotSet.of(TWO), SlotSet.NONE), verdict(event));
  }

  @Test
  void aDecisionOfItsMomentExpiresAndIsMadeAnew() throws Exception {
    PolicySetEvaluator both = policies(STEADY, PERISHABLE);
    Event event = miss(0, 0);
    long before = BootClock.nowNs();
    judge(event, both);
    long after = BootClock.nowNs();
    long keeps = Judge.PERISHABLE.toNanos();
    assertTrue(verdict(event).expiresNs() >= before + keeps, "too short");
    assertTrue(verdict(event).expiresNs() <= after + keeps, "too long");
    assertEquals(BOTH, verdict(event).deny());
    String first = said(event, TWO);
    while (BootClock.nowNs() <= verdict(event).expiresNs()) {
      Thread.sleep(10);
    }
    judge(event, both);
    assertNotEquals(first, said(event, TWO), "the answer of a moment that is over");
    assertTrue(verdict(event).expiresNs() > BootClock.nowNs(), "the old expiry has stayed");
    assertEquals(2, counters.read().get("decided"));
    assertEquals(0, counters.read().get("repeated"));
  }

  private static final Workload.Word NGINX = Workload.Word.of("nginx");
  private static final Workload NGINX_KNOWN =
      Workload.NONE.with(new Workload.Container(NGINX, true, NGINX, NGINX, NGINX, null), true);

  /** A host where every cgroup is of the same container. */
  private static final class OneContainer implements HostNames {
    final List<Long> since = new ArrayList<>();
    Workload now = Workload.NONE.with(Workload.Container.UNKNOWN, false);
    long keepsNs = 100_000_000;

    @Override
    public byte[] cgroupPath(long id) {
      return "/nginx".getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Workload workload(long cgroup) {
      return now;
    }

    @Override
    public long settle(long cgroup, long sinceNs) {
      since.add(sinceNs);
      return now.settled() ? 0 : keepsNs;
    }

    @Override
    public byte[] interfaceName(int index) {
      return null;
    }

    @Override
    public Set<String> fileNames(int number) {
      return Set.of();
    }
  }

  private PolicySetEvaluator ofContainers(HostNames names) throws Exception {
    String reads = "deny contains \"x\" if input.process.container.image == \"nginx\"";
    return PolicySet.builder(1, names)
        .add(ONE, PolicyModule.load(RegoToWasm.compile("one", reads, "{}"), null), Set.of())
        .add(TWO, PolicyModule.load(RegoToWasm.compile("two", STEADY, "{}"), null), Set.of())
        .build()
        .newEvaluator(this::sign);
  }

  /** Else what was decided before its runtime had told of it would hold as long as it lives. */
  @Test
  void aDecisionAboutAContainerThatIsNotKnownYetExpires() throws Exception {
    OneContainer names = new OneContainer();
    PolicySetEvaluator policies = ofContainers(names);
    Event event = miss(0, 0);
    judge(event, policies);
    assertEquals(SlotSet.of(TWO), verdict(event).deny());
    assertTrue(verdict(event).expiresNs() > 0, "it would stand for ever");
    assertEquals(List.of(event.head().timeNs()), names.since);
    assertEquals(1, counters.read().get("unidentified"));
    while (BootClock.nowNs() <= verdict(event).expiresNs()) {
      Thread.sleep(10);
    }
    names.now = NGINX_KNOWN;
    judge(event, policies);
    assertEquals(BOTH, verdict(event).deny());
    assertEquals(0, verdict(event).expiresNs(), "and that is for good");
    names.now = Workload.NONE.with(null, false);
    judge(miss(1, 0, SlotSet.of(TWO)), policies);
    assertEquals(0, verdict(miss(1, 0)).expiresNs(), "who does not ask for it does not mind");
    assertEquals(1, counters.read().get("unidentified"));
  }

  @Test
  void aDecisionAboutAContainerKeepsUntilItIsLookedUpAgain() throws Exception {
    OneContainer names = new OneContainer();
    names.keepsNs = 60_000_000_000L;
    long before = BootClock.nowNs();
    judge(miss(0, 0), ofContainers(names));
    assertTrue(verdict(miss(0, 0)).expiresNs() >= before + names.keepsNs);
    assertEquals(1, counters.read().get("unidentified"));
  }

  private PolicySetEvaluator scoped(HostNames names, Policy.Scope scope) throws Exception {
    return PolicySet.builder(1, names)
        .add(ONE, PolicyModule.load(RegoToWasm.compile("one", STEADY, "{}"), null), Set.of())
        .where(ONE, new PolicySet.Where(EnumSet.allOf(Hook.class), scope, Set.of()))
        .build()
        .newEvaluator(this::sign);
  }

  /** What may be a container that the scope names waits to be found, and is judged anew then. */
  @Test
  void whomAScopeOfContainersDoesNotCoverYetIsCountedAndAskedForAgain() throws Exception {
    OneContainer names = new OneContainer();
    Policy.Scope scope =
        Policy.Scope.of(List.of(), List.of(), List.of(), List.of(Map.of("image", "nginx")));
    PolicySetEvaluator policies = scoped(names, scope);
    Event event = miss(0, 0, SlotSet.of(ONE));
    judge(event, policies);
    assertEquals(SlotSet.of(ONE), verdict(event).decided());
    assertEquals(SlotSet.NONE, verdict(event).deny());
    assertTrue(verdict(event).expiresNs() > 0);
    assertEquals(1, counters.read().get("unplaced"));
    while (BootClock.nowNs() <= verdict(event).expiresNs()) {
      Thread.sleep(10);
    }
    names.now = NGINX_KNOWN;
    judge(event, policies);
    assertEquals(SlotSet.of(ONE), verdict(event).deny());
    assertEquals(0, verdict(event).expiresNs());
    assertEquals(1, counters.read().get("unplaced"));
  }

  @Test
  void whomAScopeMayCoverWhoseCgroupHasNoPathIsAskedForAgain() throws Exception {
    Policy.Scope scope = Policy.Scope.of(List.of(), List.of(), List.of("nginx.service"), List.of());
    Event event = miss(0, 0, SlotSet.of(ONE));
    judge(event, scoped(HostNames.NONE, scope));
    assertEquals(SlotSet.of(ONE), verdict(event).decided());
    assertEquals(SlotSet.NONE, verdict(event).deny());
    long keeps = verdict(event).expiresNs() - BootClock.nowNs();
    assertTrue(keeps > 0 && keeps <= Judge.UNTOLD.toNanos(), () -> keeps + " ns");
    assertEquals(1, counters.read().get("unplaced"));
    assertEquals(0, counters.read().get("failed"), "its fallback has nothing to answer");
  }

  /** The kernel's answer may be from an earlier engine, and whose the cgroup is not known yet. */
  @Test
  void whoeverTellsOfADenialLooksUpTheContainerAsWell() throws Exception {
    OneContainer names = new OneContainer();
    PolicySetEvaluator policies = ofContainers(names);
    Observer observer =
        new Observer(RecordReaderTest.parts(e -> true), outcomes, comparisons, counters);
    Event denied = refused(miss(0, 0), BOTH);
    assertEquals(SlotSet.of(TWO), observer.why(denied, policies).deny());
    assertEquals(List.of(denied.head().timeNs()), names.since);
    names.now = NGINX_KNOWN;
    assertEquals(BOTH, observer.why(denied, policies).deny());
    names.now = Workload.NONE.with(null, false);
    assertEquals(BOTH, observer.why(denied, policies).deny(), "that is remembered");
    Event other = refused(miss(1, 0), SlotSet.of(ONE));
    assertEquals(SlotSet.NONE, observer.why(other, policies).deny());
    assertNull(outcomes.reasons(VerdictKey.of(other.head().key())), "the moment's is not");
  }

  /** As the warning of the check says, in numbers. */
  @Test
  void aboveItsRateTheFallbackAnswersAndItIsCounted() throws Exception {
    assertEquals(Duration.ofMillis(100), Judge.PERISHABLE);
    PolicySetEvaluator both = policies(STEADY, PERISHABLE);
    int events = 0;
    while (counters.read().get("over_rate") == 0 && events < 200_000) {
      judge(miss(events++, 0), both);
    }
    assertEquals(1, counters.read().get("over_rate"), "a thousand a second pass, no more");
    assertTrue(events > 1000, events + " events");
    assertEquals(SlotSet.of(ONE), verdict(miss(events - 1, 0)).decided(), "the others decide on");
    assertEquals(SlotSet.of(TWO), verdict(miss(events - 1, 0)).cannot());
  }

  /** It is asked when the others have been answered, and takes nothing of theirs along. */
  @Test
  void aCandidateMustNotKeepOthersFromTheirAnswer() throws Exception {
    PolicySet.Builder both = set(STEADY, ENDLESS).candidate(TWO, ONE);
    List<Integer> written = new ArrayList<>();
    PolicySet set = both.build();
    comparisons.use(set);
    PolicySetEvaluator policies =
        set.newEvaluator(
            () -> {
              if (Thread.currentThread() == decider) {
                written.add(kernel.size());
              }
            });
    judge(miss(0, 0), policies);
    assertEquals(1, written.getLast(), "the verdict is there when the candidate has failed");
    assertEquals(SlotSet.of(ONE), verdict(miss(0, 0)).decided());
    assertEquals(SlotSet.of(TWO), verdict(miss(0, 0)).cannot());
    assertEquals(0, verdict(miss(0, 0)).expiresNs(), "or everybody waits again");
    assertEquals(1, comparisons.of(TWO).undecided());
    table.forgetFailures(SlotSet.of(TWO));
    assertEquals(SlotSet.of(ONE), verdict(miss(0, 0)).answered(), "asked again, once it counts");
  }

  @Test
  void aVerdictThatTheKernelHasLostIsWrittenAgain() throws Exception {
    PolicySetEvaluator steady = policies(STEADY, STEADY);
    judge(miss(0, 0), steady);
    int written = kernel.writes();
    for (byte[] digest : kernel.keys()) {
      kernel.delete(digest);
    }
    judge(miss(0, 0), steady);
    assertEquals(1, kernel.size(), "or each attempt would be a miss");
    assertEquals(written + 1, kernel.writes());
    assertEquals(1, counters.read().get("decided"), "nobody was asked again");
  }

  @Test
  void theEventSaysWhyAPolicyGaveNoAnswer() throws Exception {
    Event event = miss(0, 0);
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      judge(event, policies(ENDLESS, "warn contains \"seen\" if input.process.uid == 1000"));
      DecisionRecord record = watcher.poll(NOW);
      assertEquals(Outcome.ALLOWED, record.outcome());
      assertEquals(
          "no decision: policy one: took longer than 50 ms",
          record.findings().getFirst().warn().getFirst());
      assertEquals("seen", record.findings().getLast().warn().getFirst());
    }
    assertEquals(SlotSet.of(TWO), verdict(event).decided());
    assertEquals(1, counters.read().get("failed"));
    assertEquals(4, signs, "made, failed; made, answered: each is a sign of life");
  }

  /** It says that it wants to be recorded. */
  @Test
  void aWarningIsToldThoughNobodyWatches() throws Exception {
    String seen = "warn contains \"seen\" if input.process.uid == 1000";
    judge(miss(0, 0), policies(seen, STEADY.replace("1000", "7")));
    judge(miss(0, 0), policies(seen.replace("1000", "7"), STEADY.replace("1000", "7")));
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 10)) {
      assertEquals(1, watcher.past().size());
      DecisionRecord record = watcher.past().getFirst();
      assertEquals(Outcome.ALLOWED, record.outcome());
      assertEquals("seen", record.findings().getFirst().warn().getFirst());
    }
  }

  /** Nobody waits out a deadline for what will not come. */
  @Test
  void theKernelIsToldOfAPolicyWithoutAnswerForAMoment() throws Exception {
    PolicySetEvaluator policies = policies(ENDLESS, STEADY);
    Event event = miss(0, RecordFlag.HELD.bit());
    judge(event, policies);
    Verdict told = verdict(event);
    assertEquals(SlotSet.of(ONE), told.cannot());
    assertEquals(SlotSet.of(TWO), told.decided());
    assertTrue(told.expiresNs() > BootClock.nowNs(), "it never ends");
    judge(event, policies);
    assertEquals(1, counters.read().get("failed"), "asked again about the same at once");
    assertEquals(1, counters.read().get("repeated"));
    while (BootClock.nowNs() <= told.expiresNs()) {
      Thread.sleep(10);
    }
    judge(event, policies);
    assertEquals(2, counters.read().get("failed"), "not asked again when the moment was over");
  }

  /**
   * The kernel refuses when the wait is over, and reports that itself; then the reason is known.
   */
  @Test
  void aFallbackThatRefusesIsToldOnceWithItsReason() throws Exception {
    PolicySet set = set(ENDLESS, STEADY.replace("1000", "7")).refusing(ONE).build();
    Event event = held(0, SlotSet.of(ONE));
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      judge(held(1, SlotSet.of(TWO)), set.newEvaluator());
      assertEquals(Outcome.ALLOWED, watcher.poll(NOW).outcome(), "it was held for another's sake");
      judge(event, set.newEvaluator());
      assertNull(watcher.poll(NOW), "the kernel tells");
      FileEvent told = miss(0, RecordFlag.HELD.bit() | RecordFlag.FALLBACK.bit());
      SlotSet one = SlotSet.of(ONE);
      outcomes.answered(
          refused(told, one, one), set, outcomes.reasons(VerdictKey.of(told.head().key())));
      DecisionRecord record = watcher.poll(NOW);
      assertEquals(Outcome.DENIED, record.outcome());
      assertEquals(
          "policy one: took longer than 50 ms: its fallback refused",
          record.findings().getFirst().deny().getFirst());
    }
  }

  /** Twice: who asks while the first is being decided has tried, too. */
  @Test
  void aWouldBeDenialThatPassedUndecidedIsToldAndCountedEachTime() throws Exception {
    PolicySetEvaluator policies = policies(STEADY, STEADY.replace("1000", "7"));
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      for (int times = 1; times <= 2; times++) {
        judge(miss(0, 0), policies);
        assertEquals(Outcome.WOULD_DENY, watcher.poll(NOW).outcome());
        assertEquals(times, counted.slot(ONE).get("would_deny"));
        assertEquals(times, counted.hook(Hook.FILE_OPEN).get("would_deny"));
      }
      judge(refused(miss(0, TOLD_REFUSED), SlotSet.of(ONE), BOTH), policies);
      judge(miss(0, RecordFlag.HELD.bit()), policies);
      assertNull(watcher.poll(NOW), "the kernel tells, and counts");
    }
    assertEquals(2, counted.slot(ONE).get("would_deny"));
    assertEquals(0, counted.slot(TWO).get("would_deny"));
    assertEquals(0, counted.slot(ONE).get("denied"));
  }

  /** Its record is of who refused; what the undecided would have denied is counted all the same. */
  @Test
  void whatACandidateWouldDenyIsCountedWhereAnotherHasRefused() throws Exception {
    PolicySet set = set(STEADY, STEADY).candidate(TWO, ONE).build();
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      Event event = refused(miss(0, TOLD_REFUSED), SlotSet.NONE, SlotSet.of(TWO));
      judge(event, set.newEvaluator());
      assertNull(watcher.poll(NOW), "the kernel has told");
      assertEquals(1, counted.slot(TWO).get("would_deny"));
      judge(event, set.newEvaluator());
      assertEquals(2, counted.slot(TWO).get("would_deny"), "each time");
      judge(refused(miss(1, TOLD_REFUSED), SlotSet.of(ONE), BOTH), set.newEvaluator());
      assertEquals(3, counted.slot(TWO).get("would_deny"));
      judge(refused(miss(0, RecordFlag.HELD.bit()), SlotSet.of(ONE), BOTH), set.newEvaluator());
      assertNull(watcher.poll(NOW));
    }
    assertEquals(3, counted.slot(TWO).get("would_deny"), "who has waited asks, or is told");
    assertEquals(0, counted.slot(ONE).get("would_deny"));
  }

  @Test
  void anAttemptThatIsAskedAboutOnceMoreIsRecordedAndComparedOnce() throws Exception {
    List<Event> heard = new ArrayList<>();
    judge.tap((event, set, verdict) -> heard.add(event));
    PolicySet set = set(STEADY.replace("1000", "7"), STEADY).candidate(TWO, ONE).build();
    comparisons.use(set);
    PolicySetEvaluator policies = set.newEvaluator();
    Event first = miss(0, RecordFlag.HELD.bit());
    judge(first, policies);
    long compared = comparisons.of(TWO).newlyDenied();
    judge(miss(0, RecordFlag.TOLD.bit() | RecordFlag.AGAIN.bit(), SlotSet.of(TWO)), policies);
    assertEquals(List.of(first), heard);
    assertEquals(1, compared);
    assertEquals(compared, comparisons.of(TWO).newlyDenied());
    assertEquals(1, counted.slot(TWO).get("would_deny"), "it counts all the same");
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      judge(miss(0, RecordFlag.AGAIN.bit(), SlotSet.of(ONE)), policies);
      assertNull(watcher.poll(NOW), "that it was allowed its first question has told");
    }
  }

  /** Who fell back and passed has been told; what a policy in force would have denied has not. */
  @Test
  void whatIsDecidedLaterIsCountedWhereTheKernelHasToldAndRefusedNothing() throws Exception {
    PolicySet set = set(STEADY, STEADY).build();
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      judge(miss(0, RecordFlag.TOLD.bit(), SlotSet.of(TWO)), set.newEvaluator());
      assertEquals(1, counted.slot(TWO).get("would_deny"));
      assertEquals(1, counted.hook(Hook.FILE_OPEN).get("would_deny"), "nobody has counted it");
      FileEvent counted = miss(1, RecordFlag.TOLD.bit());
      judge(refused(counted, SlotSet.NONE, SlotSet.of(TWO), SlotSet.of(ONE)), set.newEvaluator());
      assertNull(watcher.poll(NOW), "the kernel tells");
    }
    assertEquals(2, counted.slot(TWO).get("would_deny"));
    assertEquals(0, counted.slot(ONE).get("would_deny"), "by the kernel");
    assertEquals(1, counted.hook(Hook.FILE_OPEN).get("would_deny"), "the attempt, by the kernel");
    judge(
        refused(miss(2, RecordFlag.TOLD.bit()), SlotSet.NONE, BOTH, SlotSet.of(ONE)),
        set.newEvaluator());
    assertEquals(0, counted.slot(ONE).get("would_deny"), "its budget was used up by this very one");
  }

  /** Of two who are asked one had been decided while the question was on its way. */
  @Test
  void whatWasKnownOfAnAttemptThatPassedIsToldWithTheRest() throws Exception {
    PolicySetEvaluator policies = policies(STEADY, STEADY);
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      judge(miss(0, RecordFlag.HELD.bit(), SlotSet.of(ONE)), policies);
      judge(miss(0, 0), policies);
      List<DecisionRecord.Finding> both = watcher.poll(NOW).findings();
      assertEquals(2, both.size());
      assertEquals(both.getLast().deny(), both.getFirst().deny(), "with its reason");
      outcomes.forgetAll();
      judge(miss(0, 0), policies);
      assertEquals(
          "denied by a verdict whose reasons are not kept any more",
          watcher.poll(NOW).findings().getFirst().deny().getFirst());
    }
    assertEquals(2, counted.slot(ONE).get("would_deny"));
    assertEquals(2, counted.slot(TWO).get("would_deny"));
  }

  @Test
  void aPacketThatWasDroppedToWaitIsToldByItsDecision() throws Exception {
    String nobody = "deny contains \"nobody\" if not input.process.uid";
    PolicySet set = set(nobody, nobody).build();
    try (var watcher = log.subscribe(DecisionFilter.ALL, 10, 0)) {
      judge(dropped(SlotSet.of(ONE)), set.newEvaluator());
      DecisionRecord record = watcher.poll(NOW);
      assertEquals(Outcome.DENIED, record.outcome());
      assertTrue(record.findings().getFirst().enforced());
      assertFalse(record.findings().getLast().enforced(), "in audit");
      judge(dropped(SlotSet.NONE), set.newEvaluator());
      assertEquals(Outcome.WOULD_DENY, watcher.poll(NOW).outcome(), "another policy made it wait");
    }
    assertEquals(1, counted.slot(ONE).get("denied"));
    assertEquals(1, counted.slot(ONE).get("would_deny"));
    assertEquals(2, counted.slot(TWO).get("would_deny"));
    assertEquals(1, counted.hook(Hook.XDP_INGRESS).get("denied"));
  }

  /** The first packet of a flow; {@code refusing} would drop it. */
  private static PacketEvent dropped(SlotSet refusing) {
    byte[] key = new byte[VerdictKey.BYTES];
    key[EventLayouts.VERDICT_KEY.offset("hook")] = (byte) Hook.XDP_INGRESS.code();
    return new PacketEvent(
        new Event.Head(
            RecordKind.DECIDE,
            RecordFlag.HELD.bit(),
            BootClock.nowNs(),
            Hook.XDP_INGRESS,
            Access.RECEIVE.bit(),
            0,
            key,
            BOTH,
            refusing,
            SlotSet.NONE),
        4,
        17,
        new byte[16],
        new byte[16],
        1234,
        53,
        1,
        60);
  }

  @Test
  void aVerdictHasTheLabelsThatItsSlotsSet() throws Exception {
    String labels = "label contains \"agent\" if input.process.uid == 1000";
    PolicySetEvaluator policies =
        set(labels, STEADY)
            .labels(ONE, name -> name.equals("agent") ? 4 : 0)
            .build()
            .newEvaluator();
    judge(miss(0, RecordFlag.HELD.bit()), policies);
    Verdict made = verdict(miss(0, 0));
    assertEquals(Map.of(ONE, 4L), made.labels());
    assertEquals(BOTH, made.decided());
    assertEquals(0, counters.read().get("unlabelled"), "it waits, and looks");
    judge(miss(1, 0), policies);
    assertEquals(1, counters.read().get("unlabelled"), "it is gone");
  }
}
