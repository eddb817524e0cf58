package dev.interdict.pipeline;

import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.EventDecoder;
import dev.interdict.event.RecordException;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.verdict.VerdictKey;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * Observes: the one thread that takes the kernel's answers off their ring and writes the decision
 * log. It is apart from the {@link Decider} so that no task waits behind a log.
 */
final class Observer implements Runnable {
  private static final Logger LOG = System.getLogger(Observer.class.getName());

  /**
   * People do not notice it, and a flood of denials is read in batches instead of one wake-up each.
   */
  private static final Duration PAUSE = Duration.ofMillis(20);

  private static final int BATCH = 256;

  private final RingBuffer ring;
  private final Outcomes outcomes;
  private final PipelineCounters counters;

  private volatile PolicySetEvaluator evaluator;
  private volatile boolean stopped;

  Observer(RingBuffer ring, Outcomes outcomes, PipelineCounters counters) {
    this.ring = ring;
    this.outcomes = outcomes;
    this.counters = counters;
  }

  void use(PolicySet next) {
    evaluator = next.newEvaluator(evaluator);
  }

  void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    while (!stopped) {
      try {
        if (ring.consume(this::take, BATCH) == 0) {
          Thread.sleep(PAUSE);
        }
      } catch (BpfException e) {
        counters.malformed.increment();
        LOG.log(Level.ERROR, "records were skipped", e);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void take(MemorySegment data, long at, int bytes) {
    try {
      Event event = EventDecoder.decode(data, at, bytes);
      counters.observed.increment();
      PolicySetEvaluator now = evaluator;
      outcomes.answered(event, now.set(), why(event, now));
    } catch (RecordException e) {
      counters.malformed.increment();
      LOG.log(Level.WARNING, "a record was skipped: {0}", e.getMessage());
    }
  }

  /** The reasons: remembered, or asked for again where the verdict is from an earlier engine. */
  private SlotDecisions why(Event event, PolicySetEvaluator now) {
    SlotSet slots = event.head().refused().or(event.head().would());
    VerdictKey key = VerdictKey.of(event.head().key());
    SlotDecisions known = outcomes.reasons(key);
    if (RecordFlag.FALLBACK.in(event.head().flags())) {
      return known;
    }
    if (known != null && slots.minus(known.deny()).isEmpty()) {
      return known;
    }
    SlotDecisions again = now.decide(event, slots.and(now.set().slots()));
    outcomes.remember(key, again);
    return again;
  }
}
