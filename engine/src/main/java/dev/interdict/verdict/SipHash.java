package dev.interdict.verdict;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** SipHash-1-3, as {@code path.bpf.h} has it: of names of files. */
final class SipHash {
  private long v0;
  private long v1;
  private long v2;
  private long v3;

  private SipHash(long key0, long key1) {
    v0 = key0 ^ 0x736f6d6570736575L;
    v1 = key1 ^ 0x646f72616e646f6dL;
    v2 = key0 ^ 0x6c7967656e657261L;
    v3 = key1 ^ 0x7465646279746573L;
  }

  /** The hash of {@code bytes}; never zero, which means that there is none. */
  static long of(byte[] bytes, long key0, long key1) {
    SipHash hash = new SipHash(key0, key1);
    int words = bytes.length / Long.BYTES;
    ByteBuffer padded =
        ByteBuffer.wrap(Arrays.copyOf(bytes, (words + 1) * Long.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < words; i++) {
      hash.word(padded.getLong());
    }
    hash.word(padded.getLong() | (long) bytes.length << 56);
    return hash.end();
  }

  private void word(long word) {
    v3 ^= word;
    round();
    v0 ^= word;
  }

  private long end() {
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
