package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * One of the two tables of verdicts, with a copy in the engine's memory: the engine is the only
 * writer, so the copy is what the kernel has, and room is made before the kernel runs out of it.
 */
final class VerdictMap implements AutoCloseable {
  /** Of the capacity, so much is dropped at once when the table is full. */
  private static final int EVICT_PART = 64;

  private final Arena arena = Arena.ofShared();
  private final BpfMap map;
  private final long[] secret;
  private final int capacity;
  private final MemorySegment digest = arena.allocate(JAVA_LONG);
  private final MemorySegment value = arena.allocate(Verdict.BYTES, 8);

  /*
   * Oldest first. A verdict that denies costs more to lose than one that allows: without it the
   * next attempt is a miss, which a fallback may let pass.
   */
  private final Map<VerdictKey, Verdict> allowing = new LinkedHashMap<>();
  private final Map<VerdictKey, Verdict> denying = new LinkedHashMap<>();

  /** Differs from write to write, and from those of an engine before us. */
  private long stamp = BootClock.nowNs();

  private long evicted;

  VerdictMap(BpfMap map, long[] secret) {
    this.map = map;
    this.secret = secret;
    this.capacity = map.info().maxEntries();
    for (byte[] key : map.keys()) {
      MemorySegment.copy(key, 0, digest, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, key.length);
      if (map.lookup(digest, value)) {
        remember(Verdict.readKey(value), Verdict.read(value));
      }
    }
  }

  synchronized Verdict get(VerdictKey key) {
    Verdict verdict = denying.get(key);
    return verdict != null ? verdict : allowing.get(key);
  }

  synchronized Verdict merge(VerdictKey key, Verdict verdict) {
    Verdict known = get(key);
    Verdict merged = verdict;
    if (known != null) {
      if (known.generation() - verdict.generation() > 0) {
        return known;
      }
      if (known.holds(verdict.generation(), BootClock.nowNs())) {
        merged = known.with(verdict);
      }
    }
    if (!merged.equals(known)) {
      if (known == null && size() >= capacity) {
        makeRoom();
      }
      write(key, merged);
      remember(key, merged);
    }
    return merged;
  }

  synchronized void remove(Collection<VerdictKey> keys) {
    if (keys.isEmpty()) {
      return;
    }
    try (Arena call = Arena.ofConfined()) {
      MemorySegment digests = call.allocate(JAVA_LONG, keys.size());
      int count = 0;
      for (VerdictKey key : keys) {
        digests.setAtIndex(JAVA_LONG, count++, key.digest(secret));
      }
      map.deleteBatch(digests, count);
    }
    for (VerdictKey key : keys) {
      allowing.remove(key);
      denying.remove(key);
    }
  }

  synchronized void removeIf(Predicate<VerdictKey> doomed) {
    List<VerdictKey> keys = new ArrayList<>();
    allowing.keySet().stream().filter(doomed).forEach(keys::add);
    denying.keySet().stream().filter(doomed).forEach(keys::add);
    remove(keys);
  }

  synchronized void strip(SlotSet slots) {
    List<VerdictKey> empty = new ArrayList<>();
    Map<VerdictKey, Verdict> changed = new LinkedHashMap<>();
    for (Map<VerdictKey, Verdict> part : List.of(allowing, denying)) {
      part.forEach(
          (key, verdict) -> {
            Verdict rest = verdict.without(slots);
            if (rest.answered().isEmpty()) {
              empty.add(key);
            } else if (!rest.equals(verdict)) {
              changed.put(key, rest);
            }
          });
    }
    remove(empty);
    changed.forEach(
        (key, verdict) -> {
          write(key, verdict);
          remember(key, verdict);
        });
  }

  synchronized int size() {
    return allowing.size() + denying.size();
  }

  synchronized long evicted() {
    return evicted;
  }

  @Override
  public synchronized void close() {
    arena.close();
  }

  private void makeRoom() {
    List<VerdictKey> oldest = new ArrayList<>();
    int wanted = Math.max(1, capacity / EVICT_PART);
    for (Map<VerdictKey, Verdict> part : List.of(allowing, denying)) {
      Iterator<VerdictKey> keys = part.keySet().iterator();
      while (oldest.size() < wanted && keys.hasNext()) {
        oldest.add(keys.next());
      }
    }
    evicted += oldest.size();
    remove(oldest);
  }

  private void write(VerdictKey key, Verdict verdict) {
    digest.set(JAVA_LONG, 0, key.digest(secret));
    verdict.write(value, key, ++stamp);
    map.update(digest, value);
  }

  private void remember(VerdictKey key, Verdict verdict) {
    boolean denies = !verdict.deny().isEmpty();
    (denies ? allowing : denying).remove(key);
    (denies ? denying : allowing).put(key, verdict);
  }
}
