package dev.interdict.control;

import java.util.List;

/**
 * All policies in force on a host, as one value.
 *
 * @param generation rises with each change
 * @param policies by slot
 */
public record ActiveSet(long generation, List<ActivePolicy> policies) {
  /** What a host starts with. */
  public static final ActiveSet EMPTY = new ActiveSet(0, List.of());

  public ActiveSet {
    policies = List.copyOf(policies);
  }
}
