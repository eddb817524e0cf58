package dev.interdict.cli;

import dev.interdict.v1.GateOutcome;
import dev.interdict.v1.Rollout;
import dev.interdict.v1.RolloutGate;
import dev.interdict.v1.RolloutStep;
import dev.interdict.v1.RolloutUnit;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** A rollout for people. */
final class RolloutTable {
  /** Units that are shown; programs get all. */
  private static final int UNITS_MAX = 50;

  private RolloutTable() {}

  static void print(Rollout rollout, Style style, PrintWriter out) {
    String name = Text.word(rollout.getPolicy());
    out.printf(
        "rollout   %s: revision %d in place of %s, %d %% (step %d of %d)%s%n",
        name,
        rollout.getRevision(),
        rollout.getBeside() == 0 ? "nothing" : Long.toString(rollout.getBeside()),
        rollout.getPercent(),
        rollout.getStep(),
        rollout.getStepsCount(),
        rollout.getPaused() ? style.yellow(", pauses") : "");
    out.printf(
        "steps     %s%n",
        String.join(", ", rollout.getStepsList().stream().map(RolloutTable::words).toList()));
    out.printf(
        "by        %s, change %d%s%n",
        Text.line(rollout.getBy()),
        rollout.getChange(),
        rollout.getWhy().isEmpty() ? "" : ": " + Text.line(rollout.getWhy()));
    out.printf(
        "ends      in %s, unless another step comes%n%n",
        words(Duration.ofSeconds(rollout.getLeft().getSeconds())));
    Table gates = new Table("GATE", "OUTCOME", "MEASURED", "LIMIT", "WHY");
    for (RolloutGate gate : rollout.getGatesList()) {
      gates.row(
          gate.getName(),
          word(gate.getOutcome()),
          gate.getMeasured() < 0 ? "-" : gate.getMeasured(),
          gate.getLimit(),
          gate.getDetail());
    }
    out.println(gates.render());
    List<RolloutUnit> all = rollout.getUnitsList();
    Table units = new Table("UNIT", "REFUSES NOW", "NEXT STEP");
    all.stream()
        .limit(UNITS_MAX)
        .forEach(unit -> units.row(name(unit), side(unit.getCanary()), side(unit.getNext())));
    out.print(units.render());
    List<RolloutUnit> some = all.stream().filter(unit -> !unit.getEmpty()).toList();
    long in = some.stream().filter(RolloutUnit::getCanary).count();
    int more = all.size() - UNITS_MAX;
    out.printf(
        "%d of %d units have the candidate%s%s%n",
        in,
        some.size(),
        some.size() < all.size() ? ", " + (all.size() - some.size()) + " empty" : "",
        more > 0 ? "; " + more + " more: -o json" : "");
    out.println("next: interdict rollout advance|pause|abort " + name);
  }

  private static String name(RolloutUnit unit) {
    return unit.getCgroup() + (unit.getEmpty() ? " (empty)" : "");
  }

  private static String side(boolean canary) {
    return canary ? "candidate" : "policy";
  }

  private static String words(RolloutStep step) {
    return step.getPercent()
        + " %"
        + (step.hasTime() ? " for " + words(Duration.ofSeconds(step.getTime().getSeconds())) : "");
  }

  private static String words(Duration time) {
    return time.toString().substring(2).toLowerCase(Locale.ROOT);
  }

  private static String word(GateOutcome outcome) {
    return switch (outcome) {
      case GATE_OUTCOME_PASSED -> "passed";
      case GATE_OUTCOME_INCONCLUSIVE -> "inconclusive";
      case GATE_OUTCOME_ERROR -> "error";
      case GATE_OUTCOME_FAILED -> "failed";
      case GATE_OUTCOME_UNSPECIFIED, UNRECOGNIZED -> "unknown to this interdict";
    };
  }
}
