package dev.interdict.pipeline;

import dev.interdict.eval.PolicySet;
import dev.interdict.event.Event;
import dev.interdict.verdict.Verdict;

/**
 * Hears of each attempt that the decider is asked about, once the answer is where the kernel looks;
 * of one that has waited and is asked about again, the first time only.
 */
@FunctionalInterface
public interface Tap {
  /** Nobody hears. */
  Tap NONE = (event, set, verdict) -> {};

  /**
   * The engine was asked. Called by the decider, for whom the next task waits: it hands over and
   * returns.
   *
   * @param set what it decides by
   * @param verdict what is known about the event's key now
   */
  void asked(Event event, PolicySet set, Verdict verdict);
}
