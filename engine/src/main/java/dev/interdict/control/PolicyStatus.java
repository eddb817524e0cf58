package dev.interdict.control;

import dev.interdict.control.Snapshot.SlotCounters;
import dev.interdict.event.Hook;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/**
 * A policy as operators see it.
 *
 * @param digest lower-case hex SHA-256 of the sources
 * @param revision rises with each content of the name
 * @param slot -1 if it is not in force
 * @param bundle the source that brought it; empty: it was applied by hand
 * @param problem why it is not in force, with the remedy; null: it is
 */
public record PolicyStatus(
    String name,
    String description,
    Map<String, String> labels,
    Set<Hook> hooks,
    PolicyMode mode,
    String digest,
    long revision,
    int slot,
    Instant applied,
    String bundle,
    String problem,
    SlotCounters counters) {

  static PolicyStatus of(HeldPolicy held, HostState state, Snapshot snapshot) {
    boolean built = held.policy() != null;
    return new PolicyStatus(
        held.name(),
        built ? held.policy().description() : "",
        built ? held.policy().labels() : Map.of(),
        built ? held.policy().hooks() : Set.of(),
        PolicyMode.of(held, state, snapshot),
        held.digest(),
        held.revision(),
        held.slot(),
        held.applied(),
        held.bundle(),
        held.problem(),
        held.inForce() ? snapshot.slot(held.slot()) : SlotCounters.ZERO);
  }
}
