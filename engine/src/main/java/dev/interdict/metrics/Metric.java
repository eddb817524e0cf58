package dev.interdict.metrics;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The one list of metrics: what an engine exposes, and what dashboard, alerts and documentation are
 * made of. A label has a bounded number of values: hooks, reasons and stages that are written here,
 * slots (256), configured sources, the engine's threads; never a path, a process or a user.
 */
@SuppressWarnings(
    "ImmutableEnumChecker") // its lists and maps are made by the constructors, for good
public enum Metric {
  BUILD_INFO(Type.GAUGE, Origin.ENGINE, "Always 1.", "version"),
  ENGINE_START_TIME_SECONDS(Type.GAUGE, Origin.ENGINE, "When the engine was started, Unix time."),
  ENGINE_HEARTBEAT_TIMESTAMP_SECONDS(
      Type.GAUGE,
      Origin.ENGINE,
      "The decider's last sign of life, Unix time; 0: it has taken it back, and nobody waits."),
  ENFORCING(
      Type.GAUGE,
      Origin.ENGINE,
      "1: each policy's own mode counts; 0: the host audits, or break-glass lasts."),
  BREAK_GLASS_SECONDS(
      Type.GAUGE,
      Origin.ENGINE,
      "For how long nothing is refused still, because of break-glass; 0: it is over, or never was."),
  UNCONFIRMED_CHANGE_SECONDS(
      Type.GAUGE,
      Origin.ENGINE,
      "Until the change that waits for its confirmation is undone; 0: none waits."),
  ROLLOUT_PERCENT(
      Type.GAUGE,
      Origin.ENGINE,
      "Units in which the candidate of a rollout refuses, of a hundred; 0: no rollout is under way."),
  GAPS(Type.GAUGE, Origin.ENGINE, "What policies in force name and nothing guards at the moment."),
  POLICIES(Type.GAUGE, Origin.ENGINE, "Policies that were applied, by state.", "state"),
  VERDICTS(Type.GAUGE, Origin.ENGINE, "Verdicts that the kernel holds.", "map"),
  HOLD_SECONDS(
      Type.HISTOGRAM,
      Origin.ENGINE,
      "From a miss to its verdict, whether somebody was held or not: audit and packets are among them."),
  WATCHERS(Type.GAUGE, Origin.ENGINE, "Who watches decisions at the moment."),
  WATCHERS_LOST_TOTAL(
      Type.COUNTER, Origin.ENGINE, "Decisions that watchers lost since they did not keep up."),
  THREAD_UP(Type.GAUGE, Origin.ENGINE, "1: the engine's thread runs.", "thread"),
  THREAD_FAILING(
      Type.GAUGE, Origin.ENGINE, "1: its work is not done at the moment, it fails.", "thread"),
  THREAD_FAILURES_TOTAL(
      Type.COUNTER, Origin.ENGINE, "Rounds of the thread that failed unexpectedly.", "thread"),

  HOOK_ATTACHED(Type.GAUGE, Origin.HOOK, "1: all programs of the hook run.", "hook"),
  EVENTS_TOTAL(
      Origin.HOOK,
      "Runs of the hook: a verdict was known, none was, or no policy covers the subject.",
      "outcome",
      Map.of("hit", "hits", "miss", "misses", "uncovered", "uncovered")),
  HOOK_DENIALS_TOTAL(
      Origin.HOOK,
      "Refused for whatever reason, and denied without being refused.",
      "outcome",
      Map.of("denied", "denied", "would_deny", "would_deny")),
  KILLS_TOTAL(Origin.HOOK, "Processes that were killed.", "", Map.of("", "killed")),
  HELD_TOTAL(
      Origin.HOOK,
      "How misses were held: answered while the hook polled, issued again, waited in the hook.",
      "stage",
      Map.of("poll", "waited", "restart", "restarted", "patient", "patient")),
  SIGCONT_SEEN_TOTAL(
      Origin.HOOK,
      "Calls issued again by a SIGCONT that was seen.",
      "",
      Map.of("", "sigcont_seen")),
  FALLBACKS_TOTAL(
      Origin.HOOK,
      "Misses that were answered by the policies' fallback, by the reason.",
      "reason",
      Map.of(
          "gave_up", "gave_up",
          "stale", "stale",
          "cannot", "cannot",
          "crowded", "crowded",
          "no_waiter", "no_waiter")),
  AT_ONCE_TOTAL(
      Origin.HOOK,
      "Misses that were answered by the policies' fallback since nobody can wait there, with an"
          + " engine that is well, too.",
      "",
      Map.of("", "at_once")),
  UNJUDGED_TOTAL(
      Origin.HOOK,
      "What could not be judged: its path or headers cannot be told, or memory was short.",
      "reason",
      Map.of("undecidable", "undecidable", "no_memory", "no_memory")),
  LABELLED_TOTAL(
      Origin.HOOK,
      "Events whose labels the process did not have, by whether there was memory for them.",
      "outcome",
      Map.of("set", "labelled", "no_memory", "unlabelled")),
  RECORDS_TOTAL(
      Origin.HOOK,
      "Records that the kernel handed over.",
      "ring",
      Map.of("decide", "asked", "observe", "observed")),
  RING_LOST_TOTAL(
      Origin.HOOK,
      "Records that found no room: questions are asked again, tellings of denials are lost.",
      "ring",
      Map.of("decide", "lost_decide", "observe", "lost_observe")),
  RING_FOLDED_TOTAL(
      Origin.HOOK,
      "Denials in a flood that had been told a moment ago: counted, not told.",
      "",
      Map.of("", "folded")),

