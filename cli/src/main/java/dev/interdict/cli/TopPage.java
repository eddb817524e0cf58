package dev.interdict.cli;

import dev.interdict.v1.GetStatusResponse;
import dev.interdict.v1.HookStatus;
import dev.interdict.v1.Mode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code interdict top} shows at one moment.
 *
 * @param before the counters at the beginning of the interval
 * @param now those at its end
 * @param seconds between the two
 * @param tally all decisions since the command began
 */
record TopPage(
    Instant time,
    GetStatusResponse before,
    GetStatusResponse now,
    double seconds,
    Tally tally,
    List<Tally.Group> groups,
    int rows) {
  /** Columns, and the counters that each of them adds up. */
  private static final Map<String, List<String>> RATES = new LinkedHashMap<>();

  static {
    RATES.put("hits", List.of("hits"));
    RATES.put("misses", List.of("misses"));
    RATES.put("denied", List.of("denied"));
    RATES.put("wouldDeny", List.of("would_deny"));
    RATES.put("waited", List.of("waited", "restarted", "patient"));
    RATES.put("noAnswer", StatusCommand.WITHOUT_ANSWER);
    RATES.put("lost", List.of("lost_decide", "lost_observe"));
  }

  /** For programs. */
  Map<String, Object> tree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("time", time.toString());
    tree.put("seconds", seconds);
    Map<String, Object> hooks = new LinkedHashMap<>();
    rates().forEach(hooks::put);
    tree.put("perSecond", hooks);
    tree.put("records", tally.records());
    tree.put("lost", tally.lost());
    for (Tally.Group group : groups) {
      tree.put(
          group.toString(),
          tally.most(group, rows).stream()
              .map(
                  line ->
                      Map.of(
                          "name", line.name(),
                          "denied", line.denied(),
                          "wouldDeny", line.wouldDeny()))
              .toList());
    }
    return tree;
  }

  /** For people. */
  String text(Style style) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s  %d policies, %s  verdicts %d  decisions %d, lost %d%n",
            time.truncatedTo(ChronoUnit.SECONDS),
            now.getPolicies(),
            now.getMode() == Mode.MODE_AUDIT ? style.yellow("host in audit") : "enforce",
            now.getVerdicts(),
            tally.records(),
            tally.lost()));
    now.getGapsList()
        .forEach(gap -> text.append(style.red("not guarded")).append("  " + Text.line(gap) + "\n"));
    Map<String, Map<String, Double>> rates = rates();
    if (!rates.isEmpty()) {
      Table hooks =
          new Table(
              "HOOK",
              "HITS/S",
              "MISSES/S",
              "DENIED/S",
              "WOULD-DENY/S",
              "WAITED/S",
              "NO-ANSWER/S",
              "LOST/S");
      rates.forEach(
          (hook, of) -> {
            List<Object> row = new ArrayList<>(List.of(hook));
            of.values().forEach(rate -> row.add(String.format(Locale.ROOT, "%.1f", rate)));
            hooks.row(row.toArray());
          });
      text.append('\n').append(hooks.render());
    }
    for (Tally.Group group : groups) {
      List<Tally.Line> most = tally.most(group, rows);
      if (!most.isEmpty()) {
        Table table = new Table("DENIED", "WOULD-DENY", group.name());
        most.forEach(line -> table.row(line.denied(), line.wouldDeny(), line.name()));
        text.append('\n').append(table.render());
      }
    }
    return text.toString();
  }

  /** Of each hook at which anything was counted in the interval. */
  private Map<String, Map<String, Double>> rates() {
    Map<String, HookStatus> earlier = new LinkedHashMap<>();
    before.getHooksList().forEach(hook -> earlier.put(hook.getHook(), hook));
    Map<String, Map<String, Double>> rates = new LinkedHashMap<>();
    for (HookStatus hook : now.getHooksList()) {
      HookStatus was = earlier.getOrDefault(hook.getHook(), HookStatus.getDefaultInstance());
      Map<String, Double> of = new LinkedHashMap<>();
      RATES.forEach(
          (name, counters) -> of.put(name, (sum(hook, counters) - sum(was, counters)) / seconds));
      if (of.values().stream().anyMatch(rate -> rate > 0)) {
        rates.put(hook.getHook(), of);
      }
    }
    return rates;
  }

  private static long sum(HookStatus hook, List<String> counters) {
    return counters.stream().mapToLong(name -> hook.getCountersOrDefault(name, 0)).sum();
  }
}
