package dev.interdict.control;

/**
 * What was measured of a candidate. All but the counts of keys and units rise only, and begin anew
 * with another engine.
 *
 * @param judged questions that candidate and policy in force were both asked
 * @param newlyDeniedKeys different ones that only the candidate denies; of those for which there
 *     was no room all questions count
 * @param newlyDeniedUnits cgroups in which it does, of those that are kept
 * @param protectedDenials of these keys, those of what a host needs to start, to be logged in to
 *     and to be put right
 * @param unanswered questions to which one of the two gave no answer
 * @param fallbacks attempts that the candidate's fallback answered
 * @param overRate questions that no policy of the host was asked since they came too fast
 */
public record Figures(
    long judged,
    long newlyDeniedKeys,
    long newlyDeniedUnits,
    long protectedDenials,
    long unanswered,
    long fallbacks,
    long overRate) {
  /** Nothing is measured yet. */
  public static final Figures NONE = new Figures(0, 0, 0, 0, 0, 0, 0);
}
