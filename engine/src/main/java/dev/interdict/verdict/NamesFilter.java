package dev.interdict.verdict;

import dev.interdict.event.EventLayouts;

/**
 * What stands before the maps {@code named_places} and {@code named_files}: a bit for each of their
 * entries, {@code names_filter_bit()} of {@code verdict.h}. A program asks a map only where the bit
 * is set. Used by one thread at a time.
 */
final class NamesFilter {
  /** {@code NAMES_FILTER_WORDS}. */
  static final int WORDS = EventLayouts.ENGINE_STATE.field("names_filter").size() / Long.BYTES;

  private static final int BITS = 63 - Long.numberOfLeadingZeros((long) WORDS * Long.SIZE);

  private final long[] words = new long[WORDS];

  /** Adds an entry: of a place its folder's inode and the hash of the name; of a file 0 as name. */
  void add(long inode, int device, long name) {
    int bit = bit(inode, device, name);
    words[bit / Long.SIZE] |= 1L << bit;
  }

  /** The words, lowest bit first; not a copy. */
  long[] words() {
    return words;
  }

  static int bit(long inode, int device, long name) {
    long mixed = (inode ^ name ^ (long) device << 40) * 0x9e3779b97f4a7c15L;
    return (int) (mixed >>> (Long.SIZE - BITS));
  }
}
