package dev.interdict.control;

import dev.interdict.control.Candidates.Seen;
import dev.interdict.control.Change.Kind;
import dev.interdict.control.Gate.Outcome;
import dev.interdict.control.Gate.Result;
import dev.interdict.control.Gates.Measured;
import dev.interdict.control.Rollout.Plan;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy.Mode;
import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * Candidates that come into force in steps: one at a time on a host, and none beside a change that
 * waits for its confirmation. At each step the kernel has the candidate refuse in a larger share of
 * the units, in place of the policy of its name; the last one brings it into force everywhere. A
 * step is saved before it is made. The kernel ends all of it by itself when a step is not followed
 * by another in time, or when the candidate has used up its budget. Safe for use by many threads.
 */
public final class Rollouts {
  private static final System.Logger LOG = System.getLogger(Rollouts.class.getName());

  /** Figures are read so often at most: reading them takes a look at all counters. */
  private static final long LOOK_NS = Duration.ofSeconds(1).toNanos();

  /** Units are counted so often at most while there are enough: it goes through cgroups. */
  private static final long UNITS_NS = Duration.ofSeconds(10).toNanos();

  private final HostChanges changes;
  private final Enforcement enforcement;
  private final Leases leases;
  private final Candidates candidates;
  private final LockoutCheck lockouts;
  private final SecureRandom random = new SecureRandom();

  /** Of the rollout under way; null: not read yet. Written under the lock of changes. */
  private volatile Figures start;

  /**
   * When it was last seen that nothing is refused, by the kernel's clock: that time does not count.
   */
  private volatile long idleNs;

  /** What was measured last of the rollout under way; null: nothing yet. */
  private volatile Figures latest;

  /** When it was last seen that records were folded or lost, by the kernel's clock. */
  private volatile long unseenNs;

  /** When enough units were last on the candidate's side; null: never. */
  private volatile Peopled peopled;

  /** When the gates are to be looked at again, by the kernel's clock. */
  private volatile long nextNs;

  /**
   * Enough of them.
   *
   * @param change the step's line in the history
   * @param atNs by the kernel's clock
   */
  private record Peopled(long change, long atNs) {}

  Rollouts(
      HostChanges changes,
      Enforcement enforcement,
      Leases leases,
      Candidates candidates,
      LockoutCheck lockouts) {
    this.changes = changes;
    this.enforcement = enforcement;
    this.leases = leases;
    this.candidates = candidates;
    this.lockouts = lockouts;
  }

  /**
   * A rollout as it stands.
   *
   * @param left until the kernel ends it by itself
   * @param gates as they stand
   * @param units of the pair, those that come first first
   */
  public record Status(Rollout rollout, Duration left, List<Result> gates, List<Unit> units) {}

  /** How it stands; null: there is none. */
  public Status status() {
    return status(changes.state());
  }

  /** Without the lock: it looks at all counters, and at each cgroup of the scope. */
  private Status status(HostState state) {
    Rollout rollout = state.rollout();
    if (rollout == null) {
      return null;
    }
    Canary canary = state.canary();
    return new Status(
        rollout,
        Duration.ofNanos(Math.max(0, rollout.endNs() - enforcement.bootTimeNs())),
        Gates.judge(rollout, measured(state, rollout)),
        canary == null ? List.of() : units(canary));
  }

