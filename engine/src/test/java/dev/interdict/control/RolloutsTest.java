package dev.interdict.control;

import static dev.interdict.testkit.TinyBuilder.folder;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.Candidates.Seen;
import dev.interdict.control.Change.Kind;
import dev.interdict.control.Gate.Outcome;
import dev.interdict.control.Rollout.Plan;
import dev.interdict.control.Rollout.Step;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.testkit.TinyBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** The kernel of these tests has a clock of its own, and what is measured is what they say. */
@Timeout(60)
class RolloutsTest {
  private static final Duration STEP = Duration.ofMinutes(10);
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Figures ENOUGH = new Figures(100, 0, 0, 0, 0, 0, 0, 0, 0);

  @TempDir Path directory;
  private final FullDisk disk = new FullDisk();
  private FakeEnforcement kernel = new FakeEnforcement();
  private PolicyControl control;
  private int active;
  private int candidate;

  @BeforeEach
  void start() {
    control = started(kernel);
    active = apply("name=a\nmode=enforce\ncode=1").policy().slot();
    candidate = candidate("name=a\nmode=enforce\ncode=2");
  }

  private PolicyControl started(FakeEnforcement enforcement) {
    StateStore store = new StateStore(directory, History.Memory.NONE, disk);
    PolicyControl started =
        new PolicyControl(new TinyBuilder(), enforcement, store, Clock.systemUTC());
    started.restore();
    return started;
  }

  private PolicyControl.Applied apply(String yaml) {
    return control.apply(folder(yaml), null, false, null);
  }

  private int candidate(String yaml) {
    return control.candidates().apply(folder(yaml), null, false).policy().slot();
  }

  private static Plan plan(long confirmSeconds, Map<String, Long> limits) {
    return plan(confirmSeconds, limits, 1);
  }

  private static Plan plan(long confirmSeconds, Map<String, Long> limits, long minUnits) {
    List<Step> steps =
        List.of(new Step(10, STEP.toSeconds()), new Step(50, STEP.toSeconds()), new Step(100, 0));
    return new Plan(steps, 100, minUnits, limits, PATIENCE.toSeconds(), confirmSeconds);
  }

  private Rollouts.Status begin() {
    return begin(0, Map.of());
  }

  private Rollouts.Status begin(long confirmSeconds, Map<String, Long> limits) {
    return control.rollouts().start("a", plan(confirmSeconds, limits), false);
  }

  private void pass(Duration time) {
    kernel.bootTimeNs += time.toNanos();
    control.rollouts().look();
  }

  private Rollout now() {
    Rollouts.Status status = control.rollouts().status();
    return status == null ? null : status.rollout();
  }

  private Outcome worst() {
    return Gates.worst(control.rollouts().status().gates());
  }

  private List<History.Entry> lines() {
    return control.history().entries(null, 100).stream()
        .filter(e -> e.changes().stream().anyMatch(c -> c.kind() == Kind.ROLLOUT))
        .toList();
  }

  private List<History.Entry> steps() {
    return lines().stream().filter(e -> Character.isDigit(e.origin().why().charAt(0))).toList();
  }

  private String outcome() {
    return steps().getLast().outcome();
  }

  /** Nobody is on the candidate's side, and it goes on being asked. */
  private void assertEnded(String why) {
    assertNull(now());
    assertNull(kernel.set.canary());
    assertEquals(Set.of(active), kernel.refusing());
    assertEquals(Set.of(active), kernel.refusingInCanary());
    assertEquals(1, control.candidates().list().size());
    assertTrue(outcome().contains(why), this::outcome);
  }

  private static void assertRefused(String why, Executable call) {
    String message = assertThrows(RefusedException.class, call).getMessage();
    assertTrue(message.contains(why), message);
  }

  @Test
  void inTheUnitsOfAStepTheCandidateMustRefuseInPlaceOfThePolicy() {
    Rollouts.Status status = begin();
    assertEquals(10, status.rollout().percent());
    assertEquals(10, kernel.set.canary().percent());
    assertEquals(Set.of(active), kernel.refusing());
    assertEquals(Set.of(candidate), kernel.refusingInCanary());
    assertEquals("10 %, step 1 of 3", steps().getLast().origin().why());
    assertEquals("", outcome());
  }

  @Test
  void passedGatesMustLeadItStepByStepIntoForce() {
    begin();
    long key = now().first();
    kernel.figures = ENOUGH;
    pass(STEP.minusNanos(1));
    assertEquals(0, now().step());
    assertEquals(Outcome.INCONCLUSIVE, worst());
    pass(Duration.ofSeconds(2));
    assertEquals(1, now().step());
    assertEquals(50, kernel.set.canary().percent());
    assertEquals(key, kernel.set.canary().first(), "the same units, and more");
    assertEquals("gates passed", steps().getFirst().outcome());
    pass(STEP);
    assertNull(now());
    assertEquals(2, control.list().getFirst().revision());
    assertEquals(Set.of(candidate), kernel.refusing());
    assertEquals(List.of(), control.candidates().list());
    assertEquals(List.of("gates passed", "gates passed"), outcomes());
    control = started(new FakeEnforcement());
    assertEquals(2, control.list().getFirst().revision());
    assertNull(now());
  }

