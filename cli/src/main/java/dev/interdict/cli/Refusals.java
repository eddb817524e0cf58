package dev.interdict.cli;

import dev.interdict.decisions.DecisionFilter;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.event.Access;
import dev.interdict.event.Hook;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.PolicySource;
import dev.interdict.v1.HookStatus;
import dev.interdict.v1.PolicyCounters;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/**
 * What one policy has refused, each kind once, with what would allow it, where that can be told.
 */
final class Refusals {
  /** More nobody reads, and a command can make as many as it has memory for names. */
  static final int MAX_KINDS = 1000;

  /** The fact that the advice is about. */
  private static final String EXE = "process.exe.path";

  private final String policy;
  private final boolean advises;
  private final Map<Kind, Integer> kinds = new LinkedHashMap<>();
  private long untold;
  private boolean disarmed;

  /** Attempts that were refused for the same. */
  private record Kind(
      Hook hook, int access, String exe, String object, List<String> reasons, boolean fallback) {}

  /**
   * @param advises whether a condition on the program is something that its rules can take
   */
  Refusals(String policy, boolean advises) {
    this.policy = policy;
    this.advises = advises;
  }

  /** Whether a policy's rules are in YAML, where none asks about the program yet. */
  static boolean advises(PolicySource source, ParsedPolicy parsed) {
    try {
      byte[] yaml = source.files().get(source.manifest());
      byte[] json = PolicySource.yamlAsJson(source.manifest(), yaml);
      return parsed.policy().rego().keySet().equals(Set.of(String.valueOf(parsed.lowered())))
          && JsonMapper.shared().readTree(json).findValue(EXE) == null;
    } catch (PolicyException e) {
      return false;
    }
  }

  /** What there is to be taken: nothing that the rest of the host does. */
  static DecisionFilter of(String cgroup) {
    return new DecisionFilter(
        Set.of(Outcome.DENIED), Set.of(), Set.of(), Set.of(), List.of(), List.of(cgroup));
  }

  /**
   * Counts what comes.
   *
   * @param quiet until nothing has come for so long
   * @param most or until this has passed, whatever comes
   */
  void take(DecisionLog.Subscription decisions, Duration quiet, Duration most)
      throws InterruptedException {
    long begun = System.nanoTime();
    DecisionRecord next;
    do {
      next = decisions.poll(quiet);
      if (next != null) {
        add(next);
      }
    } while (next != null && System.nanoTime() - begun < most.toNanos());
    untold += decisions.takeLost();
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
    if (kinds.size() < MAX_KINDS || kinds.containsKey(kind)) {
      kinds.merge(kind, 1, Integer::sum);
    } else {
      untold++;
    }
  }

  /**
   * Counts what has no record: in a flood the kernel refuses and tells nobody.
   *
   * @param hooks what was counted at each, since the command began
   * @param policy what was counted of the policy
   */
  void missed(List<HookStatus> hooks, PolicyCounters policy) {
    for (HookStatus hook : hooks) {
      untold +=
          hook.getCountersOrDefault("folded", 0) + hook.getCountersOrDefault("lost_observe", 0);
    }
    disarmed |= policy.getTripped() > 0;
  }

  boolean isEmpty() {
    return kinds.isEmpty() && untold == 0;
  }

  void print(PrintWriter out) {
    if (isEmpty()) {
      out.println("nothing was refused");
      return;
    }
    out.println("refused:");
    kinds.forEach(
        (kind, count) -> {
          out.printf(
              "  %d x %s %s %s by %s%n",
              count,
              kind.hook.id(),
              accesses(kind.hook, kind.access),
              shown(kind.object),
              shown(kind.exe));
          kind.reasons.forEach(reason -> out.println("      because: " + Text.line(reason)));
          if (kind.fallback) {
            out.println(
                "      because: there was no decision (late, or failed); its fallback is deny");
          } else if (advises && !kind.reasons.isEmpty() && !kind.exe.isEmpty()) {
            out.println("      to allow it, for example add this to the rule that says so:");
            out.println("        " + EXE + ": {notIn: [" + Text.json(kind.exe) + "]}");
          }
        });
    if (untold > 0) {
      out.println("  and " + untold + " more that are not told: there were too many");
    }
    if (disarmed) {
      out.println("  then its budget was used up: from there on nothing was refused, nor is told");
    }
  }

  private static String accesses(Hook hook, int bits) {
    return Access.of(hook, bits).stream().map(Access::id).collect(Collectors.joining(","));
  }

  private static String shown(String name) {
    return name.isEmpty() ? "?" : Text.word(name);
  }
}
