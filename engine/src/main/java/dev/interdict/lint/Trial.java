package dev.interdict.lint;

import dev.interdict.eval.Decision;
import dev.interdict.eval.EvaluationException;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.event.Hook;
import dev.interdict.policy.Cases;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Asks a policy about an ordinary event of each of its hooks before anybody relies on it. One that
 * runs out of time, conflicts with itself or breaks off there would leave every answer to its
 * fallback.
 */
public final class Trial {
  /** The first goes through code that nothing has warmed. */
  private static final int ATTEMPTS = 5;

  private Trial() {}

  /**
   * An error for each hook at which the policy decides about none of them. Takes at most a quarter
   * of a second of processor time for each event.
   */
  public static List<Diagnostic> run(PolicyModule module, ParsedPolicy parsed) {
    Map<Hook, String> failures = new EnumMap<>(Hook.class);
    Map<Hook, Boolean> answered = new EnumMap<>(Hook.class);
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      for (Cases.Case event : EventFile.of("ordinary.yaml", parsed.policy())) {
        String failure = failure(evaluator, event);
        if (failure == null) {
          answered.put(event.hook(), true);
        } else {
          failures.put(event.hook(), event.name() + " (" + failure + ")");
        }
      }
    }
    failures.keySet().removeAll(answered.keySet());
    List<Diagnostic> found = new ArrayList<>();
    failures.forEach(
        (hook, failure) ->
            found.add(
                parsed
                    .notes()
                    .error(
                        "policy.no-answer",
                        "gives no decision at %s, for instance when %s: the fallback would answer for it"
                            .formatted(hook.id(), failure))));
    return found;
  }

  /** Why it did not answer, each time; null if it did once. */
  private static String failure(Evaluator evaluator, Cases.Case event) {
    try {
      ask(evaluator, event);
      return null;
    } catch (EvaluationException e) {
      return e.getMessage();
    }
  }

  /**
   * What the policy says, if it says it once in several attempts: on a busy machine cold code can
   * take its time.
   *
   * @throws EvaluationException the last of its failures
   */
  static Decision ask(Evaluator evaluator, Cases.Case event) throws EvaluationException {
    for (int attempt = 1; ; attempt++) {
      try {
        return evaluator.evaluate(event.inputJson());
      } catch (EvaluationException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }
}
