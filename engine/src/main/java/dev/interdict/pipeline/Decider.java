package dev.interdict.pipeline;

import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.EventDecoder;
import dev.interdict.event.RecordException;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.libbpf.ThreadPriority;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/**
 * Decides: the one thread that takes misses off the rings, evaluates them and leaves verdicts.
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
  private final VerdictTable verdicts;
  private final Outcomes outcomes;
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
    this.verdicts = parts.verdicts();
    this.outcomes = outcomes;
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
      decide(EventDecoder.decode(data, at, bytes));
    } catch (RecordException e) {
      counters.malformed.increment();
      LOG.log(Level.WARNING, "a record was skipped: {0}", e.getMessage());
    }
  }

  private void decide(Event event) {
    PolicySetEvaluator now = evaluator;
    PolicySet set = now.set();
    Event.Head head = event.head();
    VerdictKey key = VerdictKey.of(head.key());
    SlotSet asked = head.asked().and(set.slots());
    Verdict known = verdicts.get(key);
    SlotSet open = known == null ? asked : asked.minus(known.decided());
    if (open.isEmpty()) {
      repeat(event, set, asked, key, known);
      return;
    }
    SlotDecisions decisions = now.decide(event, open);
    counters.failed.add(decisions.failures());
    // First the reasons, then the verdict: whoever sees the refusal finds why.
    outcomes.remember(key, decisions);
    write(
        key,
        new Verdict(
            decisions.decided(), decisions.deny(), decisions.kill(), Verdict.CURRENT_GENERATION),
        set.generation());
    long latency = BootClock.nowNs() - head.timeNs();
    counters.decided.increment();
    counters.latencyNs.add(latency);
    outcomes.passed(event, set, asked, decisions, latency);
  }

  /**
   * Another task asked the same before the verdict was there; or the kernel has lost it, so that it
   * is written again.
   */
  private void repeat(Event event, PolicySet set, SlotSet asked, VerdictKey key, Verdict known) {
    if (asked.isEmpty()) {
      counters.outdated.increment();
      return;
    }
    counters.repeated.increment();
    write(key, known, set.generation());
    outcomes.passed(event, set, asked, null, -1);
  }

  private void write(VerdictKey key, Verdict verdict, long policySet) {
    try {
      verdicts.merge(key, verdict, policySet);
    } catch (BpfException e) {
      // The task that waits gets its fallback; the next miss tries again.
      counters.unwritten.increment();
      LOG.log(Level.WARNING, "a verdict was not written: {0}", e.getMessage());
    }
  }
}
