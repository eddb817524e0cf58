package dev.interdict.control;

import dev.interdict.control.Gate.Outcome;
import dev.interdict.control.Gate.Result;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Judges the gates of a rollout by what was measured. No state. */
final class Gates {
  private Gates() {}

  /**
   * What is known at one moment.
   *
   * @param start when the rollout began, or this engine
   * @param now null: it cannot be had, and {@code problem} says why
   * @param problem why not, or why nothing is refused that could tell; null: nothing is wrong
   * @param tripped budgets of the pair that are used up; {@link #UNKNOWN}: it cannot be had either
   * @param elapsed of the step's time
   * @param seen for how long all records were read; null: for all of {@code elapsed}
   */
  record Measured(
      Figures start, Figures now, String problem, int tripped, Duration elapsed, Duration seen) {
    static final int UNKNOWN = -1;

    /** All was seen. */
    Measured(Figures start, Figures now, String problem, int tripped, Duration elapsed) {
      this(start, now, problem, tripped, elapsed, null);
    }
  }

  /** All gates, in their order. */
  static List<Result> judge(Rollout rollout, Measured measured) {
    return judge(rollout, measured, rollout.now().time());
  }

  /**
   * The same.
   *
   * @param time that must have passed
   */
  static List<Result> judge(Rollout rollout, Measured measured, Duration time) {
    List<Result> results = new ArrayList<>();
    for (Gate gate : Gate.values()) {
      results.add(judge(gate, rollout, measured, time));
    }
    return results;
  }

  private static Result judge(Gate gate, Rollout rollout, Measured by, Duration time) {
    long limit = rollout.plan().limit(gate);
    if (by.now() == null && (gate != Gate.BUDGET_TRIPS || by.tripped() == Measured.UNKNOWN)) {
      return new Result(gate, Outcome.ERROR, -1, limit, "cannot be measured: " + by.problem());
    }
    long measured = gate == Gate.BUDGET_TRIPS ? by.tripped() : of(gate, rollout, by);
    if (gate == Gate.NEWLY_DENIED_UNITS && elsewhere(by) > 0) {
      String least =
          "at least %d; attempts in others than the %d cgroups that are told apart: %d"
              .formatted(measured, by.now().newlyDeniedUnits(), elsewhere(by));
      return new Result(gate, Outcome.FAILED, measured, limit, least);
    }
    if (measured > limit) {
      Outcome outcome = gate == Gate.EVALUATION_FAILURES ? Outcome.ERROR : Outcome.FAILED;
      return new Result(gate, outcome, measured, limit, measured + ", more than " + limit);
    }
    String why = tooLittle(gate, rollout, by, time);
    return why == null
        ? new Result(gate, Outcome.PASSED, measured, limit, measured + ", at most " + limit)
        : new Result(gate, Outcome.INCONCLUSIVE, measured, limit, measured + ", but " + why);
  }

  /** Nobody can say of how many cgroups, so no limit is kept. */
  private static long elsewhere(Measured by) {
    return by.now().deniedElsewhere() - by.start().deniedElsewhere();
  }

  /** Why nothing can be told yet; null: it can. */
  private static String tooLittle(Gate gate, Rollout rollout, Measured by, Duration time) {
    if (by.problem() != null) {
      return by.problem();
    }
    // Also for who does not wait for the step's time: nothing passes by what was not seen.
    Duration whole = rollout.now().time();
    if (gate.restsOnRecords() && by.seen() != null && by.seen().compareTo(whole) < 0) {
      return "unseen attempts: %d, the last one %s ago; it takes %s without one"
          .formatted(by.now().unseen() - by.start().unseen(), words(by.seen()), words(whole));
    }
    if (by.now().judged() < rollout.plan().minKeys()) {
      return by.now().judged() + " of " + rollout.plan().minKeys() + " keys were judged";
    }
    return by.elapsed().compareTo(time) >= 0
        ? null
        : "%s of %s are over".formatted(words(by.elapsed()), words(time));
  }

  private static String words(Duration time) {
    return time.truncatedTo(ChronoUnit.SECONDS).toString().substring(2).toLowerCase(Locale.ROOT);
  }

  private static long of(Gate gate, Rollout rollout, Measured by) {
    Figures start = by.start();
    Figures now = by.now();
    return switch (gate) {
      case NEWLY_DENIED_KEYS -> Math.max(0, now.newlyDeniedKeys() - rollout.acceptedKeys());
      case NEWLY_DENIED_UNITS -> Math.max(0, now.newlyDeniedUnits() - rollout.acceptedUnits());
      case PROTECTED_DENIALS -> now.protectedDenials();
      case FALLBACKS -> now.fallbacks() - start.fallbacks();
      case EVALUATION_FAILURES -> now.unanswered() - start.unanswered();
      case OVER_RATE -> now.overRate() - start.overRate();
      case BUDGET_TRIPS -> by.tripped();
    };
  }

  /** The worst of them. */
  static Outcome worst(List<Result> results) {
    return results.stream()
        .map(Result::outcome)
        .max(Outcome::compareTo)
        .orElse(Outcome.INCONCLUSIVE);
  }

  /** Those that stand so, in words. */
  static String words(List<Result> results, Outcome outcome) {
    return results.stream()
        .filter(result -> result.outcome() == outcome)
        .map(result -> result.gate().id() + ": " + result.detail())
        .collect(Collectors.joining("; "));
  }
}
