package dev.interdict.control;

import dev.interdict.control.Change.Kind;
import dev.interdict.policy.Policy.Mode;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Changes that end by themselves unless they are confirmed: one at a time on a host. The kernel
 * puts what was before in force again at the end, whatever has become of the engine; here the state
 * follows it. Nothing of such a change is saved before it is confirmed, so that no restart of the
 * engine or the host keeps it. Safe for use by many threads.
 */
public final class Leases {
  /** Time for an operator to look, at least. */
  public static final Duration SHORTEST = Duration.ofSeconds(1);

  /** What nobody has confirmed for a day, nobody will. */
  public static final Duration LONGEST = Duration.ofDays(1);

  private static final String USED_UP = "its budget was used up";
  private static final System.Logger LOG = System.getLogger(Leases.class.getName());

  private final HostChanges changes;
  private final Enforcement enforcement;
  private final Clock clock;

  Leases(HostChanges changes, Enforcement enforcement, Clock clock) {
    this.changes = changes;
    this.enforcement = enforcement;
    this.clock = clock;
  }

  /** What waits for its confirmation; null: nothing. */
  public Pending pending() {
    return changes.state().pending();
  }

  /** For how long it may be confirmed still, by the kernel's clock; zero: nothing waits. */
  public Duration left() {
    Pending pending = pending();
    return pending == null
        ? Duration.ZERO
        : Duration.ofNanos(Math.max(0, pending.endNs() - enforcement.bootTimeNs()));
  }

  /** As {@link HostChanges#commit}, until the end; to be called under the lock. */
  Pending commit(HostState next, HeldPolicy policy, Duration within) {
    Change change = Change.of(Kind.APPLY, policy);
    changes.begun(
        change,
        id -> {
          Pending pending = pending(changes.state(), id, change, within);
          changes.make(next.withPending(pending));
        });
    return pending();
  }

  /**
   * Switches modes until the end.
   *
   * @param change of a policy that is there, or of the host
   * @throws RefusedException if another change waits for its confirmation
   * @throws StoreException if it could not begin in the history: nothing was switched
   * @throws EnforcementException if the kernel side refused
   */
  Pending switchModes(Change change, Duration within, UnaryOperator<HostState> switched) {
    changes.lock();
    try {
      requireNone();
      requireWhole(change);
      changes.begun(
          change,
          id ->
              changes.flip(
                  now -> switched.apply(now).withPending(pending(now, id, change, within))));
      return pending();
    } finally {
      changes.unlock();
    }
  }

  private Pending pending(HostState now, long id, Change change, Duration within) {
    return new Pending(
        id,
        change,
        Origin.current(),
        clock.instant().plus(within),
        enforcement.bootTimeNs() + within.toNanos(),
        now.policies().get(change.policy()),
        now.host());
  }

  /**
   * Keeps the change for good.
   *
   * @param id of the change
   * @throws RefusedException if it does not wait, or has ended
   * @throws StoreException if it could not be saved: it still waits
   * @throws EnforcementException if the kernel side refused: it still waits
   */
  public void confirm(long id) {
    changes.lock();
    try {
      Pending pending = require(id);
      if (hasEnded(pending)) {
        undo(pending, ended(pending));
        throw refused(id, "it was not confirmed by " + pending.end() + " and was undone");
      }
      if (isTripped(pending.what())) { // what would stay only records
        undo(pending, USED_UP);
        throw refused(id, USED_UP + ", and it was undone");
      }
      if (pending.isSwitch()) {
        changes.keep(HostState::confirmed);
      } else {
        changes.make(changes.state().confirmed());
      }
      changes.confirmed(id);
    } finally {
      changes.unlock();
    }
  }

  /**
   * Undoes the change at once.
   *
   * @param id of the change
   * @throws RefusedException if it does not wait, or has ended
   * @throws EnforcementException if the kernel side refused: the kernel will do it at the end
   */
  public void cancel(long id) {
    changes.lock();
    try {
      Pending pending = require(id);
      if (hasEnded(pending)) {
        undo(pending, ended(pending));
        throw refused(id, "it was not confirmed by " + pending.end() + " and is undone already");
      }
      Origin by = Origin.current();
      undo(pending, "cancelled by " + by.by() + (by.why().isEmpty() ? "" : ": " + by.why()));
    } finally {
      changes.unlock();
    }
  }