  MISSES_TOTAL(
      Origin.COUNTERS,
      "Misses that the engine read: decided, decided before, of a policy that is gone.",
      "outcome",
      Map.of("decided", "decided", "repeated", "repeated", "outdated", "outdated")),
  NO_DECISION_TOTAL(
      Origin.COUNTERS, "Policies that gave no decision, times.", "", Map.of("", "failed")),
  OVER_RATE_TOTAL(
      Origin.COUNTERS, "Those of them that had been asked too often.", "", Map.of("", "over_rate")),
  UNIDENTIFIED_TOTAL(
      Origin.COUNTERS,
      "Decisions on rules about containers, made before it was known for good whose the cgroup is.",
      "",
      Map.of("", "unidentified")),
  UNPLACED_TOTAL(
      Origin.COUNTERS,
      "Decisions that a scope of units, containers or patterns does not cover only because nobody can"
          + " tell whose the cgroup is.",
      "",
      Map.of("", "unplaced")),
  UNLABELLED_TOTAL(
      Origin.COUNTERS,
      "Labels that nobody set: the attempt went on before it was decided, or there was no memory for"
          + " a child's, whose fork failed.",
      "reason",
      Map.of("late", "unlabelled", "fork", "unlabelled_forks")),
  VERDICTS_GONE_TOTAL(
      Origin.COUNTERS,
      "Verdicts that were not written, made room for others, or were pushed out.",
      "reason",
      Map.of("unwritten", "unwritten", "evicted", "evicted", "collided", "collided")),
  RECORDS_UNREAD_TOTAL(
      Origin.COUNTERS,
      "Records that could not be decoded, or whose handling failed.",
      "reason",
      Map.of("malformed", "malformed", "broken", "broken")),
  ANSWERS_READ_TOTAL(
      Origin.COUNTERS, "Tellings of denials that the engine read.", "", Map.of("", "observed")),
  DECIDER_SLEEPS_TOTAL(
      Origin.COUNTERS, "Times the decider slept for want of misses.", "", Map.of("", "slept")),
  DECISION_LOG_OFFERED_TOTAL(
      Origin.COUNTERS,
      "Attempts that the decision log was to tell.",
      "",
      Map.of("", "log_offered")),
  DECISION_LOG_WRITTEN_TOTAL(
      Origin.COUNTERS, "Those of them that its lines tell.", "", Map.of("", "log_written")),
  DECISION_LOG_LINES_TOTAL(Origin.COUNTERS, "Its lines.", "", Map.of("", "log_lines")),
  DECISION_LOG_LOST_TOTAL(
      Origin.COUNTERS,
      "Those that are in no line, by what kept them out.",
      "reason",
      Map.of(
          "queue_full", "log_lost_queue_full",
          "disk_full", "log_lost_disk_full",
          "write_error", "log_lost_write_error",
          "at_end", "log_lost_at_end")),
  BUNDLES_TOTAL(
      Origin.COUNTERS,
      "What came of bundles: in force, refused, not fetched.",
      "outcome",
      Map.of(
          "activated", "bundles_activated",
          "refused", "bundles_refused",
          "not_fetched", "bundle_fetches_failed")),
  STATUS_REPORTS_TOTAL(
      Origin.COUNTERS,
      "Reports to the status service.",
      "outcome",
      Map.of("sent", "status_reports_sent", "failed", "status_reports_failed")),

