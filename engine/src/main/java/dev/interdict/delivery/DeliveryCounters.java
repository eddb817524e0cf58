package dev.interdict.delivery;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** What happened with bundles since the engine's start. */
final class DeliveryCounters {
  final AtomicLong bundlesActivated = new AtomicLong();
  final AtomicLong bundlesRefused = new AtomicLong();
  final AtomicLong fetchesFailed = new AtomicLong();
  final AtomicLong reportsSent = new AtomicLong();
  final AtomicLong reportsFailed = new AtomicLong();

  Map<String, Long> read() {
    return Map.of(
        "bundles_activated", bundlesActivated.get(),
        "bundles_refused", bundlesRefused.get(),
        "bundle_fetches_failed", fetchesFailed.get(),
        "status_reports_sent", reportsSent.get(),
        "status_reports_failed", reportsFailed.get());
  }
}
