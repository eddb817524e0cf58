package dev.interdict.control;

import dev.interdict.policy.Policy.Mode;
import java.time.Instant;

/**
 * A change that is in force and not confirmed yet, and what it is undone with. What is saved is the
 * state without it: after a restart of the engine or the host it never was.
 *
 * @param id of the change in the history
 * @param what it does
 * @param by who made it
 * @param end when it is undone, as far as clocks agree
 * @param endNs the same moment by the kernel's clock, which counts: CLOCK_BOOTTIME
 * @param before the policy it concerns as it was; null: there was none, or it concerns the host
 * @param host the host's mode as it was
 */
public record Pending(
    long id, Change what, Origin by, Instant end, long endNs, HeldPolicy before, Mode host) {

  /** Whether only modes change with it, and no policy. */
  boolean isSwitch() {
    return what.kind() == Change.Kind.MODE;
  }

  /** Whether it changes this policy. */
  boolean concerns(String policy) {
    return !what.policy().isEmpty() && what.policy().equals(policy);
  }

  /** A switch that is not leased counts before the end and after it. */
  Pending switched(String policy, Mode mode) {
    HeldPolicy other =
        before != null && before.name().equals(policy) ? before.withOverride(mode) : before;
    return new Pending(id, what, by, end, endNs, other, host);
  }

  /** As {@link #switched}, of the host. */
  Pending hostSwitched(Mode mode) {
    return new Pending(id, what, by, end, endNs, before, mode);
  }
}
