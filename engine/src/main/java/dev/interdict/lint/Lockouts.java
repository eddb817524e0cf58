package dev.interdict.lint;

import dev.interdict.eval.PolicyModule;
import dev.interdict.policy.Policy;
import java.util.List;
import java.util.Set;

/**
 * The protected set: what a host needs to start, to be logged in to and to be put right, and what
 * every program of a scope does before anything else. No state.
 */
public final class Lockouts {
  private Lockouts() {}

  /**
   * What of it a policy denies, tried on the very module that would enforce.
   *
   * @param literals absolute paths that the policy mentions
   * @return name and reason of each event; empty: nothing
   */
  public static List<String> of(PolicyModule module, Set<String> literals, Policy policy) {
    return HostEvents.lockouts(module, literals, policy);
  }
}