  private List<String> outcomes() {
    return steps().stream().map(History.Entry::outcome).toList();
  }

  /** Little judged is not much allowed. */
  @Test
  void tooFewKeysMustBeInconclusiveAndEndItAfterItsPatience() {
    begin();
    kernel.figures = new Figures(99, 0, 0, 0, 0, 0, 0, 0, 0);
    pass(STEP.plusSeconds(1));
    assertEquals(Outcome.INCONCLUSIVE, worst());
    String why = control.rollouts().status().gates().getFirst().detail();
    assertTrue(why.contains("99 of 100 keys were judged"), why);
    pass(PATIENCE.minusSeconds(2));
    assertEquals(0, now().step());
    pass(Duration.ofSeconds(1));
    assertEnded("inconclusive");
  }

  @Test
  void eachGateMustEndItAtOnce() {
    Map<Gate, Figures> bad =
        Map.of(
            Gate.NEWLY_DENIED_KEYS, new Figures(1, 1, 0, 0, 0, 0, 0, 0, 0),
            Gate.NEWLY_DENIED_UNITS, new Figures(1, 0, 1, 0, 0, 0, 0, 0, 0),
            Gate.PROTECTED_DENIALS, new Figures(1, 0, 0, 0, 1, 0, 0, 0, 0),
            Gate.EVALUATION_FAILURES, new Figures(1, 0, 0, 0, 0, 1, 0, 0, 0),
            Gate.FALLBACKS, new Figures(1, 0, 0, 0, 0, 0, 1, 0, 0),
            Gate.OVER_RATE, new Figures(1, 0, 0, 0, 0, 0, 0, 1, 0));
    bad.forEach(
        (gate, figures) -> {
          kernel.figures = Figures.NONE;
          begin();
          kernel.figures = figures;
          pass(Duration.ofSeconds(2));
          assertEnded(gate.id() + ": 1, more than 0");
          String kind = gate == Gate.EVALUATION_FAILURES ? "error in gates" : "gates failed";
          assertTrue(outcome().contains(kind), this::outcome);
        });
  }

  @Test
  void aLimitThatWasSetMustCountInPlaceOfItsOwn() {
    begin(0, Map.of("newly-denied-keys", 5L, "newly-denied-units", 1L));
    kernel.figures = new Figures(100, 5, 1, 0, 0, 0, 0, 0, 0);
    pass(STEP);
    assertEquals(1, now().step());
    kernel.figures = new Figures(100, 6, 1, 0, 0, 0, 0, 0, 0);
    pass(Duration.ofSeconds(2));
    assertEnded("newly-denied-keys: 6, more than 5");
  }

  /** Of those beyond nobody can say whether they were there at the start. */
  @Test
  void moreUnitsThanAreToldApartMustEndItWhateverTheLimit() {
    kernel.figures = new Figures(100, 0, 4096, 3, 0, 0, 0, 0, 0);
    begin(0, Map.of("newly-denied-units", 5000L));
    pass(Duration.ofSeconds(2));
    assertEquals(0, now().step(), "they were there at the start");
    kernel.figures = new Figures(100, 0, 4096, 5, 0, 0, 0, 0, 0);
    pass(Duration.ofSeconds(2));
    assertEnded(
        "newly-denied-units: at least 0; attempts in others than the 4096 cgroups that are told"
            + " apart: 2");
  }

  /** Whoever began it could see it. */
  @Test
  void whatWasThereAtTheStartIsAccepted() {
    kernel.figures = new Figures(100, 7, 2, 0, 0, 3, 4, 5, 0);
    begin();
    pass(STEP);
    assertEquals(1, now().step());
    kernel.figures = new Figures(100, 8, 2, 0, 0, 3, 4, 5, 0);
    pass(Duration.ofSeconds(2));
    assertEnded("newly-denied-keys: 1, more than 0");
  }

  private static Figures unseen(long attempts) {
    return new Figures(100, 0, 0, 0, 0, 0, 0, 0, attempts);
  }

  private Map<Gate, Outcome> gates() {
    Map<Gate, Outcome> gates = new EnumMap<>(Gate.class);
    control.rollouts().status().gates().forEach(one -> gates.put(one.gate(), one.outcome()));
    return gates;
  }

