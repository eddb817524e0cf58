package dev.interdict.pipeline;

import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySet.Placing;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.BpfException;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * From one miss to its verdict. For one thread.
 *
 * <p>A policy that gives no answer is left alone with this key for a moment, and the kernel is told
 * so: its fallback answers at once, and nobody waits. A candidate that gives none is not asked
 * about the key again; see {@link VerdictTable#forgetFailures}.
 *
 * <p>A decision that also rests on the moment it is made in ({@link PolicySet#perishable}) makes
 * the verdict expire; its key is one process's alone. What has expired says nothing, here as in the
 * kernel. So does one that was made before it was known for good whose container the event is of;
 * its key is shared all the same, since it is of that cgroup.
 */
final class Judge {
  private static final Logger LOG = System.getLogger(Judge.class.getName());

  /**
   * How long a verdict stands that rests on its moment: half of the default deadline, so that a
   * call that waits finds it on its way back.
   */
  static final Duration PERISHABLE = Duration.ofMillis(100);

  /**
   * How long one stands in whose cgroup nobody could tell whom it covers: until it is asked for
   * again.
   */
  static final Duration UNTOLD = Duration.ofMillis(100);

  /** How long a policy is not asked again about a key that it had no answer to. */
  static final Duration CANNOT = Duration.ofSeconds(1);

  private final VerdictTable verdicts;
  private final Outcomes outcomes;
  private final Comparisons comparisons;
  private final PipelineCounters counters;
  private volatile Tap tap = Tap.NONE;

  Judge(
      VerdictTable verdicts,
      Outcomes outcomes,
      Comparisons comparisons,
      PipelineCounters counters) {
    this.verdicts = verdicts;
    this.outcomes = outcomes;
    this.comparisons = comparisons;
    this.counters = counters;
  }

  /** Tells {@code listener}, and nobody else, of what it is asked. For any thread. */
  void tap(Tap listener) {
    tap = listener;
  }

  /** Decides what is open about {@code event} and leaves the verdict. */
  void judge(Event event, PolicySetEvaluator policies) {
    PolicySet set = policies.takeOver();
    Event.Head head = event.head();
    VerdictKey key = VerdictKey.of(head.key());
    SlotSet asked = head.asked().and(set.slots());
    Verdict known = verdicts.get(key);
    boolean holds = known != null && known.holds(BootClock.nowNs());
    SlotSet open = holds ? asked.minus(known.answered()) : asked;
    SlotDecisions before = holds ? outcomes.reasons(key) : null;
    if (open.isEmpty()) {
      repeat(event, set, asked, key, known, before);
      return;
    }
    // Whoever waits does not wait for candidates.
    SlotSet aside = open.and(set.candidateSlots());
    Answer answer =
        aside.equals(open) ? Answer.NONE : answer(event, key, policies, open.minus(aside));
    long latency = BootClock.nowNs() - head.timeNs();
    if (!aside.isEmpty()) {
      answer = answer.with(answer(event, key, policies, aside));
    }
    counters.decided.increment();
    counters.latency.add(latency);
    countMissed(event, answer.decisions);
    Verdict now = holds ? known.with(answer.verdict) : answer.verdict;
    SlotDecisions said = before == null ? answer.decisions : before.merge(answer.decisions);
    outcomes.passed(event, set, asked, now, said, latency);
    told(event, set, key, now);
  }

  private record Answer(SlotDecisions decisions, Verdict verdict) {
    static final Answer NONE =
        new Answer(SlotDecisions.NONE, new Verdict(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE));

    Answer with(Answer other) {
      return new Answer(decisions.merge(other.decisions), verdict.with(other.verdict));
    }
  }

  private Answer answer(Event event, VerdictKey key, PolicySetEvaluator policies, SlotSet open) {
    PolicySet set = policies.set();
    SlotSet readers = open.and(set.containerSlots());
    long keepsNs = readers.isEmpty() ? 0 : set.settle(event); // first: what is found later is later
    SlotDecisions decisions = policies.decide(event, open);
    Placing placing = policies.placing();
    if (placing != Placing.TOLD) {
      counters.unplaced.increment();
    }
    boolean early = keepsNs != 0 && !decisions.decided().and(readers).isEmpty();
    if (early) {
      counters.early.increment();
    }
    counters.failed.add(decisions.failed().size());
    counters.overRate.add(decisions.overRate());
    // First the reasons, then the verdict: whoever sees the refusal finds why.
    outcomes.remember(key, decisions);
    Map<Integer, Long> labels = event.hook() == Hook.XDP_INGRESS ? Map.of() : bits(decisions, set);
    Duration keeps = placing == Placing.UNTOLD ? UNTOLD : early ? Duration.ofNanos(keepsNs) : null;
    Verdict made = verdict(decisions, set, keeps, labels);
    write(key, made, set.generation());
    return new Answer(decisions, made);
  }

  /**
   * @param early how long a decision about whose cgroup it is may be kept; null: for good
   */
  private static Verdict verdict(
      SlotDecisions decisions, PolicySet set, Duration early, Map<Integer, Long> labels) {
    boolean perishable = !decisions.decided().and(set.perishable()).isEmpty();
    // That a candidate has no answer must not make the answers of others expire.
    boolean unanswered = !decisions.failed().minus(set.candidateSlots()).isEmpty();
    Duration stands = perishable ? PERISHABLE : unanswered ? CANNOT : null;
    if (early != null && (stands == null || early.compareTo(stands) < 0)) {
      stands = early;
    }
    return new Verdict(
        decisions.decided(),
        decisions.deny(),
        decisions.kill(),
        decisions.failed(),
        stands == null ? 0 : BootClock.nowNs() + stands.toNanos(),
        labels);
  }

  /** The labels that slots set, by their bits; a packet has no process to have one. */
  private static Map<Integer, Long> bits(SlotDecisions decisions, PolicySet set) {
    Map<Integer, Long> bits = new TreeMap<>();
    decisions
        .labels()
        .forEach(
            (slot, names) -> {
              long of = set.labelBits(slot, names);
              if (of != 0) {
                bits.put(slot, of);
              }
            });
    return bits;
  }

  /**
   * Counts labels that nobody sets: who has waited looks at the verdict, and sets what it says; who
   * has passed before it was there is gone.
   */
  private void countMissed(Event event, SlotDecisions decisions) {
    int flags = event.head().flags();
    if (!RecordFlag.HELD.in(flags)
        && !RecordFlag.REFUSED.in(flags)
        && event.hook() != Hook.XDP_INGRESS
        && !decisions.labels().isEmpty()) {
      counters.unlabelled.increment();
    }
  }

  /**
   * Another task asked the same before the verdict was there; or the kernel has lost it, so that it
   * is written again.
   */
  private void repeat(
      Event event,
      PolicySet set,
      SlotSet asked,
      VerdictKey key,
      Verdict known,
      SlotDecisions said) {
    if (asked.isEmpty()) {
      counters.outdated.increment();
      return;
    }
    counters.repeated.increment();
    write(key, known, set.generation());
    outcomes.passed(event, set, asked, known, said, -1);
    told(event, set, key, known);
  }

  /** Tells those who compare and record attempts, each of these once. */
  private void told(Event event, PolicySet set, VerdictKey key, Verdict now) {
    if (RecordFlag.AGAIN.in(event.head().flags())) {
      return;
    }
    if (!set.candidates().isEmpty()) {
      comparisons.asked(event, set, now, outcomes.reasons(key));
    }
    tap.asked(event, set, now);
  }

  private void write(VerdictKey key, Verdict verdict, long policySet) {
    try {
      verdicts.merge(key, verdict, policySet);
    } catch (BpfException e) {
      // The task that waits asks again.
      counters.unwritten.increment();
      LOG.log(Level.WARNING, "a verdict was not written: {0}", e.getMessage());
    }
  }
}
