package dev.interdict.delivery;

import dev.interdict.control.BundleControl;
import dev.interdict.control.BundleControl.Delivered;
import dev.interdict.control.Version;
import dev.interdict.delivery.DeliveryConfig.Local;
import dev.interdict.delivery.DeliveryConfig.Remote;
import dev.interdict.delivery.DeliveryConfig.Source;
import dev.interdict.delivery.SourceStatus.Failure;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * All sources of bundles of an engine, each with a thread of its own, and the reports about them.
 */
public final class Deliveries implements AutoCloseable {
  /**
   * For changes that have begun; their policies may still be compiled. For all: a stop is short.
   */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final BundleControl control;
  private final DeliveryCounters counters = new DeliveryCounters();
  private final List<BundleLoop> loops = new ArrayList<>();
  private final List<Worker> workers = new ArrayList<>();
  private final Map<String, String> labels;
  private StatusReporter reporter;
  private Worker reporting;

  private Deliveries(DeliveryConfig config, BundleControl control) {
    this.control = control;
    this.labels = new HashMap<>(Map.of("id", UUID.randomUUID().toString()));
    labels.put("version", Version.current());
    labels.putAll(config.labels());
  }

  /**
   * Begins to ask.
   *
   * @param control after {@link dev.interdict.control.PolicyControl#restore}
   * @param crew where its workers are shown
   */
  public static Deliveries start(DeliveryConfig config, BundleControl control, Workers crew) {
    Deliveries deliveries = new Deliveries(config, control);
    Runnable news = () -> {};
    if (config.status() != null) {
      StatusReporter reporter =
          new StatusReporter(
              config.status(),
              () -> StatusReport.of(deliveries.labels, deliveries.configured()),
              deliveries.counters);
      deliveries.reporter = reporter;
      deliveries.reporting = crew.add("status-report", reporter);
      deliveries.workers.add(deliveries.reporting);
      news = reporter::news;
    }
    for (Source source : config.sources()) {
      BundleFetcher fetcher =
          switch (source.location()) {
            case Local local -> new LocalFetcher(local.path(), source.trust().required());
            case Remote remote -> new HttpFetcher(remote, source.polling().longPoll());
          };
      BundleLoop loop = new BundleLoop(source, fetcher, control, deliveries.counters, news);
      deliveries.loops.add(loop);
      deliveries.workers.add(crew.add("bundle-" + source.name(), loop));
    }
    deliveries.workers.forEach(Worker::start);
    return deliveries;
  }

  /** Each source, by name; those too that are not configured any more and still have policies. */
  public List<SourceStatus> statuses() {
    List<SourceStatus> all = new ArrayList<>(configured());
    control
        .delivered()
        .forEach(
            (name, inForce) -> {
              if (!isConfigured(name)) {
                all.add(left(name, inForce));
              }
            });
    return all;
  }

  private List<SourceStatus> configured() {
    SortedMap<String, Delivered> delivered = control.delivered();
    return loops.stream()
        .map(loop -> loop.log().status(loop.source(), delivered.get(loop.source().name())))
        .toList();
  }

  private static SourceStatus left(String name, Delivered inForce) {
    return new SourceStatus(
        name,
        "",
        "",
        inForce.mark().revision(),
        inForce.mark().serial(),
        inForce.policies(),
        0,
        inForce.mark().activated(),
        null,
        null,
        null,
        new Failure(
            "not configured any more; its policies stay in force until: interdict bundle drop "
                + name,
            0,
            List.of()));
  }

  /** Whether somebody asks this source. */
  public boolean isConfigured(String name) {
    return loops.stream().anyMatch(loop -> loop.source().name().equals(name));
  }

  /** Asks a source again, at once and for all of it; nothing if it is not configured. */
  public void hurry(String name) {
    loops.stream().filter(loop -> loop.source().name().equals(name)).forEach(BundleLoop::hurry);
  }

  /**
   * Asks every source again, at once and for all of it.
   *
   * @return whether each has been, and what it brought is in force or refused
   */
  public BooleanSupplier askAgain() {
    Map<BundleLoop, Long> awaited = new HashMap<>();
    loops.forEach(loop -> awaited.put(loop, loop.hurry()));
    return () -> awaited.entrySet().stream().allMatch(e -> e.getKey().attempts() >= e.getValue());
  }

  /** What was counted since the start, by name. */
  public Map<String, Long> counters() {
    return loops.isEmpty() ? Map.of() : counters.read();
  }

  /** Stops asking; what is in force stays. */
  @Override
  public void close() {
    workers.forEach(Worker::stop);
    loops.forEach(BundleLoop::end);
    if (reporter != null) {
      reporting.interrupt();
    }
    try {
      Worker.await(workers, GRACE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Worker.close(workers);
    loops.forEach(BundleLoop::close);
    if (reporter != null) {
      reporter.close();
    }
  }
}
