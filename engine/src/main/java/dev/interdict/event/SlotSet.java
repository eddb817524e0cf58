package dev.interdict.event;

import java.util.function.IntConsumer;

/**
 * A set of policy slots, {@code __u64[SLOT_WORDS]} on the wire.
 *
 * @param w0 slots 0 to 63, slot n as bit n
 * @param w1 slots 64 to 127
 * @param w2 slots 128 to 191
 * @param w3 slots 192 to 255
 */
public record SlotSet(long w0, long w1, long w2, long w3) {

  /** {@code SLOTS} of {@code limits.h}. */
  public static final int SLOTS = 256;

  /** {@code SLOT_WORDS} of {@code limits.h}. */
  public static final int WORDS = 4;

  /** No slot. */
  public static final SlotSet NONE = new SlotSet(0, 0, 0, 0);

  /** The set of one slot. */
  public static SlotSet of(int slot) {
    return NONE.with(slot);
  }

  /** Word {@code index} of the wire form. */
  public long word(int index) {
    return switch (index) {
      case 0 -> w0;
      case 1 -> w1;
      case 2 -> w2;
      case 3 -> w3;
      default -> throw new IndexOutOfBoundsException(index);
    };
  }

  public boolean isEmpty() {
    return (w0 | w1 | w2 | w3) == 0;
  }

  /** How many. */
  public int size() {
    return Long.bitCount(w0) + Long.bitCount(w1) + Long.bitCount(w2) + Long.bitCount(w3);
  }

  public boolean contains(int slot) {
    return (word(slot >> 6) >>> (slot & 63) & 1) != 0;
  }

  public SlotSet with(int slot) {
    long bit = 1L << (slot & 63);
    return switch (slot >> 6) {
      case 0 -> new SlotSet(w0 | bit, w1, w2, w3);
      case 1 -> new SlotSet(w0, w1 | bit, w2, w3);
      case 2 -> new SlotSet(w0, w1, w2 | bit, w3);
      case 3 -> new SlotSet(w0, w1, w2, w3 | bit);
      default -> throw new IndexOutOfBoundsException(slot);
    };
  }

  public SlotSet or(SlotSet o) {
    return new SlotSet(w0 | o.w0, w1 | o.w1, w2 | o.w2, w3 | o.w3);
  }

  public SlotSet and(SlotSet o) {
    return new SlotSet(w0 & o.w0, w1 & o.w1, w2 & o.w2, w3 & o.w3);
  }

  public SlotSet minus(SlotSet o) {
    return new SlotSet(w0 & ~o.w0, w1 & ~o.w1, w2 & ~o.w2, w3 & ~o.w3);
  }

  /** Calls {@code action} with each slot of the set, in rising order. */
  public void forEach(IntConsumer action) {
    for (int i = 0; i < WORDS; i++) {
      for (long rest = word(i); rest != 0; rest &= rest - 1) {
        action.accept(i * 64 + Long.numberOfTrailingZeros(rest));
      }
    }
  }
}
