package dev.interdict.verdict;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A masked key: what a verdict is about. {@code struct verdict_key} of {@code verdict.h} after the
 * mask. Immutable. It has bytes that a caller or a sender chooses, so keys of the same hash can be
 * had at will: in the tables of Java they are found by their order then.
 */
public final class VerdictKey implements Comparable<VerdictKey> {
  /** {@code sizeof(struct verdict_key)}. */
  public static final int BYTES = EventLayouts.VERDICT_KEY.size();

  private static final int HOOK = EventLayouts.VERDICT_KEY.offset("hook");
  private static final int MASK_SET = EventLayouts.VERDICT_KEY.offset("mask_set");
  private static final int CONTEXT = EventLayouts.VERDICT_KEY.offset("context");
  private static final int INTERFACE =
      EventLayouts.VERDICT_KEY.offset("packet") + EventLayouts.PACKET_TUPLE.offset("interface");
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());

  /** Length of the secret of {@link #digest}, in words of 64 bits. */
  static final int SECRET_WORDS = 4 * BYTES / Long.BYTES + 2;

  private static final long LOWER_HALF = 0xffff_ffffL;

  private final byte[] bytes;
  private final int hash;

  private VerdictKey(byte[] bytes) {
    this.bytes = bytes;
    this.hash = Arrays.hashCode(bytes);
  }

  /**
   * The key with these bytes, such as {@code Event.Head.key}; nobody may write to them any more.
   *
   * @throws IllegalArgumentException if it is no key of a hook
   */
  public static VerdictKey of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("a key of " + bytes.length + " bytes, expected " + BYTES);
    }
    Hook.ofCode(bytes[HOOK]);
    return new VerdictKey(bytes);
  }

  public Hook hook() {
    return Hook.ofCode(bytes[HOOK]);
  }

  /** The number of the mask set that made it. */
  public int maskSet() {
    return (int) INT.get(bytes, MASK_SET);
  }

  /** The interface that the packet came by; 0 if the mask does not let it tell. */
  int interfaceIndex() {
    return hook() == Hook.XDP_INGRESS ? (int) INT.get(bytes, INTERFACE) : 0;
  }

  /** The bytes themselves, not a copy. */
  byte[] bytes() {
    return bytes;
  }

  /**
   * Under which number the kernel's tables hold it: {@code key_digest()} of {@code verdict.h}.
   *
   * @param secret {@link EngineState#digestSecret}
   */
  long digest(long[] secret) {
    return digest(bytes, secret);
  }

  /** The word that stands for the context; 0: none. */
  long context() {
    return (long) LONG.get(bytes, CONTEXT);
  }

  /** Of as many words as there are, and a secret of four for each and two. */
  static long digest(byte[] key, long[] secret) {
    int words = key.length / Long.BYTES;
    long upper = secret[4 * words];
    long lower = secret[4 * words + 1];
    for (int i = 0; i < words; i++) {
      long word = (long) LONG.get(key, i * Long.BYTES);
      long first = word & LOWER_HALF;
      long second = word >>> 32;
      upper += secret[4 * i] * first + secret[4 * i + 1] * second;
      lower += secret[4 * i + 2] * first + secret[4 * i + 3] * second;
    }
    return (upper & ~LOWER_HALF) | lower >>> 32;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof VerdictKey other && hash == other.hash && Arrays.equals(bytes, other.bytes);
  }

  @Override
  public int compareTo(VerdictKey other) {
    return Arrays.compare(bytes, other.bytes);
  }

  @Override
  public int hashCode() {
    return hash;
  }

  /** Hex, for logs. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes);
  }
}
