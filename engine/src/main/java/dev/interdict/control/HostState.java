package dev.interdict.control;

import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy.Mode;
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
 */
record HostState(
    long generation,
    Mode host,
    SortedMap<String, HeldPolicy> policies,
    SortedMap<String, BundleMark> bundles) {
  static final HostState EMPTY = new HostState(0, Mode.ENFORCE, new TreeMap<>(), new TreeMap<>());

  HostState {
    policies = Collections.unmodifiableSortedMap(new TreeMap<>(policies));
    bundles = Collections.unmodifiableSortedMap(new TreeMap<>(bundles));
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
    return new HostState(Math.max(generation, now.generation + 1), now.host, next, bundles);
  }

  Modes modes() {
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
    return new HostState(generation + 1, host, next, bundles);
  }

  HostState without(String name) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(policies);
    next.remove(name);
    return new HostState(generation + 1, host, next, bundles);
  }

  HostState withHost(Mode mode) {
    return new HostState(generation + 1, mode, policies, bundles);
  }

  /** With all policies of a source replaced by {@code brought}, as one change. */
  HostState withBundle(String source, BundleMark mark, List<HeldPolicy> brought) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(policies);
    next.values().removeIf(policy -> policy.bundle().equals(source));
    brought.forEach(policy -> next.put(policy.name(), policy));
    return new HostState(generation + 1, host, next, marks(source, mark));
  }

  /** The same policies; a mark rises no generation, since nothing that is in force has changed. */
  HostState withMark(String source, BundleMark mark) {
    return new HostState(generation, host, policies, marks(source, mark));
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

  HeldPolicy get(String name) {
    HeldPolicy held = policies.get(name);
    if (held == null) {
      throw new NoSuchPolicyException(name);
    }
    return held;
  }

  SlotSet slots() {
    SlotSet slots = SlotSet.NONE;
    for (HeldPolicy policy : policies.values()) {
      slots = policy.inForce() ? slots.with(policy.slot()) : slots;
    }
    return slots;
  }

  ActiveSet activeSet() {
    return new ActiveSet(
        generation,
        policies.values().stream()
            .filter(HeldPolicy::inForce)
            .map(HeldPolicy::active)
            .sorted(Comparator.comparingInt(ActivePolicy::slot))
            .toList());
  }
}
