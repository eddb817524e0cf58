package dev.interdict.decisions;

import dev.interdict.builtins.Glob;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.event.Hook;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which decisions somebody wants: conditions that must all hold. Within one collection any element
 * is enough, an empty one accepts everything. Its time is linear in the record, because it runs
 * where decisions are made.
 *
 * @param uids user ids of the subject
 * @param executables over the path of the subject's executable
 * @param cgroups paths, each with all below it
 */
public record DecisionFilter(
    Set<Outcome> outcomes,
    Set<Hook> hooks,
    Set<String> policies,
    Set<Integer> uids,
    List<Glob> executables,
    List<String> cgroups)
    implements Predicate<DecisionRecord> {

  /** Accepts every decision. */
  public static final DecisionFilter ALL =
      new DecisionFilter(Set.of(), Set.of(), Set.of(), Set.of(), List.of(), List.of());

  /** Whether a decision of this outcome can be accepted. */
  boolean outcome(Outcome outcome) {
    return accepts(outcomes, outcome);
  }

  @Override
  public boolean test(DecisionRecord record) {
    return outcome(record.outcome())
        && accepts(hooks, record.hook())
        && (policies.isEmpty()
            || record.findings().stream().anyMatch(f -> policies.contains(f.policy())))
        && subject(record.subject());
  }

  private boolean subject(DecisionRecord.Subject subject) {
    if (subject == null) {
      return uids.isEmpty() && executables.isEmpty() && cgroups.isEmpty();
    }
    return accepts(uids, subject.uid())
        && (executables.isEmpty()
            || executables.stream().anyMatch(glob -> glob.matches(subject.exe())))
        && (cgroups.isEmpty() || cgroups.stream().anyMatch(c -> isBelow(subject.cgroup(), c)));
  }

  private static <T> boolean accepts(Set<T> wanted, T value) {
    return wanted.isEmpty() || wanted.contains(value);
  }

  private static boolean isBelow(String path, String ancestor) {
    return path.startsWith(ancestor)
        && (path.length() == ancestor.length()
            || ancestor.endsWith("/")
            || path.charAt(ancestor.length()) == '/');
  }
}
