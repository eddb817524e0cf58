package dev.interdict.pipeline;

import dev.interdict.decisions.Comparison;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionLog.Kept;
import dev.interdict.decisions.Explanation;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Event;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.KernelCounters;
import dev.interdict.verdict.VerdictTable;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The data flow: records in, verdicts and decisions out. Two workers of its own, {@code decider}
 * and {@code observer}; the methods may be called by any thread.
 */
public final class Pipeline implements AutoCloseable {
  private final PipelineCounters counters = new PipelineCounters();
  private final Outcomes outcomes;
  private final Explainer explainer;
  private final Comparisons comparisons;
  private final Decider decider;
  private final Observer observer;
  private final EngineState state;
  private final List<Worker> workers;
  private boolean started;

  /**
   * What the pipeline works on. It owns none of it.
   *
   * @param decide the ring of misses of processes
   * @param packets the ring of misses of packets
   * @param observe the ring of answers
   * @param verdicts where decisions go
   * @param counted where they are counted
   * @param genuine whether a record's facts are those that its key was made of
   */
  public record Parts(
      RingBuffer decide,
      RingBuffer packets,
      RingBuffer observe,
      EngineState state,
      VerdictTable verdicts,
      KernelCounters counted,
      DecisionLog log,
      HostNames names,
      Predicate<Event> genuine) {

    /** Each ring's records come by such a one, and none is handed on that is not genuine. */
    RecordReader reader(Consumer<Event> work, PipelineCounters counters) {
      return new RecordReader(work, counters, names, genuine);
    }
  }

  /**
   * Makes a pipeline that does nothing before its first {@link #use}: an engine that cannot decide
   * yet must not have a heartbeat, or tasks would wait for it in vain, and what they ask stays in
   * the ring until it can be answered.
   *
   * @param spin how long the decider looks on for records before it sleeps
   * @param crew where its workers are shown
   */
  public Pipeline(Parts parts, Duration spin, Workers crew) {
    outcomes = new Outcomes(parts.log(), parts.names(), parts.counted());
    comparisons = new Comparisons(parts.names());
    explainer = new Explainer(parts.verdicts(), parts.names());
    decider = new Decider(parts, outcomes, comparisons, counters, spin);
    observer = new Observer(parts, outcomes, comparisons, counters);
    state = parts.state();
    workers = List.of(crew.addVital("decider", decider), crew.add("observer", observer));
  }

  /**
   * Decides by {@code set} from the next record on; the first set starts the threads, and the first
   * heartbeat is written at once. A record that asks for a slot that is not in the set gets no
   * verdict; so new slots must be in use here before the posture asks for them.
   */
  public synchronized void use(PolicySet set) {
    comparisons.use(set);
    explainer.use(set);
    decider.use(set);
    observer.use(set);
    if (!started) {
      started = true;
      workers.forEach(Worker::start);
    }
  }

  /** Tells {@code tap}, and nobody else, of what is asked from now on. */
  public void tap(Tap tap) {
    decider.tap(tap);
  }

  /** How the candidate in {@code slot} compares; null: nothing was compared yet. */
  public Comparison comparison(int slot) {
    return comparisons.of(slot);
  }

  /** Tells what a decision rests on, once there is a first set. */
  public Explanation explain(Kept kept) {
    return explainer.explain(kept);
  }

  /** Forgets why keys were denied, before a slot is given to another policy. */
  public void forgetReasons() {
    outcomes.forgetAll();
  }

  public PipelineCounters counters() {
    return counters;
  }

  /** Stops reading and takes the heartbeat back: from now on misses get their fallback at once. */
  @Override
  public void close() {
    workers.forEach(Worker::close);
    state.stop();
  }
}
