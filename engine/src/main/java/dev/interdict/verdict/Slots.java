package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.SlotSet;
import java.lang.foreign.MemorySegment;

/** {@link SlotSet} on the wire. */
final class Slots {
  /** {@code sizeof(struct slot_mask)}. */
  static final int BYTES = SlotSet.WORDS * Long.BYTES;

  private Slots() {}

  static void write(MemorySegment to, long at, SlotSet slots) {
    for (int i = 0; i < SlotSet.WORDS; i++) {
      to.set(JAVA_LONG, at + 8L * i, slots.word(i));
    }
  }

  static SlotSet read(MemorySegment from, long at) {
    SlotSet slots =
        new SlotSet(
            from.get(JAVA_LONG, at),
            from.get(JAVA_LONG, at + 8),
            from.get(JAVA_LONG, at + 16),
            from.get(JAVA_LONG, at + 24));
    return slots.isEmpty() ? SlotSet.NONE : slots;
  }
}
