package dev.interdict.control;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.Policy.Mode;
import java.time.Instant;

/**
 * A policy that was applied. Immutable.
 *
 * @param digest of the sources
 * @param revision rises with each content of the name; 0: not numbered yet
 * @param policy null only if {@code problem} kept it from being built
 * @param compiled as {@code policy}
 * @param slot -1 if it is not in force, or not yet
 * @param override the operator's mode in place of the policy's; null: none
 * @param bundle the source that brought it; empty: it was applied by hand
 * @param problem why it is not in force; null: it is
 * @param disarmed of one that is not in force: whether its budget was used up when it was; of
 *     others the kernel knows
 */
record HeldPolicy(
    String name,
    String digest,
    long revision,
    Policy policy,
    CompiledPolicy compiled,
    int slot,
    Mode override,
    Instant applied,
    String bundle,
    String problem,
    boolean disarmed) {

  static HeldPolicy of(
      PolicyBuilder.Built built,
      String digest,
      long revision,
      int slot,
      Mode override,
      Instant applied,
      String bundle,
      String problem) {
    return new HeldPolicy(
        built.policy().name(),
        digest,
        revision,
        built.policy(),
        built.compiled(),
        slot,
        override,
        applied,
        bundle,
        problem,
        false);
  }

  /** The revision of {@code policy}; 0: there is none. */
  static long revisionOf(HeldPolicy policy) {
    return policy == null ? 0 : policy.revision();
  }

  /** The operator's mode of {@code policy}; null: none, or there is no policy. */
  static Mode overrideOf(HeldPolicy policy) {
    return policy == null ? null : policy.override();
  }

  boolean inForce() {
    return slot >= 0;
  }

  Mode declared() {
    return policy == null ? Mode.AUDIT : policy.mode();
  }

  /** The override, or else what policy.yaml says. */
  Mode mode() {
    return override == null ? declared() : override;
  }

  HeldPolicy withOverride(Mode newOverride) {
    return promoted(newOverride, applied);
  }

  /** In force, with an operator's mode. */
  HeldPolicy promoted(Mode newOverride, Instant when) {
    return new HeldPolicy(
        name,
        digest,
        revision,
        policy,
        compiled,
        slot,
        newOverride,
        when,
        bundle,
        problem,
        disarmed);
  }

  HeldPolicy withRevision(long number) {
    return new HeldPolicy(
        name, digest, number, policy, compiled, slot, override, applied, bundle, problem, disarmed);
  }

  ActivePolicy active(ActivePolicy.Term term) {
    return new ActivePolicy(slot, policy, compiled, term);
  }
}
