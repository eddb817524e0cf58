package dev.interdict.control;

/**
 * What was measured of a candidate. Rises only, and begins anew with another engine.
 *
 * @param judged different keys that candidate and policy in force were both asked about
 * @param newlyDeniedKeys different ones that only the candidate denies; of those for which there
 *     was no room all questions count
 * @param newlyDeniedUnits cgroups in which it does, as far as they are told apart: 4,096 at most
 * @param deniedElsewhere attempts that only the candidate denies in other cgroups than these
 * @param protectedDenials attempts that only the candidate denies, of what a host needs to start,
 *     to be logged in to and to be put right
 * @param unanswered questions to which one of the two gave no answer
 * @param fallbacks attempts that the candidate's fallback answered
 * @param overRate questions that no policy of the host was asked since they came too fast
 * @param unseen attempts at the hooks of the two that no figure but {@code fallbacks} has, since
 *     their records were folded, lost, or could not be read; whoever's denials they are
 */
public record Figures(
    long judged,
    long newlyDeniedKeys,
    long newlyDeniedUnits,
    long deniedElsewhere,
    long protectedDenials,
    long unanswered,
    long fallbacks,
    long overRate,
    long unseen) {
  /** Nothing is measured yet. */
  public static final Figures NONE = new Figures(0, 0, 0, 0, 0, 0, 0, 0, 0);
}
