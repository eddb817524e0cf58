package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * One of the two tables of verdicts, with a copy in the engine's memory: the engine is the only
 * writer, so the copy is what the kernel has, and room is made before the kernel runs out of it.
 * The copy is found by the digest, as the kernel's table is: a key that another one of the same
 * digest pushes out is gone from both.
 *
 * <p>Safe for use by many threads. The lock is fair and held for a few system calls at most, so
 * that who decides has not long to wait for who cleans up.
 */
final class VerdictMap implements AutoCloseable {
  /** Of the capacity, so much is dropped at once when the table is full. */
  private static final int EVICT_PART = 64;

  /** Entries that are changed before others may have the lock: at most as many system calls. */
  private static final int BATCH = 64;

  private static final Verdict NOTHING = new Verdict(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE);

  private record Entry(VerdictKey key, Verdict verdict) {}

  private final ReentrantLock lock = new ReentrantLock(true);
  private final Arena arena = Arena.ofShared();
  private final BpfMap map;
  private final long[] secret;
  private final int capacity;
  private final MemorySegment digestCell = arena.allocate(JAVA_LONG);
  private final MemorySegment value = arena.allocate(Verdict.BYTES, 8);

  /** By slot: bits that older policy sets have for it no longer count. */
  private final long[] since = new long[SlotSet.SLOTS];

  /*
   * By digest, those first that are to make room first: the oldest. A verdict that denies or
   * labels costs more to lose than one that allows: without it the next attempt is a miss, which a
   * fallback may let pass.
   */
  private final LinkedHashMap<Long, Entry> allowing = new LinkedHashMap<>();
  private final LinkedHashMap<Long, Entry> denying = new LinkedHashMap<>();

  /** Differs from write to write, and from those of an engine before us. */
  private long stamp = BootClock.nowNs();

  private Map<Hook, Integer> maskSets = Map.of();
  private long evicted;
  private long collided;

  VerdictMap(BpfMap map, long[] secret) {
    this.map = map;
    this.secret = secret;
    this.capacity = map.info().maxEntries();
    for (byte[] key : map.keys()) {
      MemorySegment.copy(key, 0, digestCell, ValueLayout.JAVA_BYTE, 0, key.length);
      if (map.lookup(digestCell, value)) {
        Entry entry = new Entry(Verdict.readKey(value), Verdict.read(value));
        remember(digestCell.get(JAVA_LONG, 0), entry);
      }
    }
  }

  Verdict get(VerdictKey key) {
    return locked(
        () -> {
          Entry entry = at(key.digest(secret));
          return entry != null && entry.key.equals(key) ? entry.verdict : null;
        });
  }

  boolean isCurrent(VerdictKey key) {
    return locked(() -> key.maskSet() == maskSetNow(key));
  }

  /** Always writes, also what is known: the kernel may have lost it. */
  Verdict merge(VerdictKey key, Verdict verdict, long policySet) {
    return locked(() -> write(key, verdict.without(forgottenSince(policySet, verdict.answered()))));
  }

  /** Drops the entries whose key is of another mask set; those that still come will go first. */
  void retain(Map<Hook, Integer> newMaskSets) {
    locked(() -> maskSets = newMaskSets);
    removeIf(key -> key.maskSet() != maskSetNow(key));
  }

  void removeIf(Predicate<VerdictKey> doomed) {
    change(entry -> doomed.test(entry.key) ? NOTHING : entry.verdict);
  }

  /** Leaves only the labels that these slots set. */
  void keepLabelsOf(SlotSet slots) {
    change(entry -> entry.verdict.withLabelsOf(slots));
  }

  /** Has slots asked again about what they had no answer to. */
  void forgetFailures(SlotSet slots) {
    change(entry -> entry.verdict.withoutFailures(slots));
  }

  /** Takes a slot out of all verdicts; older policy sets cannot bring it back. */
  void forget(int slot, long policySet) {
    locked(() -> since[slot] = policySet);
    SlotSet bit = SlotSet.of(slot);
    change(entry -> entry.verdict.without(bit));
  }

  int size() {
    return locked(() -> allowing.size() + denying.size());
  }

  long evicted() {
    return locked(() -> evicted);
  }

  long collided() {
    return locked(() -> collided);
  }

