package dev.interdict.control;

import dev.interdict.policy.Policy.Mode;

/**
 * What one policy does, and why.
 *
 * @param effective the least strict of host, override (or else declared) and budget
 * @param declared as policy.yaml says
 * @param override as an operator set it; null: not set
 * @param tripped whether it only records, because its budget was used up
 * @param alarmed whether it goes on although its budget was used up
 */
public record PolicyMode(
    String policy, Mode effective, Mode declared, Mode override, boolean tripped, boolean alarmed) {

  static PolicyMode of(HeldPolicy held, HostState state, Snapshot snapshot) {
    boolean tripped = held.inForce() && snapshot.tripped().contains(held.slot());
    boolean enforces =
        held.problem() == null
            && !tripped
            && state.host() == Mode.ENFORCE
            && held.mode() == Mode.ENFORCE;
    return new PolicyMode(
        held.name(),
        enforces ? Mode.ENFORCE : Mode.AUDIT,
        held.declared(),
        held.override(),
        tripped,
        held.inForce() && snapshot.alarmed().contains(held.slot()));
  }
}
