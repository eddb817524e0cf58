package dev.interdict.pipeline;

import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.verdict.KernelCounters;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import java.util.ArrayList;
import java.util.List;

/**
 * Sees to it that each attempt leaves exactly one record in the log, and is counted once: the
 * kernel reports and counts what it refused or would have refused by a verdict; what it let pass
 * undecided, and allowed after waiting, is told by the decision. What others refused meanwhile has
 * their record, and is only counted here. So is a packet that was dropped to wait told: whether it
 * comes again nobody knows. Safe for use by many threads.
 */
final class Outcomes {
  private final DecisionLog log;
  private final Narrator narrator;
  private final KernelCounters counters;
  private final Reasons reasons = new Reasons();

  Outcomes(DecisionLog log, HostNames names, KernelCounters counters) {
    this.log = log;
    this.counters = counters;
    this.narrator = new Narrator(names);
  }

  /** Keeps why {@code key} is denied, or not decided. */
  void remember(VerdictKey key, SlotDecisions decisions) {
    if (!decisions.deny().isEmpty() || !decisions.failed().isEmpty()) {
      reasons.put(key, decisions);
    }
  }

  SlotDecisions reasons(VerdictKey key) {
    return reasons.get(key);
  }

  void forgetAll() {
    reasons.clear();
  }

  /**
   * Tells of a miss once it is decided.
   *
   * @param now what is known about it by now, by whichever question
   * @param said the same with its reasons, as far as they are kept; null if none are
   * @param latencyNs from the attempt to the verdict; -1 if it had been decided before
   */
  void passed(
      Event event, PolicySet set, SlotSet asked, Verdict now, SlotDecisions said, long latencyNs) {
    SlotSet deny = now.deny().and(asked);
    if (RecordFlag.TOLD.in(event.head().flags())) {
      countBeside(event, deny);
      return;
    }
    if (deny.isEmpty() && RecordFlag.AGAIN.in(event.head().flags())) {
      return; // its first question has told
    }
    SlotSet failed = now.cannot().and(asked);
    boolean packet = event.hook() == Hook.XDP_INGRESS;
    SlotSet refusing = failed.and(set.refusing()).and(event.head().refused());
    if (kernelTells(event, packet && !deny.isEmpty() ? SlotSet.NONE : deny.or(refusing))) {
      return;
    }
    SlotSet enforced = packet ? deny.and(willRefuse(event)) : SlotSet.NONE;
    counters.tell(event.hook(), enforced, deny.minus(enforced));
    Outcome outcome =
        deny.isEmpty() ? Outcome.ALLOWED : enforced.isEmpty() ? Outcome.WOULD_DENY : Outcome.DENIED;
    SlotSet warn = said == null ? SlotSet.NONE : said.warn().and(asked);
    SlotSet named = deny.or(warn).or(failed);
    if (log.wants(outcome) || !named.isEmpty()) {
      log.append(
          narrator.describe(event, outcome, set, named, enforced, said, latencyNs),
          event,
          digests(set, named));
    }
  }

  /**
   * Where the kernel tells, who refused is counted, and those who were not decided are not: who
   * refuses was not needed, the others would have.
   */
  private void countBeside(Event event, SlotSet deny) {
    SlotSet would = deny.minus(event.head().refused()).minus(event.head().would());
    if (event.head().would().isEmpty()) {
      counters.tell(event.hook(), SlotSet.NONE, would);
    } else {
      counters.tellMore(would);
    }
  }

  private static boolean kernelTells(Event event, SlotSet refusing) {
    return RecordFlag.HELD.in(event.head().flags()) && !refusing.isEmpty();
  }

  /** The slots of a miss for whose sake the kernel waits. */
  private static SlotSet willRefuse(Event event) {
    return RecordFlag.HELD.in(event.head().flags()) ? event.head().refused() : SlotSet.NONE;
  }

  /** Tells of an answer that the kernel reported. */
  void answered(Event event, PolicySet set, SlotDecisions said) {
    SlotSet refused = event.head().refused();
    Outcome outcome = refused.isEmpty() ? Outcome.WOULD_DENY : Outcome.DENIED;
    SlotSet named = refused.or(event.head().would());
    log.append(
        narrator.describe(event, outcome, set, named, refused, said, -1),
        event,
        digests(set, named));
  }

  private static List<String> digests(PolicySet set, SlotSet slots) {
    List<String> digests = new ArrayList<>();
    slots.forEach(slot -> digests.add(set.slots().contains(slot) ? set.digest(slot) : ""));
    return digests;
  }
}