  @Override
  public void close() {
    locked(
        () -> {
          arena.close();
          return null;
        });
  }

  private <T> T locked(Supplier<T> work) {
    lock.lock();
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  private Verdict write(VerdictKey key, Verdict news) {
    long digest = key.digest(secret);
    Entry before = at(digest);
    boolean same = before != null && before.key.equals(key);
    Verdict merged =
        same && before.verdict.holds(BootClock.nowNs()) ? before.verdict.with(news) : news;
    if (!merged.answered().isEmpty()) {
      collided += before != null && !same ? 1 : 0;
      if (before == null && size() >= capacity) {
        makeRoom();
      }
      put(digest, new Entry(key, merged));
    }
    return merged;
  }

  private SlotSet forgottenSince(long policySet, SlotSet slots) {
    SlotSet gone = SlotSet.NONE;
    for (int word = 0; word < SlotSet.WORDS; word++) {
      for (long rest = slots.word(word); rest != 0; rest &= rest - 1) {
        int slot = word * Long.SIZE + Long.numberOfTrailingZeros(rest);
        if (since[slot] > policySet) {
          gone = gone.with(slot);
        }
      }
    }
    return gone;
  }

  /** Replaces each verdict that is there now; one that decides nothing any more goes. */
  private void change(Function<Entry, Verdict> change) {
    long[] digests = locked(this::digests);
    for (int from = 0; from < digests.length; from += BATCH) {
      int start = from;
      locked(() -> change(digests, start, Math.min(start + BATCH, digests.length), change));
    }
  }

  private long[] digests() {
    return LongStream.concat(
            allowing.keySet().stream().mapToLong(Long::longValue),
            denying.keySet().stream().mapToLong(Long::longValue))
        .toArray();
  }

  private int change(long[] digests, int from, int to, Function<Entry, Verdict> change) {
    List<Long> empty = new ArrayList<>();
    for (int i = from; i < to; i++) {
      Entry entry = at(digests[i]);
      if (entry == null) {
        continue;
      }
      Verdict rest = change.apply(entry);
      if (rest.answered().isEmpty()) {
        empty.add(digests[i]);
      } else if (!rest.equals(entry.verdict)) {
        put(digests[i], new Entry(entry.key, rest));
      }
    }
    remove(empty);
    return empty.size();
  }

  private void makeRoom() {
    List<Long> oldest = new ArrayList<>();
    int wanted = Math.max(1, capacity / EVICT_PART);
    for (LinkedHashMap<Long, Entry> part : List.of(allowing, denying)) {
      Iterator<Long> digests = part.keySet().iterator();
      while (oldest.size() < wanted && digests.hasNext()) {
        oldest.add(digests.next());
      }
    }
    evicted += oldest.size();
    remove(oldest);
  }

  private void remove(List<Long> digests) {
    if (digests.isEmpty()) {
      return;
    }
    try (Arena call = Arena.ofConfined()) {
      MemorySegment keys = call.allocate(JAVA_LONG, digests.size());
      for (int i = 0; i < digests.size(); i++) {
        keys.setAtIndex(JAVA_LONG, i, digests.get(i));
      }
      map.deleteBatch(keys, digests.size());
    }
    for (Long digest : digests) {
      allowing.remove(digest);
      denying.remove(digest);
    }
  }

  private void put(long digest, Entry entry) {
    digestCell.set(JAVA_LONG, 0, digest);
    entry.verdict.write(value, entry.key, ++stamp);
    map.update(digestCell, value);
    remember(digest, entry);
  }

  private int maskSetNow(VerdictKey key) {
    return maskSets.getOrDefault(key.hook(), 0);
  }

  private Entry at(long digest) {
    Entry entry = denying.get(digest);
    return entry != null ? entry : allowing.get(digest);
  }

  /**
   * What was asked under masks that are no longer in force helps who still waits, and then no one.
   */
  private void remember(long digest, Entry entry) {
    boolean denies = !entry.verdict.deny().isEmpty() || !entry.verdict.labels().isEmpty();
    (denies ? allowing : denying).remove(digest);
    if (entry.key.maskSet() - maskSetNow(entry.key) < 0) {
      denying.remove(digest);
      allowing.putFirst(digest, entry);
    } else {
      (denies ? denying : allowing).put(digest, entry);
    }
  }
}