  /** What was folded or lost may be what a gate is about. */
  @Test
  void aStepOfWhichNotAllWasSeenMustLastLonger() {
    kernel.figures = unseen(4);
    begin();
    kernel.figures = unseen(7);
    pass(PATIENCE.dividedBy(2));
    pass(STEP.minus(PATIENCE.dividedBy(2)));
    assertEquals(0, now().step(), "the time is over");
    Map<Gate, Outcome> gates = gates();
    assertEquals(Outcome.PASSED, gates.remove(Gate.FALLBACKS), "the kernel's own figure");
    assertEquals(Outcome.PASSED, gates.remove(Gate.BUDGET_TRIPS));
    assertEquals(Set.of(Outcome.INCONCLUSIVE), Set.copyOf(gates.values()));
    assertEquals(5, gates.size());
    String why = "0, but unseen attempts: 3, the last one 7m30s ago; it takes 10m without one";
    assertEquals(why, control.rollouts().status().gates().getFirst().detail());
    assertRefused(why, () -> control.rollouts().advance("a", false));
    pass(PATIENCE.dividedBy(2).minusSeconds(1));
    assertEquals(0, now().step());
    pass(Duration.ofSeconds(2));
    assertEquals(1, now().step(), "a whole one was seen");
    pass(STEP);
    assertEquals(2, control.list().getFirst().revision(), "the next one lacks nothing");
  }

  @Test
  void whoWillNotWaitForWhatWasNotSeenMustSaySo() {
    begin();
    kernel.figures = unseen(1);
    assertRefused("unseen attempts: 1", () -> control.rollouts().advance("a", false));
    assertEquals(1, control.rollouts().advance("a", true).rollout().step());
    assertTrue(steps().getFirst().outcome().startsWith("gates skipped by "));
  }

  @Test
  void aFloodThatDoesNotEndMustEndIt() {
    begin();
    for (int i = 1; i < 15; i++) {
      kernel.figures = unseen(i);
      pass(Duration.ofMinutes(1));
    }
    assertEquals(0, now().step());
    kernel.figures = unseen(15);
    pass(Duration.ofMinutes(1));
    assertEnded("inconclusive: newly-denied-keys: 0, but unseen attempts: 15, the last one 0s ago");
  }

  /** Neither what was lost before a rollout, nor before an engine. */
  @Test
  void whatWasNotSeenBeforeIsNobodys() {
    begin();
    control.rollouts().abort("a");
    kernel.bootTimeNs++;
    kernel.figures = unseen(9);
    begin();
    pass(STEP);
    assertEquals(1, now().step());
    FakeEnforcement next = new FakeEnforcement();
    next.bootTimeNs = kernel.bootTimeNs;
    next.figures = unseen(20);
    kernel = next;
    control = started(next);
    pass(Duration.ofSeconds(1));
    pass(STEP);
    assertNull(now());
    assertEquals(2, control.list().getFirst().revision());
  }

  @Test
  void whatCannotBeMeasuredMustEndIt() {
    begin();
    kernel.unmeasured = "the map is gone";
    pass(Duration.ofSeconds(2));
    assertEnded("cannot be measured: the map is gone");
    kernel.unmeasured = null;
    begin();
    kernel.unread = "nor is this one there";
    pass(Duration.ofSeconds(2));
    kernel.unread = null;
    assertEnded("budget-trips: cannot be measured: nor is this one there");
    begin();
    kernel.untold = "nobody knows";
    pass(Duration.ofSeconds(2));
    kernel.untold = null;
    assertEnded("cannot be measured: nobody knows");
  }

  /** In the kernel before the engine looks, and then here. */
  @Test
  void aBudgetThatIsUsedUpMustEndIt() {
    begin();
    kernel.tripped = SlotSet.of(candidate);
    assertEquals(Set.of(active), kernel.refusingInCanary());
    pass(Duration.ofSeconds(2));
    assertEnded("budget-trips: 1, more than 0");
    begin();
    assertEquals(SlotSet.NONE, kernel.tripped, "the next one begins with a new budget");
    kernel.tripped = SlotSet.of(active);
    pass(Duration.ofSeconds(2));
    assertEnded("budget-trips: 1, more than 0");
  }

  /** No call of the engine is in between. */
  @Test
  void theKernelMustEndAStepThatIsNotFollowedByAnother() {
    begin();
    kernel.bootTimeNs += STEP.plus(PATIENCE).toNanos() - 1;
    assertEquals(Set.of(candidate), kernel.refusingInCanary());
    kernel.bootTimeNs++;
    assertEquals(Set.of(active), kernel.refusingInCanary());
    control.rollouts().look();
    assertEnded("inconclusive");
  }

