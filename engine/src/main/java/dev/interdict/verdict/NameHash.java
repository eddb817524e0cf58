package dev.interdict.verdict;

import dev.interdict.event.EventLayouts;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The hash of one name of a file, as {@code name_begin()} and its like of {@code verdict.h} make
 * it.
 */
final class NameHash {
  /** {@code NAME_BYTES}: no component of a path is longer. */
  static final int MOST_BYTES = 255;

  /** Length of the secret, in words of 64 bits. */
  static final int SECRET_WORDS = EventLayouts.ENGINE_STATE.field("name_key").size() / Long.BYTES;

  private static final long LOWER_HALF = 0xffff_ffffL;

  private NameHash() {}

  /**
   * The hash of {@code name}; never zero, which means that there is none.
   *
   * @throws IllegalArgumentException if it is longer than {@link #MOST_BYTES}
   */
  static long of(byte[] name, long[] secret) {
    if (name.length > MOST_BYTES) {
      throw new IllegalArgumentException("a name of " + name.length + " bytes");
    }
    long upper = secret[0] + secret[1] * name.length;
    long lower = secret[2] + secret[3] * name.length;
    int words = (name.length + Long.BYTES - 1) / Long.BYTES;
    ByteBuffer padded =
        ByteBuffer.wrap(Arrays.copyOf(name, words * Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < words; i++) {
      long word = padded.getLong();
      long first = word & LOWER_HALF;
      long second = word >>> 32;
      upper += secret[4 * i + 4] * first + secret[4 * i + 5] * second;
      lower += secret[4 * i + 6] * first + secret[4 * i + 7] * second;
    }
    long hash = (upper & ~LOWER_HALF) | lower >>> 32;
    return hash == 0 ? 1 : hash;
  }
}
