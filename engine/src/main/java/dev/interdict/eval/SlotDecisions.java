package dev.interdict.eval;

import dev.interdict.event.SlotSet;
import java.util.TreeMap;

/**
 * What the policies of some slots said about one event. Immutable.
 *
 * @param decided slots that answered
 * @param deny those of them that deny, or deny and kill
 * @param kill those of these that want the process killed
 * @param warn those of {@code decided} that have a warning
 * @param failures slots whose policy gave no answer: neither decided nor refused
 */
public record SlotDecisions(
    SlotSet decided, SlotSet deny, SlotSet kill, SlotSet warn, int failures, Spoken spoken) {

  /** The decisions that say something, by slot; most say nothing. */
  public static final class Spoken {
    static final Spoken NOTHING = new Spoken();
    private final TreeMap<Integer, Decision> bySlot = new TreeMap<>();

    private Spoken() {}
  }

  /** Nobody was asked. */
  public static final SlotDecisions NONE =
      new SlotDecisions(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, 0, Spoken.NOTHING);

  /** What {@code slot} said; null if it was not asked or did not answer. */
  public Decision get(int slot) {
    Decision said = spoken.bySlot.get(slot);
    return said == null && decided.contains(slot) ? Decision.ALLOW : said;
  }

  /** Both; where both have an answer of a slot, the other's. */
  public SlotDecisions merge(SlotDecisions other) {
    Spoken all = new Spoken();
    all.bySlot.putAll(spoken.bySlot);
    other.decided.forEach(all.bySlot::remove);
    all.bySlot.putAll(other.spoken.bySlot);
    return new SlotDecisions(
        decided.or(other.decided),
        deny.minus(other.decided).or(other.deny),
        kill.minus(other.decided).or(other.kill),
        warn.minus(other.decided).or(other.warn),
        failures + other.failures,
        all);
  }

  /** The same, and what {@code slot} said. */
  SlotDecisions with(int slot, Decision said) {
    if (said.isSilent()) {
      return new SlotDecisions(decided.with(slot), deny, kill, warn, failures, spoken);
    }
    Spoken all = new Spoken();
    all.bySlot.putAll(spoken.bySlot);
    all.bySlot.put(slot, said);
    return new SlotDecisions(
        decided.with(slot),
        said.denies() ? deny.with(slot) : deny,
        said.kill().isEmpty() ? kill : kill.with(slot),
        said.warn().isEmpty() ? warn : warn.with(slot),
        failures,
        all);
  }

  /** The same, and one more slot without an answer. */
  SlotDecisions withFailure() {
    return new SlotDecisions(decided, deny, kill, warn, failures + 1, spoken);
  }
}