  @Test
  void aPauseMustStopItsStepsAndNoGate() {
    begin();
    kernel.figures = ENOUGH;
    control.rollouts().pause("a");
    assertRefused("pauses already", () -> control.rollouts().pause("a"));
    pass(STEP.multipliedBy(3));
    assertEquals(0, now().step());
    assertEquals(Set.of(candidate), kernel.refusingInCanary());
    control.rollouts().resume("a");
    assertRefused("does not pause", () -> control.rollouts().resume("a"));
    assertEquals(
        List.of(
            "10 %, step 1 of 3: ",
            "paused at 10 %, step 1 of 3: done", "resumed at 10 %, step 1 of 3: done"),
        lines().stream().map(e -> e.origin().why() + ": " + e.outcome()).toList());
    pass(STEP.minusSeconds(1));
    assertEquals(0, now().step(), "the step begins anew");
    control.rollouts().pause("a");
    kernel.figures = new Figures(100, 1, 0, 0, 0, 0, 0, 0, 0);
    pass(Duration.ofSeconds(2));
    assertEnded("newly-denied-keys");
  }

  @Test
  void aPauseMustNotLastForEver() {
    begin();
    kernel.figures = ENOUGH;
    control.rollouts().pause("a");
    kernel.bootTimeNs += Rollout.LONGEST.toNanos();
    assertEquals(Set.of(active), kernel.refusingInCanary(), "for the kernel neither");
    control.rollouts().look();
    assertEnded("paused for too long");
  }

  @Test
  void anOperatorMayGoOnWhereGatesPass() {
    begin();
    assertRefused("0 of 100 keys were judged", () -> control.rollouts().advance("a", false));
    kernel.figures = ENOUGH;
    assertEquals(50, control.rollouts().advance("a", false).rollout().percent());
    assertTrue(steps().getFirst().outcome().startsWith("gates passed, advanced by"));
    kernel.figures = new Figures(100, 1, 0, 0, 0, 0, 0, 0, 0);
    assertRefused("newly-denied-keys", () -> control.rollouts().advance("a", false));
    assertNull(control.rollouts().advance("a", true), "in an emergency");
    assertTrue(outcome().startsWith("gates skipped by "), this::outcome);
    assertEquals(2, control.list().getFirst().revision());
    assertRefused("no rollout is under way", () -> control.rollouts().advance("a", true));
  }

  @Test
  void anAbortMustPutBackWhatWasBefore() {
    begin();
    assertRefused("is of a", () -> control.rollouts().abort("b"));
    control.rollouts().abort("a");
    assertEnded("aborted by engine");
    assertRefused("no rollout is under way", () -> control.rollouts().abort("a"));
    FakeEnforcement next = new FakeEnforcement();
    control = started(next);
    assertNull(next.set.canary());
    assertNull(now());
  }

  @Test
  void theLastStepMayWaitForItsConfirmation() {
    begin(60, Map.of());
    control.rollouts().advance("a", true);
    assertNull(control.rollouts().advance("a", true));
    assertNotNull(control.leases().pending());
    assertEquals(Set.of(candidate), kernel.refusing());
    kernel.bootTimeNs += Duration.ofMinutes(1).toNanos();
    assertEquals(Set.of(active), kernel.refusing());
    control.leases().look();
    assertEquals(1, control.list().getFirst().revision());
  }

  /** Two operators at once: the second hears of the first. */
  @Test
  void nothingElseMayWaitOrChangeThePairMeanwhile() {
    begin();
    apply("name=b\nmode=enforce\ncode=1");
    candidate("name=b\nmode=enforce\ncode=2");
    String first = "a rollout of a by engine is under way: change " + now().change();
    for (Executable call :
        List.<Executable>of(
            () -> control.rollouts().start("a", plan(0, Map.of()), false),
            () -> control.rollouts().start("b", plan(0, Map.of()), false),
            () -> control.setHostMode(Mode.AUDIT, Duration.ofMinutes(1)),
            () -> control.candidates().promote("b", Seen.ANY, Duration.ofMinutes(1)),
            () -> control.candidates().promote("a", Seen.ANY, null),
            () -> control.candidates().drop("a", 0),
            () -> candidate("name=a\nmode=enforce\ncode=3"),
            () -> apply("name=a\nmode=enforce\ncode=3"),
            () -> control.rollback("a", 1, null),
            () -> control.delete("a"))) {
      assertRefused(first, call);
    }
    assertEquals(2, control.candidates().promote("b", Seen.ANY, null).policy().revision());
    assertEquals(10, kernel.set.canary().percent(), "others change beside it");
    control.setPolicyMode("a", Mode.AUDIT, null);
    assertFalse(kernel.refusingInCanary().contains(candidate), "audit is never refused");
    assertFalse(kernel.refusing().contains(active));
    kernel.figures = ENOUGH;
    pass(STEP);
    assertEquals(0, now().step(), "nothing can be told of it");
    assertEquals(Outcome.INCONCLUSIVE, worst());
    control.setPolicyMode("a", null, null);
    assertTrue(kernel.refusingInCanary().contains(candidate));
    control.setHostMode(Mode.AUDIT, null);
    assertEquals(Set.of(), kernel.refusingInCanary());
  }

