package dev.interdict.pipeline;

import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicySet;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.VerdictTable;
import java.time.Duration;

/**
 * The data flow: records in, verdicts and decisions out. Two threads of its own, {@code decider}
 * and {@code observer}; the methods may be called by any thread.
 */
public final class Pipeline implements AutoCloseable {
  private static final Duration JOIN = Duration.ofSeconds(2);

  private final PipelineCounters counters = new PipelineCounters();
  private final Outcomes outcomes;
  private final Decider decider;
  private final Observer observer;
  private final Thread deciderThread;
  private final Thread observerThread;
  private boolean started;

  /**
   * What the pipeline works on. It owns none of it.
   *
   * @param decide the ring of misses of processes
   * @param packets the ring of misses of packets
   * @param observe the ring of answers
   * @param verdicts where decisions go
   */
  public record Parts(
      RingBuffer decide,
      RingBuffer packets,
      RingBuffer observe,
      EngineState state,
      VerdictTable verdicts,
      DecisionLog log,
      HostNames names) {}

  /**
   * Makes a pipeline that does nothing before its first {@link #use}: an engine that cannot decide
   * yet must not have a heartbeat, or tasks would wait for it in vain, and what they ask stays in
   * the ring until it can be answered.
   *
   * @param spin how long the decider looks on for records before it sleeps
   */
  public Pipeline(Parts parts, Duration spin) {
    outcomes = new Outcomes(parts.log(), parts.names());
    decider = new Decider(parts, outcomes, counters, spin);
    observer = new Observer(parts.observe(), outcomes, counters);
    deciderThread = Thread.ofPlatform().name("decider").unstarted(decider);
    observerThread = Thread.ofPlatform().name("observer").daemon().unstarted(observer);
  }

  /**
   * Decides by {@code set} from the next record on; the first set starts the threads, and the first
   * heartbeat is written at once. A record that asks for a slot that is not in the set gets no
   * verdict; so new slots must be in use here before the posture asks for them.
   */
  public synchronized void use(PolicySet set) {
    decider.use(set);
    observer.use(set);
    if (!started) {
      started = true;
      deciderThread.start();
      observerThread.start();
    }
  }

  /** Forgets why keys were denied, before a slot is given to another policy. */
  public void forgetReasons() {
    outcomes.forgetAll();
  }

  public PipelineCounters counters() {
    return counters;
  }

  /** Stops reading: from now on the heartbeat is missing, and misses get their fallback. */
  @Override
  public void close() {
    decider.stop();
    observer.stop();
    observerThread.interrupt();
    try {
      deciderThread.join(JOIN);
      observerThread.join(JOIN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