  BUNDLE_ACTIVATED_TIMESTAMP_SECONDS(
      Type.GAUGE, Origin.ENGINE, "When the bundle in force came, Unix time; 0: none is.", "source"),
  BUNDLE_FAILING(
      Type.GAUGE, Origin.ENGINE, "1: the last attempt to get or use a bundle failed.", "source"),
  POLICY_INFO(
      Type.GAUGE,
      Origin.ENGINE,
      "Always 1, for each policy in force; digest begins that of its content, source is empty if it"
          + " was applied by hand.",
      "policy",
      "digest",
      "mode",
      "source"),
  DENIALS_TOTAL(
      Type.COUNTER,
      Origin.ENGINE,
      "Attempts that the policy denied: refused, and not refused because of its mode, its budget, or"
          + " since the decision came behind.",
      "policy",
      "outcome"),
  POLICY_FALLBACKS_TOTAL(
      Type.COUNTER, Origin.ENGINE, "Attempts that the policy's fallback answered.", "policy"),
  POLICY_TRIPPED(Type.GAUGE, Origin.ENGINE, "1: it only records, its budget is used up.", "policy"),
  POLICY_ALARMED(
      Type.GAUGE, Origin.ENGINE, "1: it goes on although its budget is used up.", "policy"),
  BUDGET_TRIPS_TOTAL(
      Type.COUNTER,
      Origin.ENGINE,
      "Times the budget was used up and the policy disarmed.",
      "policy"),
  BUDGET_ALARMS_TOTAL(
      Type.COUNTER, Origin.ENGINE, "Times it was used up after the policy had settled.", "policy"),
  RESIDENT_MEMORY_BYTES(
      Type.GAUGE, Origin.ENGINE, "Memory of the engine's process, without the kernel's maps.");

  /** As the text format calls it. */
  public enum Type {
    COUNTER,
    GAUGE,
    HISTOGRAM
  }

  /** Where the values come from. */
  enum Origin {
    /** Put together by {@link Exposition}. */
    ENGINE,
    /** A counter of each hook, by its name. */
    HOOK,
    /** A counter of the engine, by its name; no sample where there is none of this name. */
    COUNTERS
  }

  private final String metric = "interdict_" + name().toLowerCase(Locale.ROOT);
  private final Type type;
  private final Origin origin;
  private final String help;
  private final List<String> labels;

  /** By the value of the last label: the counter. */
  private final Map<String, String> counters;

  Metric(Type type, Origin origin, String help, String... labels) {
    this.type = type;
    this.origin = origin;
    this.help = help;
    this.labels = List.of(labels);
    this.counters = Map.of();
  }

  Metric(Origin origin, String help, String label, Map<String, String> counters) {
    this.type = Type.COUNTER;
    this.origin = origin;
    this.help = help;
    String[] all = origin == Origin.HOOK ? new String[] {"hook", label} : new String[] {label};
    this.labels = Arrays.stream(all).filter(one -> !one.isEmpty()).toList();
    this.counters = Collections.unmodifiableMap(new TreeMap<>(counters));
  }

  /** Its name. */
  public String metric() {
    return metric;
  }

  public Type type() {
    return type;
  }

  /** What it is, a sentence. */
  public String help() {
    return help;
  }

  /** In the order of the samples. */
  public List<String> labels() {
    return labels;
  }

  Origin origin() {
    return origin;
  }

  Map<String, String> counters() {
    return counters;
  }

  /** Values of the last label where they are written in this list. */
  public List<String> fixedValues() {
    return counters.keySet().stream().filter(value -> !value.isEmpty()).toList();
  }

  /** The list as a table for people. */
  public static String markdown() {
    return Arrays.stream(values())
        .map(
            metric ->
                "| `%s` | %s | %s | %s |\n"
                    .formatted(
                        metric.metric,
                        metric.type.name().toLowerCase(Locale.ROOT),
                        metric.labels.stream()
                            .map(label -> "`" + label + "`")
                            .collect(Collectors.joining(", ")),
                        metric.help))
        .collect(
            Collectors.joining("", "| metric | type | labels | says |\n|---|---|---|---|\n", ""));
  }
}
