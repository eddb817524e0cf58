package dev.interdict.engine;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToIntFunction;

/**
 * Remembers what was asked for of late, by numbers, up to so many bytes. What is asked for all the
 * time is never forgotten. Safe for use by many threads.
 */
final class Recent<V> {
  private final long half;
  private final ToIntFunction<V> size;
  private volatile Map<Long, V> now = new ConcurrentHashMap<>();

  /* Those before: forgotten unless somebody asks for them until the others are as many. */
  private volatile Map<Long, V> older = Map.of();

  /* Of those now. Guarded by this. */
  private long bytes;

  /**
   * @param most bytes in all
   * @param size of one, in bytes; always the same
   */
  Recent(long most, ToIntFunction<V> size) {
    this.half = most / 2;
    this.size = size;
  }

  /** Null: it is not remembered. */
  V get(long id) {
    V known = now.get(id);
    if (known != null) {
      return known;
    }
    V before = older.get(id);
    return before == null ? null : keep(id, before);
  }

  /** The one that is remembered: {@code value}, unless another was there first. */
  synchronized V keep(long id, V value) {
    V first = now.get(id);
    if (first != null) {
      return first;
    }
    int more = size.applyAsInt(value);
    if (bytes + more > half) {
      older = now;
      now = new ConcurrentHashMap<>();
      bytes = 0;
    }
    bytes += more;
    now.put(id, value);
    return value;
  }

  /** How many are remembered. */
  synchronized int count() {
    return now.size() + older.size();
  }
}
