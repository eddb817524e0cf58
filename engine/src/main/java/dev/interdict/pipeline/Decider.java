package dev.interdict.pipeline;

import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.libbpf.ThreadPriority;
import dev.interdict.verdict.EngineState;
import dev.interdict.worker.Worker;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;

/**
 * Decides: the one thread that takes misses off the rings and has them judged ({@link Judge}).
 *
 * <p>A wake-up costs 40 to 60 microseconds and a look at a ring 0.1, so after work it looks on for
 * a while before it sleeps, and tells the programs that it sleeps: only then do they pay for waking
 * it. It looks on only as long as records come about as fast; a quiet host costs no processor.
 *
 * <p>Its heartbeat, after each evaluation and while one makes progress within its limit, is what
 * the programs go by: who waits has patience as long as it comes, however long the queue is, and an
 * engine whose decider is stuck is lost to them, whatever else runs.
 */
final class Decider implements Worker.Round {
  private static final Logger LOG = System.getLogger(Decider.class.getName());

  /**
   * Heartbeats are at most so far apart while nothing happens; a twentieth of the default
   * staleness.
   */
  private static final Duration BEAT = Duration.ofMillis(50);

  /** Records of one ring before the other has its turn. */
  private static final int BATCH = 16;

  private final RingBuffer processes;
  private final RingBuffer packets;
  private final List<RingBuffer> rings;
  private final EngineState state;
  private final RecordReader reader;
  private final Judge judge;
  private final PipelineCounters counters;
  private final long spinNs;

  private volatile PolicySetEvaluator evaluator;
  private long meanGapNs;
  private long last;

  Decider(
      Pipeline.Parts parts,
      Outcomes outcomes,
      Comparisons comparisons,
      PipelineCounters counters,
      Duration spin) {
    this.processes = parts.decide();
    this.packets = parts.packets();
    this.rings = List.of(processes, packets);
    this.state = parts.state();
    judge = new Judge(parts.verdicts(), outcomes, comparisons, counters);
    this.reader = parts.reader(event -> judge.judge(event, evaluator), counters);
    this.counters = counters;
    this.spinNs = spin.toNanos();
    this.meanGapNs = spinNs;
  }

  /** Decides by {@code next} from the next record on. */
  void use(PolicySet next) {
    if (evaluator == null) {
      evaluator = next.newEvaluator(state::beat);
    } else {
      evaluator.use(next);
    }
  }

  /** Tells {@code tap} of what it is asked. */
  void tap(Tap tap) {
    judge.tap(tap);
  }

  private void begin() {
    // Tasks that wait poll and go round: without this, fifty of them would share the processor that
    // is to answer them.
    if (!ThreadPriority.raise()) {
      LOG.log(Level.WARNING, "the decider has no priority (CAP_SYS_NICE): held calls wait longer");
    }
    last = System.nanoTime();
  }

  @Override
  public void run() {
    if (last == 0) {
      begin();
    }
    state.beat();
    evaluator.takeOver();
    int count = reader.drain(processes, BATCH) + reader.drain(packets, BATCH);
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

  private void sleep() {
    counters.slept.increment();
    state.asleep(true);
    try {
      // A record from before the flag was visible wakes nobody: look once more.
      if (!processes.hasData() && !packets.hasData()) {
        RingBuffer.await(rings, BEAT);
      }
    } finally {
      state.asleep(false);
    }
  }
}
