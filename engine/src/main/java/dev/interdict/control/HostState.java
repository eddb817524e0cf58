package dev.interdict.control;

import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy.Mode;
import java.util.Collections;
import java.util.Comparator;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All that was applied and set on this host. Immutable: each change makes a new state of a higher
 * generation.
 *
 * @param policies by name
 */
record HostState(long generation, Mode host, SortedMap<String, HeldPolicy> policies) {
  static final HostState EMPTY = new HostState(0, Mode.ENFORCE, new TreeMap<>());

  HostState {
    policies = Collections.unmodifiableSortedMap(new TreeMap<>(policies));
  }

  /** The same as another generation. */
  HostState at(long newGeneration) {
    return new HostState(newGeneration, host, policies);
  }

  HostState with(HeldPolicy policy) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(policies);
    next.put(policy.name(), policy);
    return new HostState(generation + 1, host, next);
  }

  HostState without(String name) {
    SortedMap<String, HeldPolicy> next = new TreeMap<>(policies);
    next.remove(name);
    return new HostState(generation + 1, host, next);
  }

  HostState withHost(Mode mode) {
    return new HostState(generation + 1, mode, policies);
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
        host,
        policies.values().stream()
            .filter(HeldPolicy::inForce)
            .map(HeldPolicy::active)
            .sorted(Comparator.comparingInt(ActivePolicy::slot))
            .toList());
  }
}
