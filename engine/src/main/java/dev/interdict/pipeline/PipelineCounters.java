package dev.interdict.pipeline;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What the engine did with records since its start. Safe for use by many threads. */
public final class PipelineCounters {
  private static final Logger LOG = System.getLogger(PipelineCounters.class.getName());

  final LongAdder decided = new LongAdder();
  final LongAdder repeated = new LongAdder();
  final LongAdder outdated = new LongAdder();
  final LongAdder failed = new LongAdder();
  final LongAdder overRate = new LongAdder();
  final LongAdder early = new LongAdder();
  final LongAdder unplaced = new LongAdder();
  final LongAdder unlabelled = new LongAdder();
  final LongAdder unwritten = new LongAdder();
  final LongAdder malformed = new LongAdder();
  private final LongAdder broken = new LongAdder();
  final LongAdder observed = new LongAdder();
  final LongAdder slept = new LongAdder();
  final Latency latency = new Latency();

  /**
   * A record was lost to something that nobody has foreseen. Said the 1st, 2nd, 4th, 8th time: a
   * task could repeat it as often as it likes.
   */
  void broken(Throwable thrown) {
    broken.increment();
    long times = broken.sum();
    if (Long.bitCount(times) == 1) {
      LOG.log(
          Level.ERROR,
          "a record was lost to what should not happen; times so far: " + times,
          thrown);
    }
  }

  /** From the misses to their verdicts. */
  public Latency.Measured latency() {
    return latency.measured();
  }

  /** By the name under which people see it. */
  public Map<String, Long> read() {
    Map<String, Long> all = new LinkedHashMap<>();
    all.put("decided", decided.sum()); // misses evaluated, verdict written
    all.put("repeated", repeated.sum()); // misses that were decided already when they were read
    all.put("outdated", outdated.sum()); // misses of a mask set or slot that is gone
    all.put("failed", failed.sum()); // slots whose policy gave no decision: the fallback answers
    all.put("over_rate", overRate.sum()); // those of them that had been asked too often
    // decided before it was known for good whose container it is
    all.put("unidentified", early.sum());
    all.put("unplaced", unplaced.sum()); // not covered only since nobody can tell whose it is
    // attempts that went on before it was decided that they set a label: it is not set
    all.put("unlabelled", unlabelled.sum());
    all.put("unwritten", unwritten.sum()); // verdicts the kernel's table did not take
    all.put("malformed", malformed.sum()); // records that could not be decoded
    all.put("broken", broken.sum()); // records whose handling failed unexpectedly
    all.put("observed", observed.sum()); // refusals and would-denials the kernel reported
    all.put("slept", slept.sum()); // times the decider blocked for want of records
    all.put("decision_ns", latency.sumNs()); // from the misses to their verdicts, in all
    return all;
  }
}
