package dev.interdict.pipeline;

import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.worker.Worker;
import java.time.Duration;

/**
 * Observes: the one thread that takes the kernel's answers off their ring and writes the decision
 * log. It is apart from the {@link Decider} so that no task waits behind a log.
 */
final class Observer implements Worker.Round {
  /**
   * People do not notice it, and a flood of denials is read in batches instead of one wake-up each.
   */
  private static final Duration PAUSE = Duration.ofMillis(20);

  private static final int BATCH = 256;

  private final RingBuffer ring;
  private final Outcomes outcomes;
  private final Comparisons comparisons;
  private final PipelineCounters counters;
  private final RecordReader reader;

  private volatile PolicySetEvaluator evaluator;

  Observer(
      Pipeline.Parts parts, Outcomes outcomes, Comparisons comparisons, PipelineCounters counters) {
    this.ring = parts.observe();
    this.outcomes = outcomes;
    this.comparisons = comparisons;
    this.counters = counters;
    this.reader = parts.reader(this::observe, counters);
  }

  void use(PolicySet next) {
    if (evaluator == null) {
      evaluator = next.newEvaluator();
    } else {
      evaluator.use(next);
    }
  }

  @Override
  public void run() throws InterruptedException {
    evaluator.takeOver();
    if (reader.drain(ring, BATCH) == 0) {
      Thread.sleep(PAUSE);
    }
  }

  void observe(Event event) {
    counters.observed.increment();
    PolicySet set = evaluator.takeOver();
    comparisons.answered(event, set); // first: a rollout must not miss what a log stumbles over
    outcomes.answered(event, set, why(event, evaluator));
  }

  /**
   * The reasons: remembered, or asked for again where the verdict is from an earlier engine. What
   * rests on a container that is not known for good is told, and not remembered.
   */
  SlotDecisions why(Event event, PolicySetEvaluator now) {
    SlotSet slots = event.head().refused().or(event.head().would());
    VerdictKey key = VerdictKey.of(event.head().key());
    SlotDecisions known = outcomes.reasons(key);
    if (RecordFlag.FALLBACK.in(event.head().flags())) {
      return known;
    }
    if (known != null && slots.minus(known.deny()).isEmpty()) {
      return known;
    }
    SlotSet open = slots.and(now.set().slots());
    SlotSet readers = open.and(now.set().containerSlots());
    boolean settled = readers.isEmpty() || now.set().settle(event) == 0;
    SlotDecisions again = now.decide(event, open);
    if (settled) {
      outcomes.remember(key, again);
    }
    return again;
  }
}
