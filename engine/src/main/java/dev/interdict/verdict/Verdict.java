package dev.interdict.verdict;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.SlotSet;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the engine has said about one key; {@code struct verdict} of {@code verdict.h} without the
 * key. Immutable.
 *
 * @param decided slots that have been asked
 * @param deny those of them that deny
 * @param kill those of these that want the process killed
 * @param cannot slots that have been asked and have no answer: nobody waits for them. In the kernel
 *     these are denied and not decided
 * @param expiresNs {@code CLOCK_BOOTTIME}; 0: never
 * @param labels bits of the labels that slots set, those of them that are decided and set some. The
 *     kernel has them in one word and takes of it what is the slot's own
 */
public record Verdict(
    SlotSet decided,
    SlotSet deny,
    SlotSet kill,
    SlotSet cannot,
    long expiresNs,
    Map<Integer, Long> labels) {
  /** {@code sizeof(struct verdict)}. */
  public static final int BYTES = EventLayouts.VERDICT.size();

  private static final int STAMP = EventLayouts.VERDICT.offset("stamp");
  private static final int KEY = EventLayouts.VERDICT.offset("key");
  private static final int DECIDED = EventLayouts.VERDICT.offset("decided");
  private static final int DENY = EventLayouts.VERDICT.offset("deny");
  private static final int KILL = EventLayouts.VERDICT.offset("kill");
  private static final int LABEL = EventLayouts.VERDICT.offset("label");
  private static final int LABELS = EventLayouts.VERDICT.offset("labels");
  private static final int EXPIRES = EventLayouts.VERDICT.offset("expires_ns");
  private static final int STAMP_AGAIN = EventLayouts.VERDICT.offset("stamp_again");

  public Verdict {
    deny = deny.and(decided);
    kill = kill.and(deny);
    cannot = cannot.minus(decided);
    labels = Map.copyOf(labels);
  }

  /** One that sets no label. */
  public Verdict(SlotSet decided, SlotSet deny, SlotSet kill, SlotSet cannot, long expiresNs) {
    this(decided, deny, kill, cannot, expiresNs, Map.of());
  }

  /** All that were asked have answered. */
  public Verdict(SlotSet decided, SlotSet deny, SlotSet kill, long expiresNs) {
    this(decided, deny, kill, SlotSet.NONE, expiresNs);
  }

  /** A verdict that does not expire. */
  public Verdict(SlotSet decided, SlotSet deny, SlotSet kill) {
    this(decided, deny, kill, 0);
  }

  /** Whether it still says something at {@code nowNs}. */
  public boolean holds(long nowNs) {
    return expiresNs == 0 || expiresNs > nowNs;
  }

  /** Slots about which it says something. */
  public SlotSet answered() {
    return decided.or(cannot);
  }

  /** Both together; where both have asked a slot, {@code newer} counts. The earlier expiry wins. */
  public Verdict with(Verdict newer) {
    SlotSet kept = decided.minus(newer.decided);
    long expires =
        expiresNs == 0 || newer.expiresNs == 0
            ? expiresNs | newer.expiresNs
            : Math.min(expiresNs, newer.expiresNs);
    return new Verdict(
        decided.or(newer.decided),
        deny.and(kept).or(newer.deny),
        kill.and(kept).or(newer.kill),
        cannot.or(newer.cannot),
        expires,
        labels(kept, newer.labels));
  }

  /** The labels of these slots, and more. */
  private Map<Integer, Long> labels(SlotSet of, Map<Integer, Long> more) {
    if (labels.isEmpty()) {
      return more;
    }
    Map<Integer, Long> all = new TreeMap<>(labels);
    all.keySet().removeIf(slot -> !of.contains(slot));
    all.putAll(more);
    return all;
  }

  /** All of them together. */
  private long allLabels() {
    return labels.values().stream().reduce(0L, (a, b) -> a | b);
  }

  private SlotSet labelling() {
    SlotSet slots = SlotSet.NONE;
    for (int slot : labels.keySet()) {
      slots = slots.with(slot);
    }
    return slots;
  }

  /** As if {@code slots} had not been asked where they had no answer. */
  Verdict withoutFailures(SlotSet slots) {
    return new Verdict(decided, deny, kill, cannot.minus(slots), expiresNs, labels);
  }

  /** Without the labels of other slots. */
  Verdict withLabelsOf(SlotSet slots) {
    return new Verdict(decided, deny, kill, cannot, expiresNs, labels(slots, Map.of()));
  }

  /** What is left without {@code slots}. */
  Verdict without(SlotSet slots) {
    return new Verdict(
        decided.minus(slots),
        deny.minus(slots),
        kill.minus(slots),
        cannot.minus(slots),
        expiresNs,
        labels(decided.minus(slots), Map.of()));
  }

  void write(MemorySegment to, VerdictKey key, long stamp) {
    to.set(ValueLayout.JAVA_LONG, STAMP, stamp);
    MemorySegment.copy(key.bytes(), 0, to, ValueLayout.JAVA_BYTE, KEY, VerdictKey.BYTES);
    Slots.write(to, DECIDED, decided);
    Slots.write(to, DENY, deny.or(cannot));
    Slots.write(to, KILL, kill);
    Slots.write(to, LABEL, labelling());
    to.set(ValueLayout.JAVA_LONG, LABELS, allLabels());
    to.set(ValueLayout.JAVA_LONG, EXPIRES, expiresNs);
    to.set(ValueLayout.JAVA_LONG, STAMP_AGAIN, stamp);
  }

  static Verdict read(MemorySegment from) {
    SlotSet deny = Slots.read(from, DENY);
    long bits = from.get(ValueLayout.JAVA_LONG, LABELS);
    Map<Integer, Long> labels = new TreeMap<>();
    Slots.read(from, LABEL).forEach(slot -> labels.put(slot, bits)); // all; its own count
    return new Verdict(
        Slots.read(from, DECIDED),
        deny,
        Slots.read(from, KILL),
        deny,
        from.get(ValueLayout.JAVA_LONG, EXPIRES),
        labels);
  }

  static VerdictKey readKey(MemorySegment from) {
    return VerdictKey.of(from.asSlice(KEY, VerdictKey.BYTES).toArray(ValueLayout.JAVA_BYTE));
  }
}