  @Test
  void beforeAChangeThatWaitsThereIsNone() {
    control.setHostMode(Mode.ENFORCE, Duration.ofMinutes(1));
    assertRefused("waits for its confirmation", this::begin);
  }

  @Test
  void whatCouldRefuseNothingMustNotBegin() {
    control.setHostMode(Mode.AUDIT, null);
    assertRefused("the host is in audit", this::begin);
    control.setHostMode(Mode.ENFORCE, null);
    control.setPolicyMode("a", Mode.AUDIT, null);
    assertRefused("the policy is in audit", this::begin);
    control.setPolicyMode("a", null, null);
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    assertRefused("PID 1 starts sshd", this::begin);
    assertRefused("--accept-lockout a", this::begin);
    candidate("name=p\nmode=enforce\nhooks=xdp_ingress");
    assertRefused(
        "belong to no unit", () -> control.rollouts().start("p", plan(0, Map.of()), false));
    assertThrows(
        NoSuchPolicyException.class, () -> control.rollouts().start("q", plan(0, Map.of()), false));
    assertEquals(List.of(), steps());
    assertEquals(10, control.rollouts().start("a", plan(0, Map.of()), true).rollout().percent());
  }

  /** What it newly denies when it begins is accepted, so whoever begins must have seen it. */
  @Test
  void whatNobodyHasLookedAtMustNotBegin() {
    long revision = control.candidates().get("a").policy().revision();
    candidate = candidate("name=a\nmode=enforce\ncode=3");
    Plan plan = plan(0, Map.of());
    assertRefused(
        "revision 3 is there, not 2",
        () -> control.rollouts().start("a", new Seen(revision, 1), plan, false));
    assertRefused(
        "revision 1 is there, not 0",
        () -> control.rollouts().start("a", new Seen(3, 0), plan, false));
    kernel.judging = () -> candidate = candidate("name=a\nmode=enforce\ncode=4");
    assertRefused("revision 4 is there, not 3", this::begin);
    assertNull(now());
    kernel.judging = () -> {};
    assertEquals(
        4, control.rollouts().start("a", new Seen(4, 1), plan, false).rollout().revision());
  }

  @Test
  void aPolicyThatIsNewHasNothingInItsPlace() {
    int slot = candidate("name=n\nmode=enforce\ncode=1");
    control.rollouts().start("n", plan(0, Map.of()), false);
    assertEquals(Set.of(active), kernel.refusing());
    assertEquals(Set.of(active, slot), kernel.refusingInCanary());
  }

  /** At each step: an engine that ends there, killed or not, has left it on the disk. */
  @Test
  void theNextEngineMustGoOnAtTheSameStepWithTheSameUnits() {
    kernel.figures = new Figures(100, 3, 1, 0, 0, 0, 0, 0, 0);
    begin();
    for (int step = 0; step < 2; step++) {
      Rollout before = now();
      FakeEnforcement next = new FakeEnforcement();
      next.bootTimeNs = kernel.bootTimeNs + PATIENCE.dividedBy(2).toNanos();
      next.figures = new Figures(0, 0, 0, 0, 0, 0, 0, 0, 0);
      kernel = next;
      control = started(next);
      assertEquals(step, now().step());
      assertEquals(before.first(), next.set.canary().first());
      assertEquals(before.second(), next.set.canary().second());
      assertEquals(before.change(), now().change());
      assertEquals("", outcome(), "it goes on");
      int asked = control.candidates().get("a").policy().slot();
      assertEquals(Set.of(asked), next.refusingInCanary());
      assertEquals(Set.of(active), next.refusing());
      next.figures = new Figures(100, 0, 0, 0, 0, 0, 0, 0, 0);
      pass(STEP.minusSeconds(2));
      assertEquals(step, now().step(), "what it measures is of a whole step");
      pass(Duration.ofSeconds(2));
    }
    assertNull(now());
    assertEquals(2, control.list().getFirst().revision());
  }

  /** What was accepted at the start is not what this engine measures. */
  @Test
  void whatIsNewlyDeniedAfterAStartMustBeLookedAt() {
    kernel.figures = new Figures(100, 3, 1, 0, 0, 0, 0, 0, 0);
    begin();
    FakeEnforcement next = new FakeEnforcement();
    next.bootTimeNs = kernel.bootTimeNs;
    kernel = next;
    control = started(next);
    pass(Duration.ofSeconds(2));
    next.figures = new Figures(100, 3, 1, 0, 0, 0, 0, 0, 0);
    pass(Duration.ofSeconds(2));
    assertEnded("newly-denied-keys: 3, more than 0");
  }

