package dev.interdict.control;

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
 */
public record Modes(Mode host, Map<String, Mode> overrides) {
  public Modes {
    overrides = Map.copyOf(overrides);
  }

  /** Whether {@code policy} may refuse. */
  public boolean enforces(Policy policy) {
    return host == Mode.ENFORCE
        && overrides.getOrDefault(policy.name(), policy.mode()) == Mode.ENFORCE;
  }
}
