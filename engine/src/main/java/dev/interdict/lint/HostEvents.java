package dev.interdict.lint;

import dev.interdict.eval.Decision;
import dev.interdict.eval.EvaluationException;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.policy.Cases;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.LintRule;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Events that a host must keep allowed, tried on the WebAssembly module that would enforce. They
 * are written as {@code cases.yaml} is, in the resources beside this class.
 */
final class HostEvents {
  private static final Map<LintRule, String> FILES =
      Map.of(LintRule.LOCKOUT, "lockout.yaml", LintRule.MAINTENANCE, "maintenance.yaml");

  /** More names than this are counted, not told. */
  private static final int NAMES_MAX = 3;

  private HostEvents() {}

  /** One finding for each rule of the policy that denies some of them. */
  static List<Diagnostic> denials(PolicyModule module, ParsedPolicy parsed) {
    List<Diagnostic> found = new ArrayList<>();
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      FILES.forEach((rule, file) -> found.addAll(denials(evaluator, parsed, rule, file)));
    }
    return found;
  }

  private static List<Diagnostic> denials(
      Evaluator evaluator, ParsedPolicy parsed, LintRule rule, String file) {
    Map<Diagnostic, List<String>> byPlace = new LinkedHashMap<>();
    for (Cases.Case event : events(file, parsed)) {
      for (String reason : reasons(evaluator, event)) {
        Diagnostic place = parsed.notes().about(reason, rule, "");
        byPlace
            .computeIfAbsent(place, p -> new ArrayList<>())
            .add(event.name() + " (\"" + reason + "\")");
      }
    }
    List<Diagnostic> found = new ArrayList<>();
    byPlace.forEach(
        (at, names) ->
            found.add(
                new Diagnostic(
                    at.severity(),
                    at.file(),
                    at.line(),
                    at.column(),
                    at.code(),
                    say(rule, names))));
    return found;
  }

  private static String say(LintRule rule, List<String> names) {
    String more =
        names.size() > NAMES_MAX ? " and " + (names.size() - NAMES_MAX) + " more events" : "";
    String after =
        rule == LintRule.LOCKOUT
            ? ". Enforced, this host may not start or let you in again: except these programs, or name"
                + " the cgroups it is for in spec.scope"
            : ". Except these programs if the host is to go on doing that";
    return "denies: "
        + String.join("; ", names.subList(0, Math.min(NAMES_MAX, names.size())))
        + more
        + after;
  }

  private static List<String> reasons(Evaluator evaluator, Cases.Case event) {
    try {
      Decision said = evaluator.evaluate(event.inputJson());
      return Stream.concat(said.deny().stream(), said.kill().stream()).toList();
    } catch (EvaluationException e) {
      return List.of(); // no decision is no denial; the fallback is judged with the settings
    }
  }

  private static List<Cases.Case> events(String file, ParsedPolicy parsed) {
    try (InputStream in = HostEvents.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IOException("no resource " + file);
      }
      return Cases.within(in.readAllBytes(), parsed.policy());
    } catch (IOException e) {
      throw new UncheckedIOException("the events of lint in the class path are damaged", e);
    } catch (PolicyException e) {
      throw new IllegalStateException("the events of lint in the class path are damaged", e);
    }
  }
}
