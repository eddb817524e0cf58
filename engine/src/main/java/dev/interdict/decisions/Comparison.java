package dev.interdict.decisions;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * How a candidate and the policy in force of its name have answered what the engine was asked.
 *
 * @param since when the first question was compared
 * @param alike questions that both answered alike
 * @param newlyDenied questions that only the candidate denies
 * @param newlyAllowed questions that only the policy in force denies
 * @param undecided questions to which one of them gave no answer
 * @param untold questions of tasks whose cgroup had gone before anybody could tell whether both are
 *     asked about them: nobody has failed, and nothing was judged
 * @param differences of those that differ or are undecided those of the keys that came first
 * @param omitted questions of the other keys, by kind
 * @param judged different keys that both were asked about; of those for which there was no room all
 *     questions count
 * @param deniedIn cgroups in which something was newly denied, asked or not: who asks first asks
 *     for all who have the same key
 * @param deniedElsewhere attempts newly denied in other cgroups than these, for which there was no
 *     room
 * @param deniedNeeded attempts newly denied, asked or not, of what a host needs to start, to be
 *     logged in to and to be put right
 */
public record Comparison(
    Instant since,
    long alike,
    long newlyDenied,
    long newlyAllowed,
    long undecided,
    long untold,
    List<Difference> differences,
    Map<Kind, Long> omitted,
    long judged,
    long deniedIn,
    long deniedElsewhere,
    long deniedNeeded) {

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
