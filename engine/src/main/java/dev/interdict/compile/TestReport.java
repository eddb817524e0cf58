package dev.interdict.compile;

import dev.interdict.policy.Diagnostic;
import java.util.List;
import java.util.Map;

/**
 * What a policy's Rego tests have shown.
 *
 * @param diagnostics findings; with an error among them nothing was run
 * @param tests by package and name
 * @param coveredPercent share of the policy's expressions that the tests have evaluated, 0 to 100
 * @param notCovered lines no test has reached, by file
 */
public record TestReport(
    List<Diagnostic> diagnostics,
    List<Result> tests,
    double coveredPercent,
    Map<String, List<Integer>> notCovered) {

  /** How one test ended. */
  public enum Outcome {
    PASS,
    FAIL,
    ERROR,
    SKIP
  }

  /**
   * One test.
   *
   * @param line of the test
   * @param message why it ended with an error; else empty
   * @param output what it printed
   */
  public record Result(
      String name, String file, int line, Outcome outcome, String message, String output) {}

  /** Whether something was run and nothing failed. */
  public boolean passed() {
    return !tests.isEmpty()
        && tests.stream()
            .noneMatch(t -> t.outcome() == Outcome.FAIL || t.outcome() == Outcome.ERROR);
  }
}
