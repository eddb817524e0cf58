package dev.interdict.control;

import dev.interdict.policy.Policy.Mode;
import java.util.List;

/**
 * All that is in force on a host, as one value.
 *
 * @param generation rises with each change
 * @param host {@code AUDIT}: nothing is refused whatever the policies say; {@code ENFORCE}: each
 *     policy's mode counts
 * @param policies by slot
 */
public record ActiveSet(long generation, Mode host, List<ActivePolicy> policies) {
  /** What a host starts with. */
  public static final ActiveSet EMPTY = new ActiveSet(0, Mode.ENFORCE, List.of());

  public ActiveSet {
    policies = List.copyOf(policies);
  }

  /** Whether {@code policy} may refuse, as far as modes tell. */
  public boolean enforces(ActivePolicy policy) {
    return host == Mode.ENFORCE && policy.mode() == Mode.ENFORCE;
  }
}
