package dev.interdict.verdict;

import dev.interdict.event.EventLayouts;

/**
 * What stands before the maps {@code named_places} and {@code named_files}: a bit for each folder
 * and for each file, {@code names_filter_bit()} of {@code verdict.h}. A program asks a map only
 * where the bit is set. Used by one thread at a time.
 */
final class NamesFilter {
  /** {@code NAMES_FILTER_WORDS}. */
  static final int WORDS = EventLayouts.ENGINE_STATE.field("names_filter").size() / Long.BYTES;

  private static final int BITS = 63 - Long.numberOfLeadingZeros((long) WORDS * Long.SIZE);

  private final long[] words = new long[WORDS];

  /** Adds a file, or the folder of a place. */
  void add(long inode, int device) {
    int bit = bit(inode, device);
    words[bit / Long.SIZE] |= 1L << bit;
  }

  /** The words, lowest bit first; not a copy. */
  long[] words() {
    return words;
  }

  static int bit(long inode, int device) {
    long mixed = (inode ^ (long) device << 40) * 0x9e3779b97f4a7c15L;
    return (int) (mixed >>> (Long.SIZE - BITS));
  }
}
