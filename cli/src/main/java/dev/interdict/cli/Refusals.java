package dev.interdict.cli;

import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.event.Access;
import dev.interdict.event.Hook;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/** What one policy has refused, each kind once, with the text that would allow it. */
final class Refusals {
  private final String policy;
  private final Map<Kind, Integer> kinds = new LinkedHashMap<>();

  /** Attempts that were refused for the same. */
  private record Kind(
      Hook hook, int access, String exe, String object, List<String> reasons, boolean fallback) {}

  Refusals(String policy) {
    this.policy = policy;
  }

  /** Counts it, if it was refused. */
  void add(DecisionRecord record) {
    if (record.outcome() != Outcome.DENIED) {
      return;
    }
    List<String> reasons = new ArrayList<>();
    for (Finding finding : record.findings()) {
      if (finding.policy().equals(policy)) {
        reasons.addAll(finding.kill());
        reasons.addAll(finding.deny());
      }
    }
    Kind kind =
        new Kind(
            record.hook(),
            record.access(),
            record.subject().exe(),
            record.object(),
            reasons,
            record.fallback());
    kinds.merge(kind, 1, Integer::sum);
  }

  boolean isEmpty() {
    return kinds.isEmpty();
  }

  void print(PrintWriter out) {
    if (kinds.isEmpty()) {
      out.println("nothing was refused");
      return;
    }
    out.println("refused:");
    kinds.forEach(
        (kind, count) -> {
          out.printf(
              "  %d x %s %s %s by %s%n",
              count, kind.hook.id(), accesses(kind.access), shown(kind.object), shown(kind.exe));
          kind.reasons.forEach(reason -> out.println("      because: " + Text.line(reason)));
          if (kind.fallback) {
            out.println("      because: there was no decision in time; its fallback is deny");
          } else if (!kind.exe.isEmpty()) {
            out.println("      to allow it, add this to the rule that says so:");
            out.println("        process.exe.path: {notIn: [" + quoted(kind.exe) + "]}");
          }
        });
  }

  private static String accesses(int bits) {
    return Arrays.stream(Access.values())
        .filter(access -> access.in(bits))
        .map(Access::id)
        .collect(Collectors.joining(","));
  }

  private static String shown(String name) {
    return name.isEmpty() ? "?" : Text.word(name);
  }

  /** As YAML takes it: JSON is YAML. */
  private static String quoted(String text) {
    return JsonMapper.shared().writeValueAsString(text);
  }
}
