package dev.interdict.pipeline;

import java.util.concurrent.atomic.LongAdder;

/** How long misses took to their verdicts, as a histogram. Safe for use by many threads. */
public final class Latency {
  /** Upper bounds of the buckets in nanoseconds; what is above the last counts only in all. */
  private static final long[] BOUNDS_NS = {
    10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
    100_000_000, 250_000_000, 500_000_000, 1_000_000_000
  };

  private final LongAdder[] counts = new LongAdder[BOUNDS_NS.length + 1];
  private final LongAdder sumNs = new LongAdder();

  /**
   * What was measured so far.
   *
   * @param boundsNs upper bounds of the buckets, rising
   * @param counts of each bucket alone, and one more of what is above the last
   * @param sumNs of all
   */
  public record Measured(long[] boundsNs, long[] counts, long sumNs) {}

  Latency() {
    for (int i = 0; i < counts.length; i++) {
      counts[i] = new LongAdder();
    }
  }

  void add(long ns) {
    int bucket = 0;
    while (bucket < BOUNDS_NS.length && ns > BOUNDS_NS[bucket]) {
      bucket++;
    }
    counts[bucket].increment();
    sumNs.add(ns);
  }

  /** In nanoseconds, in all. */
  long sumNs() {
    return sumNs.sum();
  }

  Measured measured() {
    long[] now = new long[counts.length];
    for (int i = 0; i < now.length; i++) {
      now[i] = counts[i].sum();
    }
    return new Measured(BOUNDS_NS.clone(), now, sumNs());
  }
}
