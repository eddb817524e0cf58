package dev.interdict.cli;

import dev.interdict.compile.TestReport;
import dev.interdict.compile.TestReport.Outcome;
import dev.interdict.policy.Cases;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the tests of a policy have shown.
 *
 * @param tests null if there are no Rego tests
 * @param threshold least coverage in percent
 */
record TestOutcome(TestReport tests, List<Cases.Result> cases, double threshold) {

  boolean passed() {
    return !(results().isEmpty() && cases.isEmpty())
        && (tests == null || tests.passed())
        && cases.stream().allMatch(Cases.Result::passed)
        && covered() >= threshold;
  }

  private List<TestReport.Result> results() {
    return tests == null ? List.of() : tests.tests();
  }

  private double covered() {
    return tests == null ? 0 : tests.coveredPercent();
  }

  void tell(PrintWriter out, Style style, boolean verbose, String path) {
    for (TestReport.Result test : results()) {
      boolean good = test.outcome() == Outcome.PASS || test.outcome() == Outcome.SKIP;
      if (!good || verbose) {
        line(out, style, good, test.file() + ":" + test.line(), test.name(), test.message());
      }
      if (!good && !test.output().isEmpty()) {
        test.output().lines().forEach(l -> out.println("      " + Text.line(l)));
      }
    }
    for (Cases.Result result : cases) {
      if (!result.passed() || verbose) {
        line(
            out,
            style,
            result.passed(),
            "cases.yaml:" + result.about().line(),
            result.about().name(),
            result.passed() ? "" : result.problem());
        if (!result.passed()) {
          String input = new String(result.about().inputJson(), StandardCharsets.UTF_8);
          out.println("      asked about " + Text.line(input));
        }
      }
    }
    summary(out, style, path);
  }

  private static void line(
      PrintWriter out, Style style, boolean good, String place, String name, String problem) {
    String mark =
        good ? style.green(style.symbol("✔", "ok")) : style.red(style.symbol("✘", "FAILED"));
    out.println(
        mark
            + " "
            + Text.line(place)
            + " "
            + Text.line(name)
            + (problem.isEmpty() ? "" : ": " + Text.line(problem)));
  }

  private void summary(PrintWriter out, Style style, String path) {
    if (results().isEmpty() && cases.isEmpty()) {
      out.println(style.red("nothing to run:") + " write cases.yaml or *_test.rego");
      return;
    }
    long failed =
        results().stream()
                .filter(t -> t.outcome() == Outcome.FAIL || t.outcome() == Outcome.ERROR)
                .count()
            + cases.stream().filter(c -> !c.passed()).count();
    out.print(count(results().size(), "test") + ", " + count(cases.size(), "case"));
    out.println(failed == 0 ? ": all passed" : ": " + style.red(failed + " failed"));
    if (tests != null) {
      out.println("coverage %.1f %%".formatted(covered()));
      tests
          .notCovered()
          .forEach((file, lines) -> out.println("  not covered: " + Text.line(file) + " " + lines));
      if (covered() < threshold) {
        out.println(style.red("below the threshold of " + threshold + " %"));
      }
    }
    if (passed()) {
      out.println("next: interdict policy lint " + Text.word(path));
    }
  }

  private static String count(int number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  Map<String, Object> tree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("passed", passed());
    tree.put("tests", results().stream().map(TestOutcome::tree).toList());
    tree.put("cases", cases.stream().map(TestOutcome::tree).toList());
    tree.put("coveredPercent", covered());
    tree.put("notCovered", tests == null ? Map.of() : tests.notCovered());
    return tree;
  }

  private static Map<String, Object> tree(TestReport.Result test) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", test.name());
    tree.put("file", test.file());
    tree.put("line", test.line());
    tree.put("outcome", test.outcome().name().toLowerCase(Locale.ROOT));
    tree.put("message", test.message());
    return tree;
  }

  private static Map<String, Object> tree(Cases.Result result) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", result.about().name());
    tree.put("line", result.about().line());
    tree.put("outcome", result.passed() ? "pass" : "fail");
    tree.put("message", result.passed() ? "" : result.problem());
    return tree;
  }
}
