package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * Where each unit stands in one rollout: a number of 32 bits that is the same for as long as the
 * key is, and that nobody can tell without it. As {@code unit_place()} of {@code subject.bpf.h}:
 * SipHash-1-3 of the number of the unit's cgroup, of which the upper half counts. Immutable.
 *
 * @param first the key's first half
 * @param second the key's second half
 */
public record UnitPlace(long first, long second) {
  /** What stands for a key where there is none. */
  public static final UnitPlace NONE = new UnitPlace(0, 0);

  /** Places there are: 2^32. */
  public static final long ALL = 1L << 32;

  /** The share of the kernel's side that {@code percent} is, from 0 to {@link #ALL}. */
  public static long share(int percent) {
    return ALL * percent / 100;
  }

  /** The place of the unit with this cgroup number: 0 to {@link #ALL} - 1. */
  public long of(long cgroup) {
    Sip sip = new Sip(first, second);
    sip.word(cgroup);
    return sip.end() >>> 32;
  }

  void write(MemorySegment to, long at) {
    to.set(JAVA_LONG, at, first);
    to.set(JAVA_LONG, at + Long.BYTES, second);
  }

  /** As in {@code path.bpf.h}. */
  private static final class Sip {
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    Sip(long first, long second) {
      v0 = first ^ 0x736f6d6570736575L;
      v1 = second ^ 0x646f72616e646f6dL;
      v2 = first ^ 0x6c7967656e657261L;
      v3 = second ^ 0x7465646279746573L;
    }

    void word(long word) {
      v3 ^= word;
      round();
      v0 ^= word;
    }

    long end() {
      v2 ^= 0xff;
      round();
      round();
      round();
      long hash = v0 ^ v1 ^ v2 ^ v3;
      return hash == 0 ? 1 : hash;
    }

    private void round() {
      v0 += v1;
      v1 = Long.rotateLeft(v1, 13) ^ v0;
      v0 = Long.rotateLeft(v0, 32);
      v2 += v3;
      v3 = Long.rotateLeft(v3, 16) ^ v2;
      v0 += v3;
      v3 = Long.rotateLeft(v3, 21) ^ v0;
      v2 += v1;
      v1 = Long.rotateLeft(v1, 17) ^ v2;
      v2 = Long.rotateLeft(v2, 32);
    }
  }
}
