package dev.interdict.control;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A candidate on its way into force, in steps. Immutable, and saved as it is.
 *
 * @param policy the name of the pair
 * @param revision of the candidate
 * @param beside of the policy in force; 0: there is none
 * @param plan what the operator asked for
 * @param by who began it
 * @param why in his words
 * @param first half of the key that says which units come first
 * @param second the other half
 * @param step which of the plan's it is at, from 0
 * @param change its line in the history
 * @param sinceNs when the step began or was resumed, by the kernel's clock (CLOCK_BOOTTIME)
 * @param endNs when the kernel ends the rollout by itself, by the same clock
 * @param paused whether it stays at this step
 * @param boot which boot of the host that clock is of
 * @param acceptedKeys {@link Figures#newlyDeniedKeys} when it began
 * @param acceptedUnits {@link Figures#newlyDeniedUnits} when it began
 */
public record Rollout(
    String policy,
    long revision,
    long beside,
    Plan plan,
    String by,
    String why,
    long first,
    long second,
    int step,
    long change,
    long sinceNs,
    long endNs,
    boolean paused,
    String boot,
    long acceptedKeys,
    long acceptedUnits) {

  /** The longest that a step, or a pause, may last. */
  public static final Duration LONGEST = Leases.LONGEST;

  private static final int STEPS_MAX = 20;

  /**
   * One step.
   *
   * @param percent of the units; 100: the candidate is in force
   * @param seconds how long it lasts at least; of the last one 0
   */
  public record Step(int percent, long seconds) {
    Duration time() {
      return Duration.ofSeconds(seconds);
    }
  }

  /**
   * What an operator asks for.
   *
   * @param minKeys about so many keys both must have been asked before a gate can pass
   * @param minUnits so many units must have the candidate before a gate can pass, 0: it may be in
   *     none; null (of engines that did not ask): 1
   * @param limits by {@link Gate#id}; of others their own counts
   * @param patienceSeconds how long gates that cannot tell are waited for after a step's time
   * @param confirmSeconds how long the last step waits for its confirmation; 0: it needs none
   */
  public record Plan(
      List<Step> steps,
      long minKeys,
      Long minUnits,
      Map<String, Long> limits,
      long patienceSeconds,
      long confirmSeconds) {

    /**
     * Looks at it whole.
     *
     * @throws IllegalArgumentException if it cannot be followed; the message says why, and what to
     *     do
     */
    public Plan {
      steps = List.copyOf(steps);
      limits = Map.copyOf(limits);
      minUnits = minUnits == null ? 1 : minUnits;
      check(steps);
      if (minKeys < 1) {
        throw new IllegalArgumentException("min-keys is " + minKeys + "; it is at least 1");
      }
      if (minUnits < 0) {
        throw new IllegalArgumentException("min-units is " + minUnits + "; it is at least 0");
      }
      require("the patience", patienceSeconds, 1);
      require("the time to confirm", confirmSeconds, 0);
      limits.forEach(Plan::check);
    }

    private static void check(List<Step> steps) {
      if (steps.size() < 2 || steps.size() > STEPS_MAX) {
        throw new IllegalArgumentException(
            "%d steps; a rollout has 2 to %d, such as 10%%:10m,50%%:10m,100%%"
                .formatted(steps.size(), STEPS_MAX));
      }
      int before = 0;
      for (Step step : steps.subList(0, steps.size() - 1)) {
        if (step.percent() <= before || step.percent() > 99) {
          throw new IllegalArgumentException(
              step.percent() + "% after " + before + "%; steps rise from 1% to 99%, then 100%");
        }
        require("the time of the step of " + step.percent() + "%", step.seconds(), 1);
        before = step.percent();
      }
      if (steps.getLast().percent() != 100 || steps.getLast().seconds() != 0) {
        throw new IllegalArgumentException(
            "the last step must be 100%, without a time; to have it undone by itself, confirm it"
                + " within a time");
      }
    }

    private static void require(String what, long seconds, long least) {
      if (seconds < least || seconds > LONGEST.toSeconds()) {
        throw new IllegalArgumentException(
            what + " is " + seconds + " s; it is " + least + " s to 1 day");
      }
    }

    private static void check(String gate, long limit) {
      Gate known =
          Gate.of(gate)
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "\"" + gate + "\" is no gate; there are " + names()));
      if (!known.settable() || limit < 0) {
        throw new IllegalArgumentException(
            known.settable()
                ? "the limit of " + gate + " is " + limit + "; it is at least 0"
                : "the limit of " + gate + " is always " + known.limit());
      }
    }

    private static String names() {
      return List.of(Gate.values()).stream()
          .filter(Gate::settable)
          .map(Gate::id)
          .collect(Collectors.joining(", "));
    }

    long limit(Gate gate) {
      return limits.getOrDefault(gate.id(), gate.limit());
    }
  }

  /** The share of the units in which the candidate refuses now, of a hundred. */
  public int percent() {
    return now().percent();
  }

  Step now() {
    return plan.steps().get(step);
  }

  /** In words: which step this is. */
  String stepText() {
    return "%d %%, step %d of %d".formatted(now().percent(), step + 1, plan.steps().size());
  }

  Rollout at(int next, long id, long nowNs) {
    return with(next, id, nowNs, end(plan.steps().get(next), nowNs), false, boot);
  }

  /** Its step begins anew: so gates are judged for a whole one. */
  Rollout again(long nowNs) {
    return with(step, change, nowNs, end(now(), nowNs), false, boot);
  }

  /** Over, for the kernel. */
  Rollout endingAt(long nowNs) {
    return with(step, change, sinceNs, nowNs, paused, boot);
  }

  Rollout paused(long nowNs) {
    return with(step, change, sinceNs, nowNs + LONGEST.toNanos(), true, boot);
  }

  /**
   * By another engine, which has measured nothing yet: nothing that it measures was there at the
   * beginning. The end stays, lest engines that crash keep it up for ever.
   */
  Rollout resumed(long nowNs) {
    return new Rollout(
        policy, revision, beside, plan, by, why, first, second, step, change, nowNs, endNs, paused,
        boot, 0, 0);
  }

  private long end(Step of, long nowNs) {
    return nowNs + of.time().plusSeconds(plan.patienceSeconds()).toNanos();
  }

  private Rollout with(int nextStep, long id, long since, long end, boolean pause, String bootId) {
    return new Rollout(
        policy,
        revision,
        beside,
        plan,
        by,
        why,
        first,
        second,
        nextStep,
        id,
        since,
        end,
        pause,
        bootId,
        acceptedKeys,
        acceptedUnits);
  }
}
