package dev.interdict.control;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.policy.Policy;

/**
 * One policy in force.
 *
 * @param slot its bit in the kernel's masks, 0 to 255
 */
public record ActivePolicy(int slot, Policy policy, CompiledPolicy compiled, Term term) {
  /** When its mode counts; at other times it is asked, and refuses nothing. */
  public enum Term {
    ALWAYS,
    /** Until the end of the {@link Lease}: it waits for its confirmation. */
    UNTIL_LEASE_ENDS,
    /** From there on: it is what the one that waits has replaced. */
    AFTER_LEASE_ENDS,
    /** Never: it is compared with the one in force of its name. */
    CANDIDATE,
    /** In the units of the set's {@link Canary}, in place of the one in force of its name. */
    CANARY
  }
}
