package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NameHashTest {
  private static final long LOWER_HALF = 0xffff_ffffL;
  private static final long[] HALVES = {LOWER_HALF, ~LOWER_HALF};

  /** Always the same figures: what holds once, holds. */
  private final Random random = new Random(1);

  private final long[][] secrets = new long[4][];

  NameHashTest() {
    Arrays.setAll(secrets, i -> random.longs(NameHash.SECRET_WORDS).toArray());
  }

  /** Figures worked out by name_begin() and its like of verdict.h, compiled by themselves. */
  @Test
  void theHashIsTheKernels() {
    long[] secret = new long[NameHash.SECRET_WORDS];
    for (int i = 0; i < secret.length; i++) {
      secret[i] = (i + 1) * 0x9e3779b97f4a7c15L;
    }
    assertEquals(0x9459590d29dc7445L, NameHash.of(bytes("passwd"), secret));
    assertEquals(0x713a97c5282aa4f3L, NameHash.of(bytes("libc.so."), secret));
    assertEquals(0xc2364555f321a702L, NameHash.of(bytes("a".repeat(255)), secret));
    assertEquals(11438, NamesFilter.bit(4711, 0x800001));
    assertEquals(13222, NamesFilter.bit(-1, 0xfff00001));
  }

  @Test
  void noNameIsLongerThanTheKernelLets() {
    byte[] name = new byte[NameHash.MOST_BYTES + 1];
    assertThrows(IllegalArgumentException.class, () -> NameHash.of(name, secrets[0]));
  }

  /** Zeros behind a name are no part of it, and yet it is another name with them. */
  @Test
  void theLengthIsPartOfTheName() {
    for (int length = 0; length < NameHash.MOST_BYTES; length++) {
      for (int more = 1; length + more <= NameHash.MOST_BYTES && more <= 9; more++) {
        byte[] name = new byte[length];
        random.nextBytes(name);
        assertRare(name, Arrays.copyOf(name, length + more));
      }
    }
  }

  @Test
  void noDifferenceOfOneOrTwoBitsIsTakenBackByManySecrets() {
    byte[] name = new byte[40];
    random.nextBytes(name);
    int bits = name.length * Byte.SIZE;
    for (int first = 0; first < bits; first++) {
      for (int second = first; second < bits; second++) {
        byte[] other = name.clone();
        other[first / Byte.SIZE] ^= (byte) (1 << (first % Byte.SIZE));
        if (second != first) {
          other[second / Byte.SIZE] ^= (byte) (1 << (second % Byte.SIZE));
        }
        assertRare(name, other);
      }
    }
  }

  /** Additions that take each other back: what one word gains another loses. */
  @Test
  void whatOneHalfWordGainsAndAnotherLosesIsSeen() {
    for (int from = 0; from < 20; from++) {
      for (int to = 0; to < 20; to++) {
        for (int shift = 0; shift < Integer.SIZE && from != to; shift++) {
          int[] halves = random.ints(20).toArray();
          int[] others = halves.clone();
          others[from] += 1 << shift;
          others[to] -= 1 << shift;
          assertRare(bytes(halves), bytes(others));
        }
      }
    }
  }

  @Test
  void wordsThatChangePlacesAreSeen() {
    for (int from = 0; from < 60; from++) {
      for (int to = 0; to < from; to++) {
        int[] halves = random.ints(60).toArray();
        int[] others = halves.clone();
        others[from] = halves[to];
        others[to] = halves[from];
        assertRare(bytes(halves), bytes(others));
      }
    }
  }

  private static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(int[] halves) {
    byte[] bytes = new byte[halves.length * Integer.BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (halves[i / Integer.BYTES] >>> (Byte.SIZE * (i % Integer.BYTES)));
    }
    return bytes;
  }

  /**
   * Of four secrets not two may give both the same half of a hash, and no two hashes are the same.
   */
  private void assertRare(byte[] one, byte[] other) {
    int[] collisions = new int[HALVES.length];
    for (long[] secret : secrets) {
      long apart = NameHash.of(one, secret) ^ NameHash.of(other, secret);
      assertNotEquals(0, apart);
      for (int half = 0; half < HALVES.length; half++) {
        collisions[half] += (apart & HALVES[half]) == 0 ? 1 : 0;
      }
    }
    assertTrue(collisions[0] < 2 && collisions[1] < 2, () -> Arrays.toString(one));
  }
}
