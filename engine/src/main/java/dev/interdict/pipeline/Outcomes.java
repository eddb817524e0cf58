package dev.interdict.pipeline;

import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.verdict.VerdictKey;

/**
 * Sees to it that each attempt leaves exactly one record in the log: the kernel reports what it
 * refused or would have refused by a verdict; what it let pass undecided, and allowed after
 * waiting, is told by the decision. Safe for use by many threads.
 */
final class Outcomes {
  private final DecisionLog log;
  private final Narrator narrator;
  private final Reasons reasons = new Reasons();

  Outcomes(DecisionLog log, HostNames names) {
    this.log = log;
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
   * @param decisions null if it had been decided before
   */
  void passed(Event event, PolicySet set, SlotSet asked, SlotDecisions decisions, long latencyNs) {
    SlotDecisions said =
        decisions == null ? reasons.get(VerdictKey.of(event.head().key())) : decisions;
    SlotSet deny = said == null ? SlotSet.NONE : said.deny().and(asked);
    boolean waiting = RecordFlag.HELD.in(event.head().flags());
    boolean refused = RecordFlag.REFUSED.in(event.head().flags());
    SlotSet failed = said == null ? SlotSet.NONE : said.failed().and(asked);
    boolean willRefuse = !deny.or(failed.and(set.refusing())).isEmpty();
    if (refused || (waiting && willRefuse)) {
      return; // the kernel tells
    }
    Outcome outcome = deny.isEmpty() ? Outcome.ALLOWED : Outcome.WOULD_DENY;
    SlotSet warn = said == null ? SlotSet.NONE : said.warn().and(asked);
    if (log.wants(outcome) || !failed.isEmpty()) {
      SlotSet named = deny.or(warn).or(failed);
      log.append(narrator.describe(event, outcome, set, named, SlotSet.NONE, said, latencyNs));
    }
  }

  /** Tells of an answer that the kernel reported. */
  void answered(Event event, PolicySet set, SlotDecisions said) {
    SlotSet refused = event.head().refused();
    Outcome outcome = refused.isEmpty() ? Outcome.WOULD_DENY : Outcome.DENIED;
    log.append(
        narrator.describe(
            event, outcome, set, refused.or(event.head().would()), refused, said, -1));
  }
}
