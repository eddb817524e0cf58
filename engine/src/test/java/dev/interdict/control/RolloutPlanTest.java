package dev.interdict.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.Rollout.Plan;
import dev.interdict.control.Rollout.Step;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RolloutPlanTest {
  private static final List<Step> STEPS = List.of(new Step(10, 600), new Step(100, 0));

  private static void refused(String why, List<Step> steps) {
    refused(why, () -> new Plan(steps, 1, 1L, Map.of(), 1, 0));
  }

  private static void refused(String why, Runnable plan) {
    String message = assertThrows(IllegalArgumentException.class, plan::run).getMessage();
    assertTrue(message.contains(why), message);
  }

  @Test
  void stepsMustRiseToAHundred() {
    refused("1 steps; a rollout has 2 to 20", List.of(new Step(100, 0)));
    refused("0 steps", List.of());
    refused("10% after 10%", List.of(new Step(10, 1), new Step(10, 1), new Step(100, 0)));
    refused("5% after 10%", List.of(new Step(10, 1), new Step(5, 1), new Step(100, 0)));
    refused("0% after 0%", List.of(new Step(0, 1), new Step(100, 0)));
    refused("100% after 0%", List.of(new Step(100, 1), new Step(100, 0)));
    refused("the last step must be 100%", List.of(new Step(10, 1), new Step(50, 1)));
    refused("the last step must be 100%", List.of(new Step(10, 1), new Step(100, 1)));
    refused("the time of the step of 10% is 0 s", List.of(new Step(10, 0), new Step(100, 0)));
    refused("1 s to 1 day", List.of(new Step(10, 86_401), new Step(100, 0)));
  }

  @Test
  void limitsMustBeOfGatesThatHaveOne() {
    refused("\"luck\" is no gate", () -> new Plan(STEPS, 1, 1L, Map.of("luck", 1L), 1, 0));
    refused("newly-denied-keys", () -> new Plan(STEPS, 1, 1L, Map.of("luck", 1L), 1, 0));
    refused("is always 0", () -> new Plan(STEPS, 1, 1L, Map.of("budget-trips", 1L), 1, 0));
    refused("is always 0", () -> new Plan(STEPS, 1, 1L, Map.of("protected-denials", 0L), 1, 0));
    refused("at least 0", () -> new Plan(STEPS, 1, 1L, Map.of("fallbacks", -1L), 1, 0));
    refused("min-keys is 0", () -> new Plan(STEPS, 0, 1L, Map.of(), 1, 0));
    refused("min-units is -1", () -> new Plan(STEPS, 1, -1L, Map.of(), 1, 0));
    refused("the patience is 0 s", () -> new Plan(STEPS, 1, 1L, Map.of(), 0, 0));
    refused("the time to confirm", () -> new Plan(STEPS, 1, 1L, Map.of(), 1, 86_401));
    Plan plan = new Plan(STEPS, 1, 1L, Map.of("fallbacks", 7L), 1, 0);
    assertEquals(7, plan.limit(Gate.FALLBACKS));
    assertEquals(0, plan.limit(Gate.NEWLY_DENIED_KEYS));
  }

  /** As it was saved by an engine that did not ask. */
  @Test
  void whoSaysNothingOfUnitsWantsOne() {
    assertEquals(1, new Plan(STEPS, 1, null, Map.of(), 1, 0).minUnits());
    assertEquals(0, new Plan(STEPS, 1, 0L, Map.of(), 1, 0).minUnits());
  }
}
