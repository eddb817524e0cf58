package dev.interdict.eval;

import dev.interdict.event.SlotSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the policies of some slots said about one event. Immutable.
 *
 * @param decided slots that answered
 * @param deny those of them that deny, or deny and kill
 * @param kill those of these that want the process killed
 * @param warn those of {@code decided} that have a warning
 * @param failed slots whose policy gave no answer: neither decided nor refused
 */
public record SlotDecisions(
    SlotSet decided, SlotSet deny, SlotSet kill, SlotSet warn, SlotSet failed, Spoken spoken) {

  /** The decisions that say something, and the failures, by slot; most say nothing. */
  public static final class Spoken {
    static final Spoken NOTHING = new Spoken();
    private final TreeMap<Integer, Decision> bySlot = new TreeMap<>();
    private final TreeMap<Integer, EvaluationException> failures = new TreeMap<>();

    private Spoken() {}

    private Spoken copy() {
      Spoken copy = new Spoken();
      copy.bySlot.putAll(bySlot);
      copy.failures.putAll(failures);
      return copy;
    }
  }

  /** Five sets, two maps, a record; a decision in its map; an exception with its trace. */
  private static final long BYTES = 512;

  private static final long BYTES_A_SLOT = 128;
  private static final long BYTES_A_FAILURE = 16 << 10;

  /** Nobody was asked. */
  public static final SlotDecisions NONE =
      new SlotDecisions(
          SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, Spoken.NOTHING);

  /** These have nothing to say. */
  static SlotDecisions silent(SlotSet slots) {
    return new SlotDecisions(
        slots, SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, Spoken.NOTHING);
  }

  /** What {@code slot} said; null if it was not asked or did not answer. */
  public Decision get(int slot) {
    Decision said = spoken.bySlot.get(slot);
    return said == null && decided.contains(slot) ? Decision.ALLOW : said;
  }

  /** The labels that slots set, of those that set some. */
  public Map<Integer, List<String>> labels() {
    Map<Integer, List<String>> labels = new TreeMap<>();
    spoken.bySlot.forEach(
        (slot, said) -> {
          if (!said.label().isEmpty()) {
            labels.put(slot, said.label());
          }
        });
    return labels;
  }

  /** Why {@code slot} gave no answer; null if it was not asked or did. */
  public EvaluationException failure(int slot) {
    return spoken.failures.get(slot);
  }

  /** About what it occupies, in bytes. */
  public long bytes() {
    long bytes = BYTES;
    for (Decision said : spoken.bySlot.values()) {
      bytes += BYTES_A_SLOT + said.bytes();
    }
    return bytes + spoken.failures.size() * BYTES_A_FAILURE;
  }

  /** How many of the failed slots had been asked too often. */
  public int overRate() {
    int count = 0;
    for (EvaluationException failure : spoken.failures.values()) {
      count += failure.kind() == EvaluationException.Kind.RATE ? 1 : 0;
    }
    return count;
  }

  /** Both; where both have an answer of a slot, the other's. */
  public SlotDecisions merge(SlotDecisions other) {
    Spoken all = spoken.copy();
    other.decided.forEach(all.bySlot::remove);
    other.decided.forEach(all.failures::remove);
    all.bySlot.putAll(other.spoken.bySlot);
    all.failures.putAll(other.spoken.failures);
    return new SlotDecisions(
        decided.or(other.decided),
        deny.minus(other.decided).or(other.deny),
        kill.minus(other.decided).or(other.kill),
        warn.minus(other.decided).or(other.warn),
        failed.minus(other.decided).or(other.failed),
        all);
  }

  /** The same, and what {@code slot} said. */
  SlotDecisions with(int slot, Decision said) {
    if (said.isSilent()) {
      return new SlotDecisions(decided.with(slot), deny, kill, warn, failed, spoken);
    }
    Spoken all = spoken.copy();
    all.bySlot.put(slot, said);
    return new SlotDecisions(
        decided.with(slot),
        said.denies() ? deny.with(slot) : deny,
        said.kill().isEmpty() ? kill : kill.with(slot),
        said.warn().isEmpty() ? warn : warn.with(slot),
        failed,
        all);
  }

  /** The same, and {@code slot} without an answer. */
  SlotDecisions withFailure(int slot, EvaluationException why) {
    Spoken all = spoken.copy();
    all.failures.put(slot, why);
    return new SlotDecisions(decided, deny, kill, warn, failed.with(slot), all);
  }
}
