package dev.interdict.control;

import dev.interdict.control.ActivePolicy.Term;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy.Mode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All that was applied and set on this host. Immutable: each change makes a new state of a higher
 * generation.
 *
 * @param policies by name
 * @param bundles what each source brought last, by the source's name
 * @param candidates by the name of the policy that each is compared with
 * @param pending a change that is in all this and waits for its confirmation; null: none
 * @param rollout a candidate on its way into force, never beside one that waits; null: none
 */
record HostState(
    long generation,
    Mode host,
    SortedMap<String, HeldPolicy> policies,
    SortedMap<String, BundleMark> bundles,
    SortedMap<String, HeldPolicy> candidates,
    Pending pending,
    Rollout rollout) {
  static final HostState EMPTY =
      new HostState(0, Mode.ENFORCE, new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), null, null);

  HostState {
    policies = Collections.unmodifiableSortedMap(new TreeMap<>(policies));
    bundles = Collections.unmodifiableSortedMap(new TreeMap<>(bundles));
    candidates = Collections.unmodifiableSortedMap(new TreeMap<>(candidates));
  }

  /**
   * The same policies as the state after {@code now}, with the modes that {@code now} has: a switch
   * that came while a change was made counts.
   */
  HostState after(HostState now) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(policies);
    next.replaceAll(
        (name, held) -> {
          HeldPolicy other = now.policies.get(name);
          return other == null ? held : held.withOverride(other.override());
        });
    return new HostState(
        Math.max(generation, now.generation + 1),
        now.host,
        next,
        bundles,
        candidates,
        pendingAfter(now),
        rollout);
  }

  /** Whether something of it ends by itself. */
  boolean lapses() {
    return pending != null || rollout != null;
  }

  private Pending pendingAfter(HostState now) {
    if (pending == null || now.pending != null) {
      return pending == null ? null : now.pending;
    }
    HeldPolicy old = now.policies.get(pending.what().policy());
    return old == null ? pending : pending.switched(old.name(), old.override());
  }

  /** Of the policies in force, and of the host. */
  Modes modes() {
    Modes now = modesOf(host, policies);
    if (rollout != null) {
      return new Modes(now.host(), now.overrides(), new Lease(rollout.endNs(), now));
    }
    return pending == null
        ? now
        : new Modes(now.host(), now.overrides(), new Lease(pending.endNs(), undone().modes()));
  }

  private static Modes modesOf(Mode host, SortedMap<String, HeldPolicy> policies) {
    Map<String, Mode> overrides = new HashMap<>();
    policies.forEach(
        (name, held) -> {
          if (held.override() != null) {
            overrides.put(name, held.override());
          }
        });
    return new Modes(host, overrides);
  }

  HostState with(HeldPolicy policy) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(policies);
    next.put(policy.name(), policy);
    return next(host, next, pending);
  }

  private HostState next(Mode mode, SortedMap<String, HeldPolicy> held, Pending waits) {
    return new HostState(generation + 1, mode, held, bundles, candidates, waits, rollout);
  }

  private HostState nextCandidates(SortedMap<String, HeldPolicy> next) {
    return new HostState(generation + 1, host, policies, bundles, next, pending, rollout);
  }

  HostState withCandidate(HeldPolicy candidate) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(candidates);
    next.put(candidate.name(), candidate);
    return nextCandidates(next);
  }

  HostState withoutCandidate(String name) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(candidates);
    next.remove(name);
    return nextCandidates(next);
  }

  HostState withPending(Pending waits) {
    return next(host, policies, waits);
  }

  /** With a candidate at a step on its way; null: none. */
  HostState withRollout(Rollout next) {
    return new HostState(generation + 1, host, policies, bundles, candidates, pending, next);
  }

  /** Where the candidate of the rollout may refuse; null: nowhere, or the pair has changed. */
  Canary canary() {
    HeldPolicy candidate = rollout == null ? null : candidates.get(rollout.policy());
    if (candidate == null || !candidate.inForce() || candidate.revision() != rollout.revision()) {
      return null;
    }
    HeldPolicy old = policies.get(rollout.policy());
    boolean alone = old == null || !old.inForce();
    return (alone ? 0 : old.revision()) != rollout.beside()
        ? null
        : new Canary(
            candidate.slot(),
            alone ? -1 : old.slot(),
            rollout.now().percent(),
            rollout.first(),
            rollout.second());
  }

  /** Nothing waits any more: what is in force stays. */
  HostState confirmed() {
    return withPending(null);
  }

  /** As it was before what waits for its confirmation. */
  HostState undone() {
    if (pending == null) {
      return this;
    }
    String name = pending.what().policy();
    if (name.isEmpty()) {
      return next(pending.host(), policies, null);
    }
    HeldPolicy before = pending.before();
    if (pending.isSwitch()) { // of what is there now: a bundle may have brought another one
      HeldPolicy held = policies.get(name);
      return (held == null ? this : with(held.withOverride(before.override()))).confirmed();
    }
    return (before == null ? without(name) : with(before)).confirmed();
  }

  /** With an operator's mode of a policy, now and whatever becomes of what waits. */
  HostState withOverride(String policy, Mode mode) {
    HostState next = with(get(policy).withOverride(mode));
    return pending == null ? next : next.withPending(pending.switched(policy, mode));
  }

  HostState without(String name) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(policies);
    next.remove(name);
    return next(host, next, pending);
  }

  /** With a mode of the host, now and whatever becomes of what waits. */
  HostState withHost(Mode mode) {
    return next(mode, policies, pending == null ? null : pending.hostSwitched(mode));
  }

  /** With all policies of a source replaced by {@code brought}, as one change. */
  HostState withBundle(String source, BundleMark mark, List<HeldPolicy> brought) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(policies);
    next.values().removeIf(policy -> policy.bundle().equals(source));
    brought.forEach(policy -> next.put(policy.name(), policy));
    return new HostState(
        generation + 1, host, next, marks(source, mark), candidates, pending, rollout);
  }

  /** The same policies; a mark rises no generation, since nothing that is in force has changed. */
  HostState withMark(String source, BundleMark mark) {
    return new HostState(
        generation, host, policies, marks(source, mark), candidates, pending, rollout);
  }

  /** Whether the next bundle of the source is taken whatever its serial. */
  boolean takesOlder(String source) {
    return !bundles.containsKey(source) || bundles.get(source).serial() < 0;
  }

  private SortedMap<String, BundleMark> marks(String source, BundleMark mark) {
    SortedMap<String, BundleMark> next = new TreeMap<>(bundles);
    if (mark == null) {
      next.remove(source);
    } else {
      next.put(source, mark);
    }
    return next;
  }

  HeldPolicy candidate(String name) {
    HeldPolicy held = candidates.get(name);
    if (held == null) {
      throw NoSuchPolicyException.ofCandidate(name);
    }
    return held;
  }

  HeldPolicy get(String name) {
    HeldPolicy held = policies.get(name);
    if (held == null) {
      throw new NoSuchPolicyException(name);
    }
    return held;
  }

  SlotSet slots() {
    return slotsOf(activeSet().policies());
  }

  /**
   * What is asked: beside a policy that waits the one that it replaced, for the end, and beside any
   * its candidate.
   */
  ActiveSet activeSet() {
    List<ActivePolicy> active = new ArrayList<>();
    policies.values().stream()
        .filter(HeldPolicy::inForce)
        .forEach(held -> active.add(held.active(term(held))));
    HeldPolicy replaced = pending == null || pending.isSwitch() ? null : pending.before();
    if (replaced != null && replaced.inForce()) {
      active.add(replaced.active(Term.AFTER_LEASE_ENDS));
    }
    Canary canary = canary();
    candidates.values().stream()
        .filter(HeldPolicy::inForce)
        .forEach(held -> active.add(held.active(termOf(held, canary))));
    active.sort(Comparator.comparingInt(ActivePolicy::slot));
    return new ActiveSet(generation, active, canary);
  }

  private static Term termOf(HeldPolicy candidate, Canary canary) {
    boolean chosen = canary != null && canary.slot() == candidate.slot();
    return chosen ? Term.CANARY : Term.CANDIDATE;
  }

  private Term term(HeldPolicy held) {
    boolean waits = pending != null && pending.concerns(held.name()) && !pending.isSwitch();
    return waits ? Term.UNTIL_LEASE_ENDS : Term.ALWAYS;
  }

  private static SlotSet slotsOf(List<ActivePolicy> active) {
    SlotSet slots = SlotSet.NONE;
    for (ActivePolicy policy : active) {
      slots = slots.with(policy.slot());
    }
    return slots;
  }
}
