package dev.interdict.decisions;

import java.time.Instant;
import java.util.List;

/**
 * How a candidate and the policy in force of its name have answered what the engine was asked.
 *
 * @param since when the first question was compared
 * @param alike questions that both answered alike
 * @param newlyDenied questions that only the candidate denies
 * @param newlyAllowed questions that only the policy in force denies
 * @param undecided questions to which one of them gave no answer
 * @param differences of the last three those of the keys that came first
 * @param omitted questions of the other keys
 */
public record Comparison(
    Instant since,
    long alike,
    long newlyDenied,
    long newlyAllowed,
    long undecided,
    List<Difference> differences,
    long omitted) {

  /** What the two say to one key. */
  public enum Kind {
    NEWLY_DENIED,
    NEWLY_ALLOWED,
    UNDECIDED
  }

  /**
   * A key that they do not answer alike.
   *
   * @param example the first attempt, and what those of the two said that object or failed
   * @param asked how often the engine was asked
   */
  public record Difference(Kind kind, DecisionRecord example, long asked) {}
}
