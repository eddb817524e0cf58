package dev.interdict.pipeline;

import dev.interdict.eval.SlotDecisions;
import dev.interdict.verdict.VerdictKey;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Why the latest denied keys were denied, so that a refusal the kernel carries out by itself can be
 * told with its reasons. The verdicts do not carry text. A forgotten key is evaluated again. Safe
 * for use by many threads.
 */
final class Reasons {
  /**
   * What all of it may occupy: a task can make names as long as they may be, as many as it likes.
   */
  static final long MAX_BYTES = 8L << 20;

  /** A key, and its place in the map. */
  private static final long KEY_BYTES = VerdictKey.BYTES + 128L;

  private final Map<VerdictKey, SlotDecisions> byKey = new LinkedHashMap<>();
  private long bytes;

  /** Adds what was decided about {@code key}; decisions of other slots stay. */
  synchronized void put(VerdictKey key, SlotDecisions decisions) {
    SlotDecisions before = byKey.remove(key);
    SlotDecisions now = before == null ? decisions : before.merge(decisions);
    bytes += bytes(now) - (before == null ? 0 : bytes(before));
    byKey.put(key, now);
    Iterator<SlotDecisions> oldest = byKey.values().iterator();
    while (bytes > MAX_BYTES) {
      bytes -= bytes(oldest.next());
      oldest.remove();
    }
  }

  /** What is remembered about {@code key}; null if nothing. */
  synchronized SlotDecisions get(VerdictKey key) {
    return byKey.get(key);
  }

  /** Forgets everything: slots may mean other policies from now on. */
  synchronized void clear() {
    byKey.clear();
    bytes = 0;
  }

  private static long bytes(SlotDecisions decisions) {
    return KEY_BYTES + decisions.bytes();
  }
}
