package dev.interdict.pipeline;

import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.event.EventDecoder;
import dev.interdict.event.RecordException;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.libbpf.ThreadPriority;
import dev.interdict.verdict.EngineState;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/**
 * Decides: the one thread that takes misses off the rings and has them judged ({@link Judge}).
 *
 * <p>A wake-up costs 40 to 60 microseconds and a look at a ring 0.1, so after work it looks on for
 * a while before it sleeps, and tells the programs that it sleeps: only then do they pay for waking
 * it. It looks on only as long as records come about as fast; a quiet host costs no processor.
 *
 * <p>Its heartbeat is what the programs go by: an engine whose decider is stuck is lost to them,
 * whatever else runs.
 */
final class Decider implements Runnable {
  private static final Logger LOG = System.getLogger(Decider.class.getName());

  /**
   * Heartbeats are at most so far apart while nothing happens; a twentieth of the default
   * staleness.
   */
  private static final Duration BEAT = Duration.ofMillis(50);

  /**
   * Records between two heartbeats: at 50 ms, the limit of one evaluation, still below the
   * staleness.
   */
  private static final int BATCH = 16;

  private final RingBuffer processes;
  private final RingBuffer packets;
  private final List<RingBuffer> rings;
  private final EngineState state;
  private final Judge judge;
  private final PipelineCounters counters;
  private final long spinNs;

  private volatile PolicySetEvaluator evaluator;
  private volatile boolean stopped;
  private long meanGapNs;

  Decider(Pipeline.Parts parts, Outcomes outcomes, PipelineCounters counters, Duration spin) {
    this.processes = parts.decide();
    this.packets = parts.packets();
    this.rings = List.of(processes, packets);
    this.state = parts.state();
    this.judge = new Judge(parts.verdicts(), outcomes, counters);
    this.counters = counters;
    this.spinNs = spin.toNanos();
    this.meanGapNs = spinNs;
  }

  /** Decides by {@code set} from the next record on. */
  void use(PolicySet next) {
    evaluator = next.newEvaluator(evaluator);
  }

  void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    // Tasks that wait poll and restart: without this, fifty of them would share the processor that
    // is to answer them.
    if (!ThreadPriority.raise()) {
      LOG.log(Level.WARNING, "the decider has no priority (CAP_SYS_NICE): held calls wait longer");
    }
    long last = System.nanoTime();
    while (!stopped) {
      state.beat();
      int count = drain(processes) + drain(packets);
      long now = System.nanoTime();
      if (count > 0) {
        // Eight records decide: long enough to ignore one pause, short enough to notice that a
        // burst is over.
        meanGapNs += ((now - last) / count - meanGapNs) / 8;
        last = now;
      } else if (now - last < (meanGapNs < spinNs ? spinNs : spinNs / 8)) {
        Thread.onSpinWait();
      } else {
        sleep();
      }
    }
  }

  private void sleep() {
    counters.slept.increment();
    state.asleep(true);
    // A record from before the flag was visible wakes nobody: look once more.
    if (!processes.hasData() && !packets.hasData()) {
      RingBuffer.await(rings, BEAT);
    }
    state.asleep(false);
  }

  private int drain(RingBuffer ring) {
    try {
      return ring.consume(this::take, BATCH);
    } catch (BpfException e) {
      LOG.log(Level.ERROR, "records were skipped", e);
      counters.malformed.increment();
      return 1;
    }
  }

  private void take(MemorySegment data, long at, int bytes) {
    try {
      judge.judge(EventDecoder.decode(data, at, bytes), evaluator);
    } catch (RecordException e) {
      counters.malformed.increment();
      LOG.log(Level.WARNING, "a record was skipped: {0}", e.getMessage());
    }
  }
}
