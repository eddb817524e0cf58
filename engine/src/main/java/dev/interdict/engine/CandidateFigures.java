package dev.interdict.engine;

import dev.interdict.control.ActivePolicy;
import dev.interdict.control.Figures;
import dev.interdict.decisions.Comparison;
import dev.interdict.event.Hook;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What is measured of a candidate, by what the engine and the kernel have counted. No state. */
final class CandidateFigures {
  private CandidateFigures() {}

  /** Of the policy in {@code slot} and of the others of its name, with which it is compared. */
  static Set<Hook> hooks(List<ActivePolicy> policies, int slot) {
    Set<String> names =
        policies.stream()
            .filter(one -> one.slot() == slot)
            .map(one -> one.policy().name())
            .collect(Collectors.toSet());
    Set<Hook> hooks = EnumSet.noneOf(Hook.class);
    policies.stream()
        .filter(one -> names.contains(one.policy().name()))
        .forEach(one -> hooks.addAll(one.policy().hooks()));
    return hooks;
  }

  /**
   * The figures.
   *
   * @param compared null: nothing yet
   * @param fallbacks of its slot
   * @param engine counters of the pipeline
   * @param hooks counters of each of {@link #hooks}
   */
  static Figures of(
      Comparison compared,
      long fallbacks,
      Map<String, Long> engine,
      Collection<Map<String, Long>> hooks) {
    long overRate = engine.get("over_rate");
    long unseen = engine.get("malformed") + engine.get("broken");
    for (Map<String, Long> hook : hooks) {
      unseen += hook.get("folded") + hook.get("lost_observe") + hook.get("lost_decide");
    }
    if (compared == null) {
      return new Figures(0, 0, 0, 0, 0, 0, fallbacks, overRate, unseen);
    }
    Comparison.Kind kind = Comparison.Kind.NEWLY_DENIED;
    long denied = compared.differences().stream().filter(one -> one.kind() == kind).count();
    return new Figures(
        compared.judged(),
        denied + compared.omitted().get(kind),
        compared.deniedIn(),
        compared.deniedElsewhere(),
        compared.deniedNeeded(),
        compared.undecided(),
        fallbacks,
        overRate,
        unseen);
  }
}
