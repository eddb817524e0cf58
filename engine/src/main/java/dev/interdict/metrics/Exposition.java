package dev.interdict.metrics;

import dev.interdict.control.PolicyControl;
import dev.interdict.control.PolicyStatus;
import dev.interdict.control.Rollout;
import dev.interdict.control.Snapshot;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.delivery.Deliveries;
import dev.interdict.delivery.SourceStatus;
import dev.interdict.event.Hook;
import dev.interdict.metrics.Metric.Origin;
import dev.interdict.pipeline.Latency;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.worker.Worker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * All metrics of an engine as one text. Reads what {@code status} reads, and no more: nothing that
 * decides waits for it.
 *
 * @param version of the engine
 * @param started when the engine was
 * @param silentNs since the decider's last sign of life; {@link Long#MAX_VALUE}: there is none
 */
public record Exposition(
    PolicyControl control,
    Deliveries bundles,
    Supplier<Snapshot> snapshot,
    DecisionLog decisions,
    Supplier<List<Worker.Health>> threads,
    Supplier<Latency.Measured> latency,
    LongSupplier silentNs,
    String version,
    Instant started)
    implements Supplier<String> {
  private static final Path STATUS = Path.of("/proc/self/status");

  /** Of a digest: enough to tell revisions of one policy apart. */
  private static final int DIGEST_DIGITS = 12;

  private static final double MS_PER_SECOND = 1e3;

  @Override
  public String get() {
    TextFormat text = new TextFormat();
    Snapshot now = snapshot.get();
    engine(text, now);
    counters(text, now);
    policies(text, control.list());
    for (Worker.Health thread : threads.get()) {
      text.add(Metric.THREAD_UP, thread.alive(), thread.name());
      text.add(Metric.THREAD_FAILING, thread.failedInRow() > 0, thread.name());
      text.add(Metric.THREAD_FAILURES_TOTAL, thread.failed(), thread.name());
    }
    for (SourceStatus source : bundles.statuses()) {
      text.add(
          Metric.BUNDLE_ACTIVATED_TIMESTAMP_SECONDS, seconds(source.activated()), source.name());
      text.add(Metric.BUNDLE_FAILING, source.error() != null, source.name());
    }
    return text.text();
  }

  private void engine(TextFormat text, Snapshot now) {
    text.add(Metric.BUILD_INFO, 1, version);
    text.add(Metric.ENGINE_START_TIME_SECONDS, seconds(started));
    long silent = silentNs.getAsLong();
    text.add(
        Metric.ENGINE_HEARTBEAT_TIMESTAMP_SECONDS,
        silent == Long.MAX_VALUE ? 0 : seconds(Instant.now().minusNanos(silent)));
    text.add(Metric.ENFORCING, control.hostMode() == Mode.ENFORCE && now.glass().isZero());
    text.add(Metric.BREAK_GLASS_SECONDS, now.glass().toMillis() / MS_PER_SECOND);
    text.add(Metric.UNCONFIRMED_CHANGE_SECONDS, control.leases().left().toMillis() / MS_PER_SECOND);
    Rollout rollout = control.rollouts().rollout();
    text.add(Metric.ROLLOUT_PERCENT, rollout == null ? 0 : rollout.percent());
    text.add(Metric.GAPS, now.gaps().size());
    text.add(Metric.VERDICTS, now.verdicts(), "verdicts");
    text.add(Metric.VERDICTS, now.flows(), "flows");
    Latency.Measured held = latency.get();
    text.histogram(Metric.HOLD_SECONDS, held.boundsNs(), held.counts(), held.sumNs());
    text.add(Metric.WATCHERS, decisions.watchers());
    text.add(Metric.WATCHERS_LOST_TOTAL, decisions.lost());
    long resident = residentBytes();
    if (resident >= 0) {
      text.add(Metric.RESIDENT_MEMORY_BYTES, resident);
    }
  }

  private void counters(TextFormat text, Snapshot now) {
    Map<String, Long> counted = new HashMap<>(now.counters());
    counted.putAll(bundles.counters());
    counted.putAll(decisions.counters());
    for (Metric metric : Metric.values()) {
      metric
          .counters()
          .forEach(
              (value, counter) -> {
                if (metric.origin() == Origin.HOOK) {
                  now.hooks()
                      .forEach(
                          (hook, status) ->
                              add(text, metric, status.counters().get(counter), hook.id(), value));
                } else {
                  add(text, metric, counted.get(counter), value);
                }
              });
    }
    for (Hook hook : now.hooks().keySet()) {
      text.add(Metric.HOOK_ATTACHED, now.hooks().get(hook).attached(), hook.id());
    }
  }

  private static void add(TextFormat text, Metric metric, Long count, String... labels) {
    if (count != null) {
      text.add(
          metric, count, List.of(labels).subList(0, metric.labels().size()).toArray(String[]::new));
    }
  }

  /** Those in force: as many as there are slots. */
  private static void policies(TextFormat text, List<PolicyStatus> all) {
    int inForce = 0;
    for (PolicyStatus policy : all) {
      if (policy.problem() != null) {
        continue;
      }
      inForce++;
      String name = policy.name();
      text.add(
          Metric.POLICY_INFO,
          1,
          name,
          policy.digest().substring(0, DIGEST_DIGITS),
          policy.mode().effective().name().toLowerCase(Locale.ROOT),
          policy.bundle());
      text.add(Metric.DENIALS_TOTAL, policy.counters().denied(), name, "denied");
      text.add(Metric.DENIALS_TOTAL, policy.counters().wouldDeny(), name, "would_deny");
      text.add(Metric.POLICY_FALLBACKS_TOTAL, policy.counters().fallback(), name);
      text.add(Metric.POLICY_TRIPPED, policy.mode().tripped(), name);
      text.add(Metric.POLICY_ALARMED, policy.mode().alarmed(), name);
      text.add(Metric.BUDGET_TRIPS_TOTAL, policy.counters().tripped(), name);
      text.add(Metric.BUDGET_ALARMS_TOTAL, policy.counters().alarms(), name);
    }
    text.add(Metric.POLICIES, inForce, "in_force");
    text.add(Metric.POLICIES, all.size() - inForce, "not_in_force");
  }

  /** Unix time; 0: never. */
  private static double seconds(Instant time) {
    return time == null ? 0 : time.toEpochMilli() / MS_PER_SECOND;
  }

  /** Negative if /proc does not say. */
  private static long residentBytes() {
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
          .findFirst()
          .orElse(-1);
    } catch (IOException e) {
      return -1;
    }
  }
}
