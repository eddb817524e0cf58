package dev.interdict.control;

import dev.interdict.control.ActivePolicy.Term;
import dev.interdict.policy.Policy;
import dev.interdict.policy.Policy.Mode;
import java.util.Map;

/**
 * Which policies may refuse, as far as operators and policies say; apart from the policies, so that
 * a switch waits for no change of them.
 *
 * @param host {@code AUDIT}: nothing is refused whatever the policies say; {@code ENFORCE}: each
 *     policy's mode counts
 * @param overrides by a policy's name, what an operator set in place of what policy.yaml says
 * @param lease when and how this ends; null: it does not
 */
public record Modes(Mode host, Map<String, Mode> overrides, Lease lease) {
  public Modes {
    overrides = Map.copyOf(overrides);
  }

  /** Modes that do not end. */
  public Modes(Mode host, Map<String, Mode> overrides) {
    this(host, overrides, null);
  }

  /** Whether {@code policy} may refuse. */
  public boolean enforces(ActivePolicy policy) {
    return policy.term() != Term.AFTER_LEASE_ENDS && says(policy);
  }

  /** Whether it may refuse in the units of a rollout. */
  public boolean enforcesIn(Canary canary, ActivePolicy policy) {
    return policy.term() == Term.CANARY
        ? policy.slot() == canary.slot() && isSet(policy.policy())
        : policy.slot() != canary.beside() && enforces(policy);
  }

  /** Whether it may once the lease has ended. */
  public boolean enforcesAfter(ActivePolicy policy) {
    return lease == null
        ? enforces(policy)
        : policy.term() != Term.UNTIL_LEASE_ENDS && lease.after().says(policy);
  }

  private boolean says(ActivePolicy active) {
    return active.term() != Term.CANDIDATE
        && active.term() != Term.CANARY
        && isSet(active.policy());
  }

  private boolean isSet(Policy policy) {
    return host == Mode.ENFORCE
        && overrides.getOrDefault(policy.name(), policy.mode()) == Mode.ENFORCE;
  }
}
