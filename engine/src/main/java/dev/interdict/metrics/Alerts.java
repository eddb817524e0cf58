package dev.interdict.metrics;

import java.util.List;

/** Rules for Prometheus that call somebody, made of the {@link Metric list of metrics}. */
public final class Alerts {
  private static final String RECENT = "[5m]";

  private static final List<Alert> ALL =
      List.of(
          // Of a dead engine there is no sample, and every other rule needs one.
          host(
              "InterdictEngineGone",
              "critical",
              "max_over_time("
                  + name(Metric.ENGINE_START_TIME_SECONDS)
                  + "[1d]) unless "
                  + name(Metric.ENGINE_START_TIME_SECONDS),
              "1m",
              "there are no metrics any more: the engine is gone, frozen, or cannot be asked"),
          host(
              "InterdictEngineSilent",
              "critical",
              "time() - " + name(Metric.ENGINE_HEARTBEAT_TIMESTAMP_SECONDS) + " > 10",
              "1m",
              "the engine does not decide: what is not known yet gets its policy's fallback"),
          host(
              "InterdictNotEnforcing",
              "warning",
              name(Metric.ENFORCING) + " == 0",
              "1h",
              "the host is in audit, or break-glass lasts: nothing is refused"),
          host(
              "InterdictBreakGlass",
              "critical",
              name(Metric.BREAK_GLASS_SECONDS) + " > 0",
              "0m",
              "break-glass: nothing is refused; interdict history says who did it and why"),
          host(
              "InterdictChangeUnconfirmed",
              "warning",
              name(Metric.UNCONFIRMED_CHANGE_SECONDS) + " > 0",
              "1m",
              "a change is undone unless interdict confirm comes; interdict status says which"),
          host(
              "InterdictNotGuarded",
              "critical",
              name(Metric.GAPS) + " > 0",
              "5m",
              "policies name what nothing guards; interdict status says what"),
          host(
              "InterdictPolicyNotInForce",
              "critical",
              name(Metric.POLICIES) + "{state=\"not_in_force\"} > 0",
              "5m",
              "a policy that was applied is not in force; interdict policy list says why"),
          host(
              "InterdictBudgetTripped",
              "critical",
              name(Metric.POLICY_TRIPPED) + " == 1",
              "0m",
              "policy {{ $labels.policy }} only records: its budget is used up"),
          host(
              "InterdictBudgetAlarm",
              "warning",
              name(Metric.POLICY_ALARMED) + " == 1",
              "0m",
              "policy {{ $labels.policy }} refuses more subjects than its budget allows"),
          host(
              "InterdictDenials",
              "warning",
              "sum by (instance, policy) (increase("
                  + name(Metric.DENIALS_TOTAL)
                  + "{outcome=\"denied\"}"
                  + RECENT
                  + ")) > 0",
              "0m",
              "policy {{ $labels.policy }} has refused something"),
          rising(
              "InterdictFallbacks",
              "critical",
              Metric.FALLBACKS_TOTAL,
              "calls get their policy's fallback in place of a decision: {{ $labels.reason }}"),
          rising(
              "InterdictNoDecision",
              "warning",
              Metric.NO_DECISION_TOTAL,
              "a policy gives no decision; interdict watch says which"),
          rising(
              "InterdictUnjudged",
              "warning",
              Metric.UNJUDGED_TOTAL,
              "attempts cannot be judged: {{ $labels.reason }}"),
          rising(
              "InterdictRecordsLost",
              "warning",
              Metric.RING_LOST_TOTAL,
              "the {{ $labels.ring }} ring has no room"),
          rising(
              "InterdictRecordsUnread",
              "critical",
              Metric.RECORDS_UNREAD_TOTAL,
              "records of the kernel cannot be handled; the engine's log says why"),
          rising(
              "InterdictDecisionLogLoss",
              "critical",
              Metric.DECISION_LOG_LOST_TOTAL,
              "decisions are missing in the log: {{ $labels.reason }}"),
          host(
              "InterdictThreadFailing",
              "critical",
              name(Metric.THREAD_FAILING) + " == 1",
              "2m",
              "the engine's thread {{ $labels.thread }} does not do its work; see interdict doctor"),
          host(
              "InterdictBundleFailing",
              "warning",
              name(Metric.BUNDLE_FAILING) + " == 1",
              "10m",
              "source {{ $labels.source }} brings nothing new; interdict status says why"),
          new Alert(
              "InterdictPoliciesDiffer",
              "warning",
              "count by (policy) (count by (policy, digest) ("
                  + name(Metric.POLICY_INFO)
                  + "{source!=\"\"})) > 1",
              "10m",
              "hosts have different contents of policy {{ $labels.policy }}"));

  private Alerts() {}

  /** A rule: who is called when {@code condition} has held for {@code after}. */
  private record Alert(
      String name, String severity, String condition, String after, String summary) {}

  /** One about a single host, which its summary names. */
  private static Alert host(
      String name, String severity, String condition, String after, String summary) {
    return new Alert(name, severity, condition, after, "{{ $labels.instance }}: " + summary);
  }

  private static Alert rising(String name, String severity, Metric counter, String summary) {
    return host(name, severity, "increase(" + name(counter) + RECENT + ") > 0", "0m", summary);
  }

  private static String name(Metric metric) {
    return metric.metric();
  }

  /** A file of rules. */
  public static String yaml() {
    StringBuilder text =
        new StringBuilder(
            "# Made by: interdict metrics alerts\ngroups:\n  - name: interdict\n    rules:\n");
    for (Alert alert : ALL) {
      text.append("      - alert: ").append(alert.name()).append('\n');
      text.append("        expr: ").append(quoted(alert.condition())).append('\n');
      text.append("        for: ").append(alert.after()).append('\n');
      text.append("        labels: {severity: ").append(alert.severity()).append("}\n");
      text.append("        annotations:\n          summary: ")
          .append(quoted(alert.summary()))
          .append('\n');
    }
    return text.toString();
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }
}
