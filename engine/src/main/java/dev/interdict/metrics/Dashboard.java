package dev.interdict.metrics;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** A dashboard for Grafana, made of the {@link Metric list of metrics}. */
public final class Dashboard {
  private static final int WIDTH = 24;
  private static final int PANELS_A_ROW = 3;
  private static final int HEIGHT = 8;
  private static final String HOST = "instance=~\"$host\"";
  private static final String RATE = "[$__rate_interval]";
  private static final Map<String, String> SOURCE =
      Map.of("type", "prometheus", "uid", "${datasource}");

  private final List<Map<String, Object>> panels = new ArrayList<>();
  private int inRow;
  private int top;

  private Dashboard() {}

  /** As Grafana imports it. */
  public static String json() {
    Dashboard dashboard = new Dashboard();
    dashboard.fill();
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("title", "Interdict");
    all.put("uid", "interdict");
    all.put("tags", List.of("interdict"));
    all.put("schemaVersion", 39);
    all.put("editable", true);
    all.put("refresh", "30s");
    all.put("time", Map.of("from", "now-3h", "to", "now"));
    all.put("templating", Map.of("list", variables()));
    all.put("panels", dashboard.panels);
    return JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build()
            .writeValueAsString(all)
        + "\n";
  }

  private static List<Map<String, Object>> variables() {
    return List.of(
        Map.of("name", "datasource", "type", "datasource", "query", "prometheus"),
        variable("host", "label_values(" + Metric.BUILD_INFO.metric() + ", instance)"),
        variable(
            "policy", "label_values(" + Metric.POLICY_INFO.metric() + "{" + HOST + "}, policy)"));
  }

  private static Map<String, Object> variable(String name, String query) {
    return Map.of(
        "name",
        name,
        "type",
        "query",
        "datasource",
        SOURCE,
        "query",
        Map.of("query", query, "refId", name),
        "refresh",
        2,
        "includeAll",
        true,
        "multi",
        true,
        "allValue",
        ".*");
  }

  private void fill() {
    row("Is it at work");
    stat("Gone", "short", 1, gone());
    stat("Silent for", "s", 10, "time() - " + of(Metric.ENGINE_HEARTBEAT_TIMESTAMP_SECONDS));
    stat("Not guarded", "short", 1, of(Metric.GAPS));
    stat("Policies not in force", "short", 1, of(Metric.POLICIES, "state=\"not_in_force\""));
    stat("Break-glass, for another", "s", 1, of(Metric.BREAK_GLASS_SECONDS));
    stat("Undone unless confirmed in", "s", 1, of(Metric.UNCONFIRMED_CHANGE_SECONDS));
    row("Denials");
    series("Refused, by policy", "ops", "{{policy}}", denials("denied"));
    series("Would be refused, by policy", "ops", "{{policy}}", denials("would_deny"));
    stat("Budget tripped", "short", 1, "sum(" + of(Metric.POLICY_TRIPPED, policy()) + ")");
    row("Events");
    series("Events, by hook", "ops", "{{hook}} {{outcome}}", rate(Metric.EVENTS_TOTAL));
    series("Held, by hook", "ops", "{{hook}} {{stage}}", rate(Metric.HELD_TOTAL));
    quantiles();
    row("Losses: red when there are any");
    losses("Answered by the fallback", Metric.FALLBACKS_TOTAL);
    losses("Without a decision", Metric.NO_DECISION_TOTAL);
    losses("Not to be judged", Metric.UNJUDGED_TOTAL);
    losses("Ring without room", Metric.RING_LOST_TOTAL);
    losses("Records not handled", Metric.RECORDS_UNREAD_TOTAL);
    losses("Missing in the decision log", Metric.DECISION_LOG_LOST_TOTAL);
    row("The engine");
    series("Verdicts in the kernel", "short", "{{map}}", of(Metric.VERDICTS));
    series("Memory", "bytes", "{{instance}}", of(Metric.RESIDENT_MEMORY_BYTES));
    series("Failing threads", "short", "{{thread}}", of(Metric.THREAD_FAILING));
  }

  private static String of(Metric metric, String... matchers) {
    return metric.metric() + "{" + String.join(",", with(matchers)) + "}";
  }

  private static List<String> with(String... matchers) {
    List<String> all = new ArrayList<>(List.of(HOST));
    all.addAll(List.of(matchers));
    return all;
  }

  /** How many engines there were within a day of which no metrics come. */
  private static String gone() {
    String started = of(Metric.ENGINE_START_TIME_SECONDS);
    return "count(max_over_time(" + started + "[1d]) unless " + started + ") or vector(0)";
  }

  private static String policy() {
    return "policy=~\"$policy\"";
  }

  private static String denials(String outcome) {
    return "sum by (policy) (rate("
        + of(Metric.DENIALS_TOTAL, policy(), "outcome=\"" + outcome + "\"")
        + RATE
        + "))";
  }

  private static String rate(Metric metric) {
    return "sum by (" + String.join(", ", metric.labels()) + ") (rate(" + of(metric) + RATE + "))";
  }

  private void losses(String title, Metric metric) {
    stat(title, "short", 1, "sum(increase(" + of(metric) + "[$__range]))");
  }

  private void quantiles() {
    String buckets = Metric.HOLD_SECONDS.metric() + "_bucket{" + HOST + "}";
    List<Map<String, Object>> targets = new ArrayList<>();
    for (String quantile : List.of("0.5", "0.99")) {
      targets.add(
          target(
              "histogram_quantile(" + quantile + ", sum by (le) (rate(" + buckets + RATE + ")))",
              quantile,
              targets.size()));
    }
    panel("From a miss to its verdict", "timeseries", Map.of("unit", "s"), targets);
  }

  private void series(String title, String unit, String legend, String query) {
    panel(title, "timeseries", Map.of("unit", unit), List.of(target(query, legend, 0)));
  }

  private void stat(String title, String unit, int red, String query) {
    Map<String, Object> thresholds =
        Map.of(
            "mode",
            "absolute",
            "steps",
            List.of(Map.of("color", "green"), Map.of("color", "red", "value", red)));
    panel(
        title,
        "stat",
        Map.of("unit", unit, "thresholds", thresholds),
        List.of(target(query, "{{instance}}", 0)));
  }

  private static Map<String, Object> target(String query, String legend, int number) {
    return Map.of(
        "expr", query,
        "legendFormat", legend,
        "datasource", SOURCE,
        "refId", String.valueOf((char) ('A' + number)));
  }

  private void row(String title) {
    nextRow();
    panels.add(
        Map.of(
            "id",
            panels.size() + 1,
            "type",
            "row",
            "title",
            title,
            "collapsed",
            false,
            "panels",
            List.of(),
            "gridPos",
            place(0, WIDTH, 1)));
    top++;
  }

  private void nextRow() {
    top += inRow > 0 ? HEIGHT : 0;
    inRow = 0;
  }

  private void panel(
      String title, String type, Map<String, Object> look, List<Map<String, Object>> targets) {
    if (inRow == PANELS_A_ROW) {
      nextRow();
    }
    int width = WIDTH / PANELS_A_ROW;
    panels.add(
        Map.of(
            "id", panels.size() + 1,
            "type", type,
            "title", title,
            "datasource", SOURCE,
            "fieldConfig", Map.of("defaults", look, "overrides", List.of()),
            "targets", targets,
            "gridPos", place(inRow * width, width, HEIGHT)));
    inRow++;
  }

  private Map<String, Integer> place(int left, int width, int height) {
    return Map.of("x", left, "y", top, "w", width, "h", height);
  }
}
