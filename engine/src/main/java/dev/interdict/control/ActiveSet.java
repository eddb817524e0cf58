package dev.interdict.control;

import dev.interdict.control.ActivePolicy.Term;
import java.util.List;

/**
 * All policies in force on a host, as one value.
 *
 * @param generation rises with each change
 * @param policies by slot
 * @param canary where the one with the term {@link Term#CANARY} may refuse; null: there is none
 */
public record ActiveSet(long generation, List<ActivePolicy> policies, Canary canary) {
  /** What a host starts with. */
  public static final ActiveSet EMPTY = new ActiveSet(0, List.of());

  public ActiveSet {
    policies = List.copyOf(policies);
  }

  /** Without a rollout. */
  public ActiveSet(long generation, List<ActivePolicy> policies) {
    this(generation, policies, null);
  }

  /** Where the policy is whose place {@code candidate} is to take; -1: there is none. */
  public int slotBeside(ActivePolicy candidate) {
    return policies.stream()
        .filter(one -> one.policy().name().equals(candidate.policy().name()))
        .filter(one -> one.term() == Term.ALWAYS || one.term() == Term.UNTIL_LEASE_ENDS)
        .mapToInt(ActivePolicy::slot)
        .findFirst()
        .orElse(-1);
  }
}
