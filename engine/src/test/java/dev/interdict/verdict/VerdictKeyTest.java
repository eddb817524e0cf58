package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Context;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VerdictKeyTest {
  private static final int WORDS = VerdictKey.BYTES / Long.BYTES;
  private static final long LOWER_HALF = 0xffff_ffffL;

  /** Both halves of a digest: each alone is to collide once in 2^32 times. */
  private static final long[] HALVES = {LOWER_HALF, ~LOWER_HALF};

  /** Always the same figures: what holds once, holds. */
  private final Random random = new Random(1);

  private final long[][] secrets = new long[4][];

  VerdictKeyTest() {
    Arrays.setAll(secrets, i -> random.longs(VerdictKey.SECRET_WORDS).toArray());
  }

  /** Figures worked out by key_digest() of verdict.h, compiled by itself. */
  @Test
  void theDigestIsTheKernels() {
    long[] secret = new long[VerdictKey.SECRET_WORDS];
    for (int i = 0; i < secret.length; i++) {
      secret[i] = (i + 1) * 0x9e3779b97f4a7c15L;
    }
    byte[] bytes = new byte[VerdictKey.BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i + 1);
    }
    assertEquals(0x12b0ec4c71826519L, VerdictKey.digest(bytes, secret));
    ByteBuffer.wrap(bytes).put(3 * Long.BYTES, new byte[8 * Long.BYTES]);
    assertEquals(0x4c805792d9b31a5L, VerdictKey.digest(bytes, secret), "zeros are left out");
  }

  /** The same, by context_digest(), of a context whose last word is masked in part. */
  @Test
  void theWordOfAContextIsTheKernels() {
    long[] secret = new long[4 * Context.BYTES / Long.BYTES + 2];
    for (int i = 0; i < secret.length; i++) {
      secret[i] = (i + 1) * 0x9e3779b97f4a7c15L;
    }
    byte[] masked = new byte[Context.BYTES];
    for (int i = 0; i < 12; i++) {
      masked[i] = (byte) (i + 1);
    }
    assertEquals(0x3e775ba5f49a087eL, VerdictKey.digest(masked, secret));
  }

  /** HashMap finds what has one hash by its order, or else by a look at each. */
  @Test
  void keysOfOneHashMustHaveAnOrder() {
    byte[] bytes = new byte[VerdictKey.BYTES];
    bytes[EventLayouts.VERDICT_KEY.offset("hook")] = (byte) Hook.FILE_OPEN.code();
    byte[] other = bytes.clone();
    bytes[VerdictKey.BYTES - 2] = 1;
    other[VerdictKey.BYTES - 1] = 31;
    VerdictKey one = VerdictKey.of(bytes);
    VerdictKey two = VerdictKey.of(other);
    assertEquals(one.hashCode(), two.hashCode());
    Comparable<VerdictKey> ordered = one;
    assertNotEquals(0, ordered.compareTo(two));
    assertEquals(ordered.compareTo(two) < 0, two.compareTo(one) > 0);
    assertEquals(0, ordered.compareTo(VerdictKey.of(bytes.clone())));
  }

  @Test
  void noDifferenceOfOneOrTwoBitsIsTakenBackByManySecrets() {
    int bits = WORDS * Long.SIZE;
    for (int first = 0; first < bits; first++) {
      for (int second = first; second < bits; second++) {
        long[] difference = new long[WORDS];
        difference[first / Long.SIZE] |= 1L << first;
        difference[second / Long.SIZE] |= 1L << second;
        assertRare(difference);
      }
    }
  }

  /** As a hash of multiplications and shifts is beaten: one bit here, what becomes of it there. */
  @Test
  void noBitOfOneWordIsTakenBackByTwoOfAnother() {
    for (int word = 0; word < WORDS * WORDS; word++) {
      if (word / WORDS == word % WORDS) {
        continue;
      }
      for (int bit = 0; bit < Long.SIZE; bit++) {
        for (int distance = 1; distance < Long.SIZE; distance++) {
          long[] difference = new long[WORDS];
          difference[word / WORDS] = 1L << bit;
          difference[word % WORDS] = 1L << bit | Long.rotateLeft(1L << bit, distance);
          assertRare(difference);
        }
      }
    }
  }

  @Test
  void turningAllBitsOfWordsOrHalvesIsSeen() {
    for (int halves = 1; halves < 1 << (2 * WORDS); halves += 101) {
      long[] difference = new long[WORDS];
      for (int i = 0; i < 2 * WORDS; i++) {
        if ((halves & 1 << i) != 0) {
          difference[i / 2] |= LOWER_HALF << (32 * (i % 2));
        }
      }
      assertRare(difference);
    }
  }

  /** Of four secrets not two may let this difference pass in the same half of the digest. */
  private void assertRare(long[] difference) {
    int[] collisions = new int[HALVES.length];
    for (long[] secret : secrets) {
      byte[] key = new byte[VerdictKey.BYTES];
      random.nextBytes(key);
      ByteBuffer other = ByteBuffer.wrap(key.clone()).order(ByteOrder.nativeOrder());
      for (int i = 0; i < WORDS; i++) {
        other.putLong(8 * i, other.getLong(8 * i) ^ difference[i]);
      }
      long apart = VerdictKey.digest(key, secret) ^ VerdictKey.digest(other.array(), secret);
      for (int half = 0; half < HALVES.length; half++) {
        collisions[half] += (apart & HALVES[half]) == 0 ? 1 : 0;
      }
    }
    assertTrue(collisions[0] < 2 && collisions[1] < 2, () -> Arrays.toString(difference));
  }
}