  /**
   * Follows the kernel, if a lease has ended, and ends one whose policy has used up its budget:
   * what was before is worth more than what only records. To be called every now and then. Waits
   * for nobody.
   */
  public void look() {
    if (over(pending()) == null || !changes.tryLock()) {
      return;
    }
    try {
      Pending pending = pending();
      String why = over(pending);
      if (why != null) {
        undo(pending, why);
        LOG.log(Level.WARNING, "change {0} was undone: {1}", Long.toString(pending.id()), why);
      }
    } finally {
      changes.unlock();
    }
  }

  /** Why it is over; null: it is not. */
  private String over(Pending pending) {
    if (pending == null) {
      return null;
    }
    if (hasEnded(pending)) {
      return ended(pending);
    }
    return isTripped(pending.what()) ? USED_UP : null;
  }

  /** Whether what is to refuse only records. */
  private boolean isTripped(Change change) {
    HeldPolicy held = changes.state().policies().get(change.policy());
    return held != null
        && held.inForce()
        && enforcement.tripped().contains(held.slot())
        && (change.kind() != Kind.MODE
            || (change.mode() == null ? held.policy().mode() : change.mode()) == Mode.ENFORCE);
  }

  private void undo(Pending pending, String outcome) {
    if (pending.isSwitch()) {
      changes.flip(HostState::undone);
    } else {
      changes.makeSaved(changes.state().undone());
    }
    changes.end(pending.id(), outcome);
  }

  private boolean hasEnded(Pending pending) {
    return enforcement.bootTimeNs() >= pending.endNs();
  }

  private static String ended(Pending pending) {
    return "not confirmed by " + pending.end();
  }

  /** One at a time: of two that end at different times nobody could tell what comes then. */
  void requireNone() {
    Pending pending = pending();
    if (pending != null) {
      throw new RefusedException(List.of(waits("this host", pending)));
    }
    Rollout rollout = changes.state().rollout();
    if (rollout != null) {
      throw new RefusedException(List.of(underWay("this host", rollout)));
    }
  }

  private static Objection underWay(String where, Rollout rollout) {
    return new Objection(
        where,
        "a rollout of %s by %s is under way: change %d, at %s"
            .formatted(rollout.policy(), rollout.by(), rollout.change(), rollout.stepText()),
        "let it end, or: interdict rollout abort " + rollout.policy());
  }

  /** One that only records would be undone at once. */
  private void requireWhole(Change change) {
    if (isTripped(change)) {
      throw new RefusedException(
          List.of(
              new Objection(
                  "policy " + change.policy(),
                  "its budget is used up, so it only records",
                  "interdict mode reset " + change.policy() + " first")));
    }
  }

  /** What waits may not be changed beneath. */
  void requireSettled(String policy) {
    Pending pending = pending();
    if (pending != null && pending.concerns(policy)) {
      throw new RefusedException(List.of(waits("policy " + policy, pending)));
    }
    requireNoRollout(policy);
  }

  /** Nor what is on its way. */
  void requireNoRollout(String policy) {
    Rollout rollout = changes.state().rollout();
    if (rollout != null && rollout.policy().equals(policy)) {
      throw new RefusedException(List.of(underWay("policy " + policy, rollout)));
    }
  }

  private static Objection waits(String where, Pending pending) {
    return new Objection(
        where,
        "change %d by %s waits for its confirmation until %s"
            .formatted(pending.id(), pending.by().by(), pending.end()),
        "interdict confirm %1$d, or interdict cancel %1$d".formatted(pending.id()));
  }

  private Pending require(long id) {
    Pending pending = pending();
    if (pending == null || pending.id() != id) {
      throw refused(
          id,
          pending == null
              ? "no change waits for its confirmation"
              : "change " + pending.id() + " waits for its confirmation, not this one");
    }
    return pending;
  }

  private static RefusedException refused(long id, String why) {
    return new RefusedException(
        List.of(new Objection("change " + id, why, "interdict history says what became of it")));
  }
}