  /** What was done is done, also where nobody can say to whom. */
  private List<Unit> units(Canary canary) {
    try {
      return enforcement.units(canary);
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "the units of a rollout cannot be listed", e);
      return List.of();
    }
  }

  /** What is under way; null: nothing. */
  public Rollout rollout() {
    return changes.state().rollout();
  }

  /**
   * Begins one, with the first step.
   *
   * @param policy whose candidate is to come into force
   * @param seen what the decision to do so rests on: all that the candidate newly denies by now
   *     counts as looked at
   * @param lockout whether it may deny what the protected set needs
   * @throws NoSuchPolicyException if there is no candidate of this name
   * @throws RefusedException if another rollout is under way, a change waits for its confirmation,
   *     the candidate could refuse nothing, or what is there is not what was seen
   * @throws StoreException if it could not be saved, or begun in the history: nothing has changed
   * @throws EnforcementException if the kernel side refused: nothing has changed
   */
  public Status start(String policy, Seen seen, Plan plan, boolean lockout) {
    HeldPolicy asked = changes.state().candidate(policy);
    requireReady(changes.state(), asked, seen);
    if (!lockout) { // once: each step enforces the very same module
      lockouts.ask(asked);
    }
    HostState begun;
    changes.lock();
    try {
      HostState state = changes.state();
      HeldPolicy candidate = state.candidate(policy);
      HeldPolicy old = state.policies().get(policy);
      PolicyControl.requireSame(policy, asked.revision(), candidate.revision());
      requireReady(state, candidate, seen);
      enforcement.resetBudget(candidate.slot()); // of a rollout that has failed before
      Figures now = enforcement.figures(candidate.slot());
      Origin by = Origin.current();
      Origin first = lockout ? LockoutCheck.accepted(by) : by;
      Rollout fresh =
          new Rollout(
              policy,
              candidate.revision(),
              old == null || !old.inForce() ? 0 : old.revision(),
              plan,
              by.by(),
              by.why(),
              random.nextLong(),
              random.nextLong(),
              0,
              0,
              0,
              0,
              false,
              enforcement.bootId(),
              now.newlyDeniedKeys(),
              now.newlyDeniedUnits());
      requireNoneFailed(fresh, now);
      start = now;
      latest = now; // what was not seen before is nobody's
      move(fresh, 0, first, null);
      begun = changes.state();
    } finally {
      changes.unlock();
    }
    return status(begun);
  }

  /** Before about a hundred events are evaluated, and once more under the lock. */
  private void requireReady(HostState state, HeldPolicy candidate, Seen seen) {
    HeldPolicy old = state.policies().get(candidate.name());
    Candidates.requireSeen(seen, candidate, old);
    leases.requireNone();
    PolicyControl.requireByHand(old);
    Candidates.requireInForce(candidate);
    requireAble(state, candidate, old);
  }

  /** The same, of whatever is there. */
  public Status start(String policy, Plan plan, boolean lockout) {
    return start(policy, Seen.ANY, plan, lockout);
  }

  /** What is known before anything is refused. */
  private static void requireNoneFailed(Rollout fresh, Figures now) {
    List<Result> gates =
        Gates.judge(fresh, new Measured(now, now, null, 0, Duration.ZERO), Duration.ZERO);
    Outcome worst = Gates.worst(gates);
    if (worst == Outcome.FAILED || worst == Outcome.ERROR) {
      throw refused(
          "candidate of " + fresh.policy(),
          Gates.words(gates, worst),
          "see what it denies: interdict candidate show " + fresh.policy());
    }
  }

  private void requireAble(HostState state, HeldPolicy candidate, HeldPolicy old) {
    String subject = "candidate of " + candidate.name();
    String problem = audited(state, candidate);
    if (problem != null) {
      throw refused(
          subject, problem, "enforce first: interdict mode set enforce, of host or policy");
    }
    boolean packets =
        Stream.of(candidate, old)
            .anyMatch(
                one ->
                    one != null
                        && one.policy() != null
                        && one.policy().hooks().contains(Hook.XDP_INGRESS));
    if (packets) {
      throw refused(
          subject,
          "it is about packets, which belong to no unit",
          "bring it into force at once: interdict candidate promote --confirm-within 10m "
              + candidate.name());
    }
  }

  /** Why it could refuse nothing; null: it may. */
  private String audited(HostState state, HeldPolicy candidate) {
    if (!enforcement.glass().isZero()) {
      return "nothing is refused on this host: break-glass";
    }
    if (state.host() != Mode.ENFORCE) {
      return "the host is in audit";
    }
    HeldPolicy old = state.policies().get(candidate.name());
    Mode override = HeldPolicy.overrideOf(old);
    Mode mode = override == null ? candidate.declared() : override;
    return mode == Mode.ENFORCE ? null : "the policy is in audit";
  }

  /**
   * Stays at the step that it is at, for a day at most; gates that fail end it all the same.
   *
   * @throws RefusedException if no rollout of this policy is under way, or it pauses already
   */
  public Status pause(String policy) {
    return change(
        policy,
        rollout -> {
          if (rollout.paused()) {
            throw refused("rollout of " + policy, "it pauses already", "interdict rollout resume");
          }
          keep(rollout.paused(enforcement.bootTimeNs()), "paused");
        });
  }

  /**
   * Goes on, with the step that it is at from its beginning.
   *
   * @throws RefusedException if no rollout of this policy is under way, or it does not pause
   */
  public Status resume(String policy) {
    return change(
        policy,
        rollout -> {
          if (!rollout.paused()) {
            throw refused("rollout of " + policy, "it does not pause", "interdict rollout status");
          }
          keep(rollout.again(enforcement.bootTimeNs()), "resumed");
        });
  }

  /**
   * Makes the next step before its time.
   *
   * @param now whatever the gates say, which stands in the history
   * @return null: that was the last step
   * @throws RefusedException if no rollout of this policy is under way, or a gate has not passed
   */
  public Status advance(String policy, boolean now) {
    return change(
        policy,
        rollout -> {
          HostState state = changes.state();
          List<Result> gates = Gates.judge(rollout, measured(state, rollout), Duration.ZERO);
          Outcome worst = Gates.worst(gates);
          if (!now && worst != Outcome.PASSED) {
            throw refused(
                "rollout of " + policy,
                Gates.words(gates, worst),
                "wait, or skip the gates in an emergency: interdict rollout advance --now");
          }
          Origin by = Origin.current();
          String how = now ? "skipped by " + by.by() : "passed, advanced by " + by.by();
          next(rollout, by, "gates " + how);
        });
  }

  /**
   * Ends it: what was in force before is again, everywhere. The candidate stays a candidate.
   *
   * @throws RefusedException if no rollout of this policy is under way
   * @throws EnforcementException if the kernel side refused: the kernel will do it at the end
   */
  public void abort(String policy) {
    changes.lock();
    try {
      Rollout rollout = require(policy);
      Origin by = Origin.current();
      String why = by.why().isEmpty() ? "" : ": " + by.why();
      end(rollout, "aborted by " + by.by() + why);
    } finally {
      changes.unlock();
    }
  }

  /**
   * Looks at the gates: goes on, waits, or ends it. To be called every now and then. Waits for
   * nobody.
   */
  public void look() {
    Rollout seen = changes.state().rollout();
    if (seen == null || enforcement.bootTimeNs() < nextNs || !changes.tryLock()) {
      return;
    }
    try {
      nextNs = enforcement.bootTimeNs() + LOOK_NS;
      Rollout rollout = changes.state().rollout();
      if (rollout != null) {
        judge(rollout);
      }
    } finally {
      changes.unlock();
    }
  }

  private void judge(Rollout rollout) {
    HostState state = changes.state();
    long now = enforcement.bootTimeNs();
    Measured measured = measured(state, rollout);
    if (start == null && measured.now() != null) { // an engine that goes on counts from here
      start = measured.start();
    }
    List<Result> gates = Gates.judge(rollout, measured);
    Outcome worst = Gates.worst(gates);
    if (state.canary() == null) {
      end(rollout, "aborted: the policy or its candidate is not what it was");
    } else if (worst == Outcome.FAILED || worst == Outcome.ERROR) {
      String what =
          worst == Outcome.FAILED ? "aborted, gates failed: " : "aborted, error in gates: ";
      end(rollout, what + Gates.words(gates, worst));
    } else if (now >= rollout.endNs()) {
      end(rollout, tooLong(rollout, Gates.words(gates, Outcome.INCONCLUSIVE)));
    } else if (worst == Outcome.PASSED && !rollout.paused()) {
      goOn(rollout);
    }
  }

  private static String tooLong(Rollout rollout, String inconclusive) {
    if (rollout.paused()) {
      return "aborted: it paused for too long";
    }
    return inconclusive.isEmpty()
        ? "ended by the kernel: its gates pass, and nobody looked in time"
        : "aborted, inconclusive: " + inconclusive;
  }

  private void goOn(Rollout rollout) {
    try {
      next(rollout, new Origin(rollout.by(), rollout.why()), "gates passed");
    } catch (EnforcementException | StoreException | RefusedException e) {
      LOG.log(Level.ERROR, "the rollout of " + rollout.policy() + " could not go on", e);
      end(rollout, "aborted, the next step could not be made: " + e.getMessage());
    }
  }

  /** Whatever keeps it from being measured: a candidate that nobody can judge does not go on. */
  private Measured measured(HostState state, Rollout rollout) {
    try {
      return measure(state, rollout);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "the rollout of " + rollout.policy() + " cannot be measured", e);
      String why = e.getMessage() == null ? e.toString() : e.getMessage();
      return new Measured(Figures.NONE, null, why, Measured.UNKNOWN, Duration.ZERO);
    }
  }

  private Measured measure(HostState state, Rollout rollout) {
    HeldPolicy candidate = state.candidates().get(rollout.policy());
    long now = enforcement.bootTimeNs();
    if (candidate == null || !candidate.inForce()) {
      return new Measured(Figures.NONE, null, "there is no candidate any more", 0, Duration.ZERO);
    }
    String idle = audited(state, candidate);
    if (idle == null) {
      idle = deserted(state.canary(), rollout, now);
    }
    if (idle != null) {
      idleNs = now;
    }
    long begun = Math.max(rollout.sinceNs(), idleNs);
    HeldPolicy old = state.policies().get(rollout.policy());
    SlotSet tripped = enforcement.tripped();
    int trips = tripped.contains(candidate.slot()) ? 1 : 0;
    trips += old != null && old.inForce() && tripped.contains(old.slot()) ? 1 : 0;
    Figures figures = enforcement.figures(candidate.slot());
    Figures before = latest;
    if (before != null && figures.unseen() != before.unseen()) {
      unseenNs = now;
    }
    latest = figures;
    Figures from = start;
    return new Measured(
        from == null ? figures : from,
        figures,
        idle,
        trips,
        Duration.ofNanos(now - begun),
        unseenNs < begun ? null : Duration.ofNanos(now - unseenNs));
  }

  /** Why there is nobody in whose units anything could be told; null: somebody is. */
  private String deserted(Canary canary, Rollout rollout, long now) {
    long least = rollout.plan().minUnits();
    Peopled seen = peopled;
    boolean known =
        seen != null && seen.change() == rollout.change() && now - seen.atNs() < UNITS_NS;
    if (canary == null || least == 0 || known) {
      return null;
    }
    List<Unit> units = enforcement.units(canary);
    long in = units.stream().filter(unit -> unit.isIn(canary.percent())).count();
    if (in >= least) {
      peopled = new Peopled(rollout.change(), now);
      return null;
    }
    return in == 0
        ? "no unit on the candidate's side, of " + units.size()
        : "%d of %d units on the candidate's side, less than %d".formatted(in, units.size(), least);
  }

  /** The next step, or into force. */
  private void next(Rollout rollout, Origin by, String outcome) {
    int step = rollout.step() + 1;
    if (step < rollout.plan().steps().size() - 1) {
      move(rollout, step, by, outcome);
      return;
    }
    long seconds = rollout.plan().confirmSeconds();
    Origin origin = new Origin(by.by(), told("100 %", by));
    ScopedValue.where(Origin.CURRENT, origin)
        .run(
            () ->
                candidates.promoted(
                    rollout.policy(), seconds == 0 ? null : Duration.ofSeconds(seconds)));
    start = null;
    changes.end(rollout.change(), outcome);
  }

  private static String told(String step, Origin by) {
    return step + (by.why().isEmpty() ? "" : ": " + by.why());
  }

  /** Both lines of a step are its own: the one of the step before gets its end. */
  private void move(Rollout rollout, int step, Origin by, String outcome) {
    Rollout named = rollout.at(step, 0, enforcement.bootTimeNs());
    HeldPolicy candidate = changes.state().candidate(rollout.policy());
    enforcement.resetBudget(
        candidate.slot()); // more units refuse: as many subjects as a new policy has
    ScopedValue.where(Origin.CURRENT, new Origin(by.by(), told(named.stepText(), by)))
        .run(
            () ->
                changes.begun(
                    Change.of(Kind.ROLLOUT, candidate),
                    id ->
                        changes.makeSavedFirst(
                            changes
                                .state()
                                .withRollout(rollout.at(step, id, enforcement.bootTimeNs())))));
    if (outcome != null) {
      changes.end(rollout.change(), outcome);
    }
    nextNs = 0;
  }

  /** With another end, and the same step; its own line in the history goes on. */
  private void keep(Rollout rollout, String what) {
    Origin by = Origin.current();
    List<Change> change =
        List.of(Change.of(Kind.ROLLOUT, changes.state().candidate(rollout.policy())));
    ScopedValue.where(
            Origin.CURRENT, new Origin(by.by(), told(what + " at " + rollout.stepText(), by)))
        .run(
            () ->
                changes.recorded(
                    change, () -> changes.makeSavedFirst(changes.state().withRollout(rollout))));
    nextNs = 0;
  }

  private void end(Rollout rollout, String outcome) {
    letGo(rollout);
    String notSaved = changes.makeAnyway(changes.state().withRollout(null));
    start = null;
    changes.end(rollout.change(), outcome + (notSaved == null ? "" : "; not saved: " + notSaved));
    LOG.log(Level.WARNING, "rollout of {0}: {1}", rollout.policy(), outcome);
  }

  /**
   * First the kernel goes back by itself, as at the end of the step's time: a disk that hangs, or a
   * set that cannot be changed, must not keep up what a gate has failed for.
   */
  private void letGo(Rollout rollout) {
    try {
      Rollout over = rollout.endingAt(enforcement.bootTimeNs());
      changes.flip(state -> state.rollout() == null ? state : state.withRollout(over));
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "the kernel could not end a step at once", e);
    }
  }

  private interface Step {
    void make(Rollout rollout);
  }

  private Status change(String policy, Step step) {
    HostState changed;
    changes.lock();
    try {
      Rollout rollout = require(policy);
      if (enforcement.bootTimeNs() >= rollout.endNs()) {
        end(rollout, "ended by the kernel, at " + rollout.stepText());
        throw refused("rollout of " + policy, "it has ended", "interdict history says why");
      }
      step.make(rollout);
      changed = changes.state();
    } finally {
      changes.unlock();
    }
    return status(changed);
  }

  /**
   * The rollout that a saved state names, if it can go on.
   *
   * @param saved null: there was none
   * @param ended {@link #over}
   * @return null: it cannot, or there is none
   */
  Rollout resumed(Rollout saved, String ended) {
    if (ended != null) {
      LOG.log(Level.WARNING, "rollout of {0}: {1}", saved.policy(), ended);
    }
    return saved == null || ended != null ? null : saved.resumed(enforcement.bootTimeNs());
  }

  /**
   * Why it has ended when an engine starts; null: it goes on.
   *
   * @param found what else was saved
   * @param tripped whether the candidate's budget was used up
   */
  String over(Rollout saved, HostState found, boolean tripped) {
    if (!saved.boot().equals(enforcement.bootId())) {
      return "ended: the host was booted at " + saved.stepText();
    }
    if (enforcement.bootTimeNs() >= saved.endNs()) {
      return "ended by the kernel, without an engine, at " + saved.stepText();
    }
    if (tripped) {
      return "ended by the kernel, its budget was used up, at " + saved.stepText();
    }
    return found.withRollout(saved).canary() == null
        ? "ended: the policy or its candidate cannot be in force any more"
        : null;
  }

  private Rollout require(String policy) {
    Rollout rollout = changes.state().rollout();
    if (rollout == null || !rollout.policy().equals(policy)) {
      throw refused(
          "rollout of " + policy,
          rollout == null
              ? "no rollout is under way"
              : "the one that is under way is of " + rollout.policy(),
          "interdict history says what became of it");
    }
    return rollout;
  }

  private static RefusedException refused(String subject, String why, String remedy) {
    return new RefusedException(List.of(new Objection(subject, why, remedy)));
  }
}
