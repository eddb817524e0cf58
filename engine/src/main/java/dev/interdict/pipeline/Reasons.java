package dev.interdict.pipeline;

import dev.interdict.eval.SlotDecisions;
import dev.interdict.verdict.VerdictKey;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Why the latest denied keys were denied, so that a refusal the kernel carries out by itself can be
 * told with its reasons. The verdicts do not carry text. Safe for use by many threads.
 */
final class Reasons {
  /** Denied keys that are remembered; a forgotten one is evaluated again. About 500 bytes each. */
  private static final int CAPACITY = 4096;

  private final Map<VerdictKey, SlotDecisions> byKey =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<VerdictKey, SlotDecisions> eldest) {
          return size() > CAPACITY;
        }
      };

  /** Adds what was decided about {@code key}; decisions of other slots stay. */
  synchronized void put(VerdictKey key, SlotDecisions decisions) {
    byKey.merge(key, decisions, SlotDecisions::merge);
  }

  /** What is remembered about {@code key}; null if nothing. */
  synchronized SlotDecisions get(VerdictKey key) {
    return byKey.get(key);
  }

  /** Forgets everything: slots may mean other policies from now on. */
  synchronized void clear() {
    byKey.clear();
  }
}