  /** Engines that crash again and again must not keep it up. */
  @Test
  void theEndMustStayWhereItIsWhoeverComes() {
    begin();
    long end = now().endNs();
    for (int engines = 0; engines < 3; engines++) {
      FakeEnforcement next = new FakeEnforcement();
      next.bootTimeNs = kernel.bootTimeNs + STEP.dividedBy(4).toNanos();
      kernel = next;
      control = started(next);
      assertEquals(end, now().endNs());
    }
  }

  @Test
  void aCandidateThatTheKernelHasDisarmedMustStaySo() {
    begin();
    FakeEnforcement next = new FakeEnforcement();
    next.bootTimeNs = kernel.bootTimeNs;
    next.tripped = SlotSet.of(candidate);
    kernel = next;
    control = started(next);
    assertEnded("its budget was used up");
  }

  @Test
  void whoseBudgetWasUsedUpMustEnforceWhenItIsPromoted() {
    begin();
    kernel.tripped = SlotSet.of(candidate);
    control.rollouts().look();
    assertNull(now());
    kernel.tripped = SlotSet.of(candidate);
    control.candidates().promote("a", Seen.ANY, null);
    assertEquals(SlotSet.NONE, kernel.tripped);
  }

  /** Where nothing is refused nothing can fail. */
  @Test
  void timeInWhichNothingIsRefusedMustNotCount() {
    begin();
    kernel.figures = new Figures(100, 0, 0, 0, 0, 0, 0, 0, 0);
    kernel.glass = Duration.ofMinutes(30);
    pass(PATIENCE.dividedBy(2));
    assertEquals(0, now().step());
    kernel.glass = Duration.ZERO;
    pass(STEP.minusSeconds(2));
    assertEquals(0, now().step());
    pass(Duration.ofSeconds(2));
    assertEquals(1, now().step());
    control.rollouts().abort("a");
    kernel.glass = Duration.ofMinutes(30);
    assertRefused("break-glass", this::begin);
  }

  @Test
  void whatIsKnownToFailMustNotBegin() {
    kernel.figures = new Figures(100, 0, 0, 0, 1, 0, 0, 0, 0);
    assertRefused("protected-denials", this::begin);
    assertNull(now());
    assertEquals(Set.of(active), kernel.refusingInCanary());
  }

  @Test
  void whatTheKernelHasEndedMustNotBeRevived() {
    begin();
    kernel.bootTimeNs = now().endNs();
    assertRefused("it has ended", () -> control.rollouts().pause("a"));
    assertEnded("ended by the kernel");
  }

  @Test
  void aBootMustComeUpWithTheRevisionBefore() {
    begin();
    FakeEnforcement next = new FakeEnforcement();
    next.bootId = "the next boot";
    kernel = next;
    control = started(next);
    assertEnded("ended: the host was booted at 10 %, step 1 of 3");
    control = started(next);
    assertNull(now());
  }

  @Test
  void whatTheKernelHasEndedMustStayEnded() {
    begin();
    FakeEnforcement next = new FakeEnforcement();
    next.bootTimeNs = kernel.bootTimeNs + STEP.plus(PATIENCE).toNanos();
    kernel = next;
    control = started(next);
    assertEnded("ended by the kernel, without an engine");
  }

  @Test
  void aCandidateThatIsGoneAtAStartMustEndIt() {
    candidate("name=n\nmode=enforce\nhooks=exec");
    control.rollouts().start("n", plan(0, Map.of()), false);
    FakeEnforcement next = new FakeEnforcement();
    next.missing.add(Hook.EXEC);
    kernel = next;
    control = started(next);
    assertNull(now());
    assertNull(next.set.canary());
    assertTrue(outcome().contains("cannot be in force any more"), this::outcome);
    FakeEnforcement third = new FakeEnforcement();
    kernel = third;
    control = started(third);
    assertNull(now(), "its end is told");
  }

  /** A bundle asks nobody: from its moment on nobody is on the candidate's side. */
  @Test
  void aPolicyThatComesInItsPlaceMustEndIt() {
    candidate("name=n\nmode=enforce\ncode=1");
    control.rollouts().start("n", plan(0, Map.of()), false);
    control
        .bundles()
        .activate(
            "fleet",
            new BundleControl.Delivery(
                "r",
                1,
                "d",
                new TreeMap<>(Map.of("n", folder("name=n\nmode=enforce\ncode=2"))),
                new TreeMap<>()));
    assertNull(kernel.set.canary());
    assertEquals(2, kernel.refusing().size());
    assertEquals(kernel.refusing(), kernel.refusingInCanary());
    pass(Duration.ofSeconds(2));
    assertNull(now());
    assertTrue(outcome().contains("is not what it was"), this::outcome);
  }

