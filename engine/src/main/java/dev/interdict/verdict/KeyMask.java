package dev.interdict.verdict;

import dev.interdict.event.Context;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.Layout;
import dev.interdict.event.ReadSet;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which bytes of the key the policies of a hook can tell apart: a mask of {@code struct
 * verdict_key}, and one of {@code struct context}, of which the key has the hash of what the mask
 * leaves. Immutable.
 *
 * <p>Soundness: two events whose masked keys are equal have equal values in every field that was
 * asked for. A field whose bytes are not known here is refused, never ignored.
 */
public final class KeyMask {
  /** Of the key, and behind its end of the context. */
  private static final int BYTES = VerdictKey.BYTES + Context.BYTES;

  private static final Layout.Field CONTEXT = EventLayouts.VERDICT_KEY.field("context");

  private final byte[] bytes;

  private KeyMask(byte[] bytes) {
    this.bytes = bytes;
  }

  /** The mask of a hook that nobody asks at: hook and mask set only. */
  public static KeyMask none() {
    byte[] bytes = new byte[BYTES];
    KeyFields.ALWAYS.forEach(f -> Arrays.fill(bytes, f.offset(), f.offset() + f.size(), (byte) -1));
    return new KeyMask(bytes);
  }

  /**
   * The bytes that decide what rules with this read set see at {@code hook}. A decision that rests
   * on its moment is one process's alone, and the verdict must expire.
   *
   * @throws IllegalArgumentException if a path of the read set is no field of any hook: a decision
   *     that rests on it could not be remembered
   */
  public static KeyMask of(Hook hook, ReadSet reads) {
    Map<String, KeyFields.Bytes> fields = KeyFields.of(hook);
    Set<String> all = KeyFields.allPaths();
    for (String path : reads.paths()) {
      if (path.equals(ReadSet.MOMENT)) {
        continue;
      }
      ReadSet one = new ReadSet(Set.of(path));
      if (all.stream().noneMatch(one::mayRead)) {
        throw new IllegalArgumentException(
            "input."
                + path
                + " is not part of the key: no decision that reads it can be remembered");
      }
    }
    KeyMask mask = none();
    fields.forEach(
        (path, places) -> {
          boolean oneProcess = reads.isPerishable() && path.equals("process.pid");
          if (reads.mayRead(path) || oneProcess) {
            places.fill(mask.bytes);
          }
        });
    return mask;
  }

  /**
   * The bytes that decide whether a scope with these facts covers an event, where the kernel cannot
   * tell; and whether the event is one that a policy refuses unread, which the engine then says.
   *
   * @param facts none: the kernel knows whom it covers
   */
  public static KeyMask ofScope(Hook hook, Set<String> facts) {
    KeyMask mask = of(hook, new ReadSet(facts));
    if (!facts.isEmpty() && (hook == Hook.SOCKET_CONNECT || hook.isLocal())) {
      KeyFields.UNREAD.fill(mask.bytes);
    }
    return mask;
  }

  /** The fields of {@code hook} that rules with this read set may read, by their dotted paths. */
  public static Set<String> fields(Hook hook, ReadSet reads) {
    Set<String> fields = new TreeSet<>(KeyFields.of(hook).keySet());
    fields.removeIf(path -> !reads.mayRead(path));
    return fields;
  }

  /**
   * The fields of {@code hook} that all events of one masked key have in common: all that was asked
   * for, and what rests on the same bytes.
   */
  public Set<String> tells(Hook hook) {
    Set<String> fields = new TreeSet<>();
    KeyFields.of(hook)
        .forEach(
            (path, places) -> {
              byte[] wanted = new byte[bytes.length];
              places.fill(wanted);
              for (int i = 0; i < wanted.length; i++) {
                wanted[i] &= (byte) ~bytes[i];
              }
              if (Arrays.equals(wanted, new byte[bytes.length])) {
                fields.add(path);
              }
            });
    return fields;
  }

  /** What either of the two can tell apart. */
  public KeyMask or(KeyMask other) {
    byte[] union = bytes.clone();
    for (int i = 0; i < union.length; i++) {
      union[i] |= other.bytes[i];
    }
    return new KeyMask(union);
  }

  /** Applies the mask as the hook does: for tools and tests. */
  public VerdictKey apply(byte[] facts) {
    byte[] key = facts.clone();
    byte[] keep = encode();
    for (int i = 0; i < key.length; i++) {
      key[i] &= keep[i];
    }
    return VerdictKey.of(key);
  }

  /**
   * The mask of the key as the kernel reads it: it has the word of the context if there is anything
   * to be read of that.
   */
  public byte[] encode() {
    byte[] key = Arrays.copyOf(bytes, VerdictKey.BYTES);
    byte keep = (byte) (Arrays.equals(context(), new byte[Context.BYTES]) ? 0 : -1);
    Arrays.fill(key, CONTEXT.offset(), CONTEXT.offset() + CONTEXT.size(), keep);
    return key;
  }

  /** The mask of the context as the kernel reads it. */
  public byte[] context() {
    return Arrays.copyOfRange(bytes, VerdictKey.BYTES, BYTES);
  }

  /** Both, one behind the other; of the key without the word of the context. */
  byte[] places() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof KeyMask other && Arrays.equals(bytes, other.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes);
  }
}
