package dev.interdict.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.PolicyControl;
import dev.interdict.control.Rollout;
import dev.interdict.control.StateStore;
import dev.interdict.decisions.DecisionFile;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.delivery.Deliveries;
import dev.interdict.delivery.DeliveryConfig;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Layout;
import dev.interdict.metrics.Metric.Origin;
import dev.interdict.pipeline.Latency;
import dev.interdict.pipeline.PipelineCounters;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.testkit.GoProgram;
import dev.interdict.testkit.TinyBuilder;
import dev.interdict.worker.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExpositionTest {
  private static final Latency.Measured LATENCY =
      new Latency.Measured(new long[] {10_000, 2_500_000}, new long[] {3, 4, 5}, 1_500_000_000L);

  @TempDir Path directory;
  private final FakeEnforcement kernel = new FakeEnforcement();
  private final DecisionLog log = new DecisionLog();
  private final Workers workers = new Workers(lost -> {});
  private PolicyControl control;
  private Deliveries bundles;
  private long silentNs = 2_000_000_000L;

  @BeforeEach
  void control() {
    control =
        new PolicyControl(
            new TinyBuilder(),
            kernel,
            new StateStore(directory.resolve("state")),
            Clock.systemUTC());
    bundles = Deliveries.start(DeliveryConfig.NONE, control.bundles(), workers);
  }

  private TextCheck read() {
    return TextCheck.of(
        new Exposition(
                control,
                bundles,
                kernel::snapshot,
                log,
                () -> workers.health().toList(),
                () -> LATENCY,
                () -> silentNs,
                "0.0-test",
                Instant.ofEpochSecond(1_772_366_400))
            .get());
  }

  private void apply(String name) {
    apply(name, null);
  }

  private void apply(String name, Duration within) {
    control.apply(
        new TreeMap<>(Map.of("policy.yaml", ("name=" + name).getBytes(UTF_8))),
        null,
        false,
        within);
  }

  @Test
  void whileTheGlassIsBrokenNothingMustLookEnforced() {
    assertEquals(1, read().value("interdict_enforcing"));
    assertEquals(0, read().value("interdict_break_glass_seconds"));
    kernel.glass = Duration.ofMinutes(30);
    assertEquals(0, read().value("interdict_enforcing"));
    assertEquals(1800, read().value("interdict_break_glass_seconds"));
    assertEquals(1, read().value("interdict_gaps"), "it is none of them");
    kernel.glass = Duration.ZERO;
    control.setHostMode(Mode.AUDIT, null);
    assertEquals(0, read().value("interdict_enforcing"));
  }

  @Test
  void aChangeThatWaitsForItsConfirmationMustBeThere() {
    apply("a");
    assertEquals(0, read().value("interdict_unconfirmed_change_seconds"));
    apply("b", Duration.ofHours(1));
    assertEquals(3600, read().value("interdict_unconfirmed_change_seconds"));
    kernel.bootTimeNs += Duration.ofMinutes(50).toNanos();
    assertEquals(
        600,
        read().value("interdict_unconfirmed_change_seconds"),
        "whatever the host's clock says");
    control.leases().confirm(control.leases().pending().id());
    assertEquals(0, read().value("interdict_unconfirmed_change_seconds"));
  }

  @Test
  void aRolloutMustBeThere() {
    apply("a");
    assertEquals(0, read().value("interdict_rollout_percent"));
    control.candidates().apply(TinyBuilder.folder("name=a\nmode=enforce\ncode=2"), null, false);
    var steps = List.of(new Rollout.Step(30, 60), new Rollout.Step(100, 0));
    var ignored =
        control.rollouts().start("a", new Rollout.Plan(steps, 1, 1L, Map.of(), 60, 0), false);
    assertEquals(30, read().value("interdict_rollout_percent"));
  }

  @Test
  void whatIsCountedMustBeThere() throws Exception {
    apply("a");
    try (DecisionFile file =
        DecisionFile.start(
            new DecisionFile.Config(
                directory.resolve("l/d"), 1 << 20, 2, Duration.ZERO, DecisionFile.Format.INTERDICT),
            "1",
            workers)) {
      log.add(file);
      TextCheck now = read();
      assertEquals(1, now.value("interdict_build_info{version=\"0.0-test\"}"));
      assertEquals(1_772_366_400, now.value("interdict_engine_start_time_seconds"));
      assertEquals(7, now.value("interdict_events_total{hook=\"file_open\",outcome=\"hit\"}"));
      assertEquals(1, now.value("interdict_hook_attached{hook=\"file_open\"}"));
      assertEquals(0, now.value("interdict_hook_attached{hook=\"xdp_ingress\"}"));
      assertEquals(5, now.value("interdict_misses_total{outcome=\"decided\"}"));
      assertEquals(2, now.value("interdict_denials_total{policy=\"a\",outcome=\"denied\"}"));
      assertEquals(3, now.value("interdict_denials_total{policy=\"a\",outcome=\"would_deny\"}"));
      assertEquals(1, now.value("interdict_policy_fallbacks_total{policy=\"a\"}"));
      assertEquals(
          1,
          now.value(
              "interdict_policy_info{policy=\"a\",digest=\"%s\",mode=\"audit\",source=\"\"}"
                  .formatted(control.get("a").policy().digest().substring(0, 12))));
      assertEquals(1, now.value("interdict_policies{state=\"in_force\"}"));
      assertEquals(1, now.value("interdict_gaps"));
      assertEquals(1, now.value("interdict_thread_up{thread=\"decision-log\"}"));
      assertEquals(0, now.value("interdict_decision_log_lost_total{reason=\"disk_full\"}"));
      assertTrue(now.value("interdict_resident_memory_bytes") > 1 << 20);
    }
  }

  @Test
  void theHistogramMustAddUp() {
    TextCheck now = read();
    assertEquals(3, now.value("interdict_hold_seconds_bucket{le=\"1.0E-5\"}"));
    assertEquals(7, now.value("interdict_hold_seconds_bucket{le=\"0.0025\"}"));
    assertEquals(12, now.value("interdict_hold_seconds_bucket{le=\"+Inf\"}"));
    assertEquals(12, now.value("interdict_hold_seconds_count"));
    assertEquals(1.5, now.value("interdict_hold_seconds_sum"));
  }

  @Test
  void anEngineWithoutAHeartbeatMustNotLookAlive() {
    double alive = read().value("interdict_engine_heartbeat_timestamp_seconds");
    assertTrue(alive > 0 && alive < System.currentTimeMillis() / 1e3 - 1, "two seconds ago");
    silentNs = Long.MAX_VALUE;
    assertEquals(0, read().value("interdict_engine_heartbeat_timestamp_seconds"));
  }

  /** Whoever adds a counter has to say how it is called here. */
  @Test
  void everyCounterMustBeInTheList() throws Exception {
    Set<String> hooks = counters(Origin.HOOK);
    assertEquals(
        EventLayouts.HOOK_COUNTERS.fields().stream()
            .map(Layout.Field::name)
            .collect(Collectors.toSet()),
        hooks);
    Set<String> engine = new HashSet<>(new PipelineCounters().read().keySet());
    assertTrue(engine.remove("decision_ns"), "the sum of the histogram");
    engine.addAll(Set.of("evicted", "collided", "unlabelled_forks")); // of the verdict table
    try (DecisionFile file =
        DecisionFile.start(
            new DecisionFile.Config(
                directory.resolve("l/d"), 1 << 20, 2, Duration.ZERO, DecisionFile.Format.INTERDICT),
            "1",
            workers)) {
      engine.addAll(file.counters().keySet());
    }
    assertTrue(engine.remove("log_waiting"), "what the others leave");
    engine.addAll(
        Set.of(
            "bundles_activated",
            "bundles_refused",
            "bundle_fetches_failed",
            "status_reports_sent",
            "status_reports_failed"));
    assertEquals(engine, counters(Origin.COUNTERS));
  }

  private static Set<String> counters(Origin origin) {
    return Arrays.stream(Metric.values())
        .filter(metric -> metric.origin() == origin)
        .flatMap(metric -> metric.counters().values().stream())
        .collect(Collectors.toSet());
  }

  @Test
  void noLabelMayBeWithoutABound() {
    Set<String> bounded =
        Set.of(
            "version", "state", "map", "thread", "hook", "outcome", "stage", "reason", "ring",
            "source", "policy", "digest", "mode");
    for (Metric metric : Metric.values()) {
      assertTrue(bounded.containsAll(metric.labels()), metric + " " + metric.labels());
    }
  }

  @Test
  void labelsMustBeEscapedAndOfTheRightNumber() {
    TextFormat text = new TextFormat().add(Metric.BUILD_INFO, 1, "a\"b\\c\nd");
    assertTrue(
        text.text().endsWith("interdict_build_info{version=\"a\\\"b\\\\c\\nd\"} 1\n"), text.text());
    assertEquals(1, TextCheck.of(text.text()).samples.size());
    assertThrows(IllegalArgumentException.class, () -> text.add(Metric.GAPS, 1, "too many"));
  }

  /** After a change: put target/metrics.md in the place of the page's table. */
  @Test
  void thePageMustHaveTheList() throws Exception {
    Files.writeString(Path.of("target/metrics.md"), Metric.markdown());
    String page = Files.readString(GoProgram.root().resolve("engine/README.md"));
    assertTrue(page.contains("\n\n" + Metric.markdown() + "\n"), "see engine/target/metrics.md");
  }
}