  /** A step is on the disk before it is made, and undone there if it cannot be. */
  @Test
  void aStepThatCannotBeMadeMustNotBeThere() {
    kernel.refuseUse = "the verifier says no";
    assertThrows(EnforcementException.class, this::begin);
    assertTrue(outcome().startsWith("failed: "), this::outcome);
    assertNull(now());
    begin();
    List<Integer> saved = new ArrayList<>();
    kernel.using = () -> saved.add(onDisk());
    kernel.figures = ENOUGH;
    pass(STEP);
    assertEquals(List.of(1), saved, "before the kernel changes over");
    kernel.using = () -> {};
    kernel.refuseUse = "the verifier says no";
    pass(STEP);
    assertEnded("the next step could not be made: the verifier says no");
    assertEquals(1, control.list().getFirst().revision());
  }

  /** It would come into force with the next engine, and nobody had heard of it. */
  @Test
  void aStepThatCannotBeMadeAndStaysOnTheDiskMustBeTold() throws IOException {
    Path state = directory.resolve("state.json.new");
    kernel.using =
        () -> {
          try {
            Files.createDirectory(state);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          throw new EnforcementException("the verifier says no", null);
        };
    EnforcementException refused = assertThrows(EnforcementException.class, this::begin);
    assertTrue(refused.getSuppressed()[0].getMessage().contains("the next start may"));
    assertTrue(outcome().startsWith("failed, and could not be undone: "), this::outcome);
    kernel.using = () -> {};
    Files.delete(state);
  }

  /**
   * The kernel has disarmed it in the slot that the engine gave it, not in that of the one before.
   */
  @Test
  void aCandidateThatIsDisarmedBesideAPolicyThatIsLateMustStaySo() {
    apply("name=late\nhooks=exec");
    begin();
    FakeEnforcement second = new FakeEnforcement();
    second.bootTimeNs = kernel.bootTimeNs;
    second.set = kernel.set;
    second.missing.add(Hook.EXEC);
    second.decider = "another release";
    kernel = second;
    control = started(second);
    int moved = control.candidates().get("a").policy().slot();
    assertNotEquals(candidate, moved);
    FakeEnforcement third = new FakeEnforcement();
    third.bootTimeNs = second.bootTimeNs;
    third.missing.add(Hook.EXEC);
    third.tripped = SlotSet.of(moved);
    kernel = third;
    control = started(third);
    assertNull(now());
    assertTrue(outcome().contains("its budget was used up"), this::outcome);
  }

  private static final String UNKNOWN = "unknown: the engine ended before it told; ";

  /** What the engine could still write into its history, and then it ends. */
  private void endsAfter(int lines, Runnable change) {
    disk.takes(lines);
    change.run();
    disk.takesAll();
    FakeEnforcement next = new FakeEnforcement();
    next.bootTimeNs = kernel.bootTimeNs;
    kernel = next;
    control = started(next);
    assertNull(control.history().verify().problem());
  }

  /** A step that others followed was no failure. */
  @Test
  void anEngineThatEndsBeforeItTellsHowAStepWentMustNotCallItFailed() {
    begin();
    kernel.figures = ENOUGH;
    endsAfter(1, () -> pass(STEP));
    assertEquals(1, now().step());
    assertEquals(List.of(UNKNOWN + "it was followed by 50 %, step 2 of 3", ""), outcomes());
    endsAfter(2, () -> control.rollouts().advance("a", true));
    assertNull(now());
    assertEquals(2, control.list().getFirst().revision());
    assertEquals(UNKNOWN + "the revision was promoted", outcome());
  }

  @Test
  void aPauseThatIsSavedIsNoFailureEither() {
    begin();
    endsAfter(1, () -> control.rollouts().pause("a"));
    assertTrue(now().paused());
    assertEquals("", outcome(), "the step goes on");
    assertEquals(UNKNOWN + "saved is 10 %, step 1 of 3, paused", lines().getLast().outcome());
  }

  @Test
  void anEndThatWasNotToldMustNotBeCalledAFailure() {
    begin();
    endsAfter(0, () -> control.rollouts().abort("a"));
    assertNull(now());
    assertEquals(UNKNOWN + "no step of it is saved", outcome());
  }

  /** What ended the rollout is told of the step that it was at, and of no other. */
  @Test
  void theStepBeforeTheOneThatABootEndedWasFollowed() {
    begin();
    kernel.figures = ENOUGH;
    disk.takes(1);
    pass(STEP);
    disk.takesAll();
    FakeEnforcement next = new FakeEnforcement();
    next.bootId = "the next boot";
    kernel = next;
    control = started(next);
    assertEquals(
        List.of(
            UNKNOWN + "it was followed by 50 %, step 2 of 3",
            "ended: the host was booted at 50 %, step 2 of 3"),
        outcomes());
  }

  /** The step that the state file names; -1: none. */
  private int onDisk() {
    StateStore.Saved saved = new StateStore(directory).load();
    return saved.rollout() == null ? -1 : saved.rollout().step();
  }

  @Test
  void anAbortMustBeOnTheDiskBeforeTheKernelChangesOver() {
    begin();
    List<Integer> saved = new ArrayList<>();
    kernel.using = () -> saved.add(onDisk());
    control.rollouts().abort("a");
    assertEquals(List.of(-1), saved);
  }

  /** A disk that hangs must not keep up what a gate has failed for. */
  @Test
  void theKernelMustGoBackBeforeAnythingIsWritten() {
    begin();
    List<Set<Integer>> refusing = new ArrayList<>();
    disk.writing = () -> refusing.add(kernel.refusingInCanary());
    control.rollouts().abort("a");
    disk.writing = () -> {};
    assertFalse(refusing.isEmpty());
    assertEquals(Set.of(Set.of(active)), Set.copyOf(refusing));
  }

  @Test
  void aSetThatCannotBeChangedMustNotKeepUpAStep() {
    begin();
    kernel.refuseUse = "the verifier says no";
    assertThrows(EnforcementException.class, () -> control.rollouts().abort("a"));
    assertEquals(Set.of(active), kernel.refusingInCanary());
    pass(Duration.ofSeconds(2));
    assertEnded("inconclusive");
  }

  @Test
  void anEngineThatLooksTooLateMustSaySo() {
    begin();
    kernel.figures = ENOUGH;
    pass(STEP.plus(PATIENCE));
    assertEnded("nobody looked in time");
  }

  @Test
  void unitsThatCannotBeListedMustNotHideThatItBegan() {
    kernel.units = null;
    assertEquals(List.of(), begin().units());
    assertEquals(Set.of(candidate), kernel.refusingInCanary());
    pass(Duration.ofSeconds(2));
    assertEnded("cannot be measured: no units");
  }

  /** Where nobody has it nothing can be told, however long that lasts. */
  @Test
  void aStepWithoutAUnitOnTheCandidatesSideMustNotPass() {
    kernel.units = List.of(new Unit("/one", 10), new Unit("/two", 90));
    kernel.figures = ENOUGH;
    String why = "0, but no unit on the candidate's side, of 2";
    assertEquals(why, begin().gates().getFirst().detail());
    assertRefused(why, () -> control.rollouts().advance("a", false));
    pass(Duration.ofMinutes(4));
    kernel.units = List.of(new Unit("/new", 9.5), new Unit("/two", 90));
    pass(STEP.minusSeconds(1));
    assertEquals(0, now().step(), "the time without anybody does not count");
    pass(Duration.ofSeconds(2));
    assertEquals(1, now().step());
    pass(STEP.dividedBy(2));
    kernel.units = List.of();
    pass(STEP.dividedBy(2));
    assertEquals(1, now().step(), "who was there has gone");
    pass(PATIENCE);
    assertEnded("no unit on the candidate's side, of 0");
  }

  @Test
  void thePlanMaySayHowManyUnitsItTakes() {
    kernel.units = List.of(new Unit("/one", 0), new Unit("/two", 40));
    kernel.figures = ENOUGH;
    control.rollouts().start("a", plan(0, Map.of(), 2), false);
    pass(STEP);
    assertEquals(0, now().step());
    String detail = control.rollouts().status().gates().getFirst().detail();
    assertEquals("0, but 1 of 2 units on the candidate's side, less than 2", detail);
    control.rollouts().abort("a");
    kernel.units = List.of();
    control.rollouts().start("a", plan(0, Map.of(), 0), false);
    pass(STEP);
    assertEquals(1, now().step());
  }

  @Test
  void onAFullDiskNothingBeginsAndAllEnds() throws IOException {
    disk.takes(0);
    assertThrows(StoreException.class, this::begin);
    assertNull(now());
    assertNull(kernel.set.canary());
    disk.takesAll();
    begin();
    Path state = directory.resolve("state.json.new");
    Files.createDirectory(state); // what is to be written there cannot be
    control.rollouts().abort("a");
    assertNull(now());
    assertEquals(Set.of(active), kernel.refusingInCanary(), "saved or not");
    assertTrue(outcome().contains("not saved"), this::outcome);
    Files.delete(state);
  }

  @Test
  void eachRolloutMustHaveAKeyOfItsOwn() {
    long first = begin().rollout().first();
    control.rollouts().abort("a");
    assertNotEquals(first, begin().rollout().first());
  }
}
