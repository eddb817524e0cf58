package dev.interdict.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Alerts and dashboard ask for nothing that an engine does not serve. */
class MadeOfTheListTest {
  private static final Pattern NAME = Pattern.compile("\\binterdict_[a-z_]+");
  private static final Pattern SELECTOR = Pattern.compile("(interdict_[a-z_]+)\\{([^}]*)}");
  private static final Pattern MATCHER = Pattern.compile("([a-z_]+)(=~|!~|!=|=)\"([^\"]*)\"");
  private static final Pattern BY = Pattern.compile("\\bby \\(([a-z_, ]+)\\)");

  private static final JsonNode DASHBOARD = JsonMapper.shared().readTree(Dashboard.json());

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> rules() {
    Map<String, Object> file = new Yaml().load(Alerts.yaml());
    Map<String, Object> group = ((List<Map<String, Object>>) file.get("groups")).getFirst();
    return (List<Map<String, Object>>) group.get("rules");
  }

  private static List<String> queries() {
    List<String> all = new ArrayList<>(DASHBOARD.findValuesAsString("expr"));
    DASHBOARD.at("/templating/list").forEach(v -> all.add(v.at("/query/query").asString("")));
    rules().forEach(rule -> all.add((String) rule.get("expr")));
    return all.stream().filter(query -> !query.isEmpty()).toList();
  }

  private static Metric metric(String name) {
    for (Metric metric : Metric.values()) {
      boolean histogram = metric.type() == Metric.Type.HISTOGRAM;
      if (metric.metric().equals(name)
          || (histogram && name.matches(metric.metric() + "_(bucket|sum|count)"))) {
        return metric;
      }
    }
    return null;
  }

  @Test
  void everyMetricMustBeInTheList() {
    List<String> queries = queries();
    assertTrue(queries.size() > 30, queries.toString());
    for (String query : queries) {
      List<String> names = NAME.matcher(query).results().map(MatchResult::group).toList();
      assertFalse(names.isEmpty(), query);
      names.forEach(name -> assertNotNull(metric(name), name + " in " + query));
    }
  }

  @Test
  void everyLabelMustBeOneOfItsMetricAndEveryFixedValueOneOfIts() {
    for (String query : queries()) {
      SELECTOR
          .matcher(query)
          .results()
          .forEach(
              selector -> {
                Metric metric = metric(selector.group(1));
                Matcher matcher = MATCHER.matcher(selector.group(2));
                while (matcher.find()) {
                  checkLabel(metric, matcher.group(1), matcher.group(2), matcher.group(3));
                }
              });
      Set<String> labels = new HashSet<>(Set.of("instance", "le"));
      NAME.matcher(query).results().forEach(n -> labels.addAll(metric(n.group()).labels()));
      BY.matcher(query)
          .results()
          .flatMap(by -> List.of(by.group(1).split(", ", -1)).stream())
          .forEach(label -> assertTrue(labels.contains(label), label + " in " + query));
    }
  }

  private static void checkLabel(Metric metric, String label, String operator, String value) {
    if (label.equals("instance")) {
      return;
    }
    assertTrue(metric.labels().contains(label), metric + " has no label " + label);
    List<String> fixed = metric.fixedValues();
    if (operator.equals("=") && label.equals(metric.labels().getLast()) && !fixed.isEmpty()) {
      assertTrue(fixed.contains(value), metric + " has no " + label + "=" + value);
    }
  }

  @Test
  void everyAlertMustSayWhatIsWrongAndItsLabelsMustBeThere() {
    Set<Object> names = new HashSet<>();
    for (Map<String, Object> rule : rules()) {
      assertTrue(names.add(rule.get("alert")), rule + " comes twice");
      assertTrue(
          Set.of("warning", "critical").contains(((Map<?, ?>) rule.get("labels")).get("severity")));
      String summary = (String) ((Map<?, ?>) rule.get("annotations")).get("summary");
      String query = (String) rule.get("expr");
      Set<String> labels = labelsOfResult(query);
      Matcher used = Pattern.compile("\\$labels\\.([a-z_]+)").matcher(summary);
      while (used.find()) {
        assertTrue(labels.contains(used.group(1)), summary);
      }
    }
    assertTrue(names.size() >= 10, names.toString());
  }

  /** An aggregation leaves no other label than those it is by. */
  private static Set<String> labelsOfResult(String query) {
    Matcher outermost = BY.matcher(query);
    if (outermost.find()) {
      return Set.of(outermost.group(1).split(", ", -1));
    }
    Set<String> labels = new HashSet<>(Set.of("instance"));
    NAME.matcher(query).results().forEach(n -> labels.addAll(metric(n.group()).labels()));
    return labels;
  }

  /** Of an engine that is killed or frozen no sample comes: its series end with it. */
  @Test
  void oneRuleMustBeTrueWhereThereIsNoSample() {
    String lasting = Metric.ENGINE_START_TIME_SECONDS.metric();
    assertTrue(
        rules().stream()
            .anyMatch(
                rule ->
                    rule.get("expr")
                        .equals("max_over_time(" + lasting + "[1d]) unless " + lasting)),
        rules().toString());
  }

  /** Each host numbers revisions for itself: the same one has another number elsewhere. */
  @Test
  void hostsMustBeComparedByWhatTheirPoliciesAre() {
    assertFalse(Metric.POLICY_INFO.labels().contains("revision"));
    assertTrue(
        rules().stream()
            .map(rule -> (String) rule.get("expr"))
            .anyMatch(
                query ->
                    query.startsWith("count by (policy) (count by (policy, digest) (")
                        && query.endsWith(" > 1")));
  }

  /** What is lost in silence is what nobody looks for. */
  @Test
  void everyLossMustHaveAnAlert() {
    String all = rules().toString();
    for (Metric loss :
        List.of(
            Metric.FALLBACKS_TOTAL,
            Metric.NO_DECISION_TOTAL,
            Metric.UNJUDGED_TOTAL,
            Metric.RING_LOST_TOTAL,
            Metric.RECORDS_UNREAD_TOTAL,
            Metric.DECISION_LOG_LOST_TOTAL,
            Metric.GAPS,
            Metric.BREAK_GLASS_SECONDS,
            Metric.UNCONFIRMED_CHANGE_SECONDS,
            Metric.THREAD_FAILING)) {
      assertTrue(all.contains(loss.metric()), loss + " has no alert");
    }
  }

  @Test
  void panelsMustNotLieOverOneAnother() {
    Set<List<Integer>> taken = new HashSet<>();
    Set<Integer> ids = new HashSet<>();
    for (JsonNode panel : DASHBOARD.get("panels")) {
      assertTrue(ids.add(panel.get("id").asInt()));
      JsonNode at = panel.get("gridPos");
      assertTrue(at.get("x").asInt() + at.get("w").asInt() <= 24, panel.toString());
      for (int x = 0; x < at.get("w").asInt(); x++) {
        for (int y = 0; y < at.get("h").asInt(); y++) {
          assertTrue(
              taken.add(List.of(at.get("x").asInt() + x, at.get("y").asInt() + y)),
              panel.get("title").asString());
        }
      }
    }
    assertEquals(39, DASHBOARD.get("schemaVersion").asInt());
  }
}
