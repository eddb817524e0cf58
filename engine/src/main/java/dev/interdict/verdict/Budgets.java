package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * Refused subjects per window: writes the map {@code budgets}, reads and clears what the programs
 * write to {@code budget_windows} and {@code tripped}. When a budget was set, and since when its
 * policy enforces, is in the map, so that it outlives the engine. Safe for use by many threads.
 */
public final class Budgets {
  private static final int TRIPPED = 0;
  private static final int ALARMED = 1;
  private static final long SUBJECTS = EventLayouts.BUDGET.offset("subjects");
  private static final long WINDOW = EventLayouts.BUDGET.offset("window_ns");
  private static final long SETTLE = EventLayouts.BUDGET.offset("settle_ns");
  private static final long SETTLED = EventLayouts.BUDGET.offset("settled_ns");
  private static final long NEVER = -1;

  private final BpfMap budgets;
  private final BpfMap windows;
  private final BpfMap tripped;

  public Budgets(BpfMap budgets, BpfMap budgetWindows, BpfMap tripped) {
    this.budgets = budgets;
    this.windows = budgetWindows;
    this.tripped = tripped;
  }

  /**
   * Gives {@code slot} a budget; the window that runs goes on, and so does the time to settle if it
   * has the same budget and enforces already.
   *
   * @param subjects that may be refused in a window
   * @param settle how long after it began to enforce the kernel may disarm it; null: always
   * @param enforces whether it may refuse: from the first such call on it settles
   */
  public synchronized void set(
      int slot, long subjects, Duration window, Duration settle, boolean enforces) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = read(arena, budgets, slot);
      long settleNs = settle == null ? NEVER : settle.toNanos();
      boolean same =
          value.get(JAVA_LONG, SUBJECTS) == subjects
              && value.get(JAVA_LONG, WINDOW) == window.toNanos()
              && value.get(JAVA_LONG, SETTLE) == settleNs;
      value.set(JAVA_LONG, SUBJECTS, subjects);
      value.set(JAVA_LONG, WINDOW, window.toNanos());
      value.set(JAVA_LONG, SETTLE, settleNs);
      if (!enforces) {
        value.set(JAVA_LONG, SETTLED, 0);
      } else if (!same || value.get(JAVA_LONG, SETTLED) == 0) {
        value.set(JAVA_LONG, SETTLED, settled(settleNs));
      }
      budgets.update(arena.allocateFrom(JAVA_INT, slot), value);
    }
  }

  private static long settled(long settleNs) {
    return settleNs == NEVER ? NEVER : BootClock.nowNs() + settleNs;
  }

  /** Since when {@code slot} settles, for {@link #settle}. */
  public synchronized long settling(int slot) {
    try (Arena arena = Arena.ofConfined()) {
      return read(arena, budgets, slot).get(JAVA_LONG, SETTLED);
    }
  }

  /**
   * Lets {@code slot} settle from when it did before a change that has failed, if it enforced then
   * and does now.
   */
  public synchronized void settle(int slot, long since) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = read(arena, budgets, slot);
      if (since != 0 && value.get(JAVA_LONG, SETTLED) != 0) {
        value.set(JAVA_LONG, SETTLED, since);
        budgets.update(arena.allocateFrom(JAVA_INT, slot), value);
      }
    }
  }

  /** Leaves {@code slot} without a budget. */
  public synchronized void clear(int slot) {
    zero(budgets, slot);
  }

  /** Slots that no longer refuse, because their budget was used up. */
  public SlotSet tripped() {
    return set(TRIPPED);
  }

  /** Slots that go on although their budget was used up: they had settled. */
  public SlotSet alarmed() {
    return set(ALARMED);
  }

  /**
   * Lets {@code slot} refuse again, with a new window and anew with time to settle, and takes back
   * its alarm. A slot that trips at this very moment may lose its bit; then the next window sets it
   * again.
   */
  public synchronized void reset(int slot) {
    zero(windows, slot);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = read(arena, budgets, slot);
      if (value.get(JAVA_LONG, SETTLED) != 0) {
        value.set(JAVA_LONG, SETTLED, settled(value.get(JAVA_LONG, SETTLE)));
        budgets.update(arena.allocateFrom(JAVA_INT, slot), value);
      }
    }
    for (int which : new int[] {TRIPPED, ALARMED}) {
      write(which, set(which).minus(SlotSet.of(slot)));
    }
  }

  /** Has {@code slot} refuse nothing until {@link #reset}, as if its budget were used up. */
  public synchronized void disarm(int slot) {
    write(TRIPPED, set(TRIPPED).with(slot));
  }

  private void write(int which, SlotSet set) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment slots = arena.allocate(Slots.BYTES, 8);
      Slots.write(slots, 0, set);
      tripped.update(arena.allocateFrom(JAVA_INT, which), slots);
    }
  }

  private SlotSet set(int which) {
    try (Arena arena = Arena.ofConfined()) {
      return Slots.read(read(arena, tripped, which), 0);
    }
  }

  private static MemorySegment read(Arena arena, BpfMap map, int index) {
    MemorySegment value = arena.allocate(map.info().transferBytes(), 8);
    map.lookup(arena.allocateFrom(JAVA_INT, index), value);
    return value;
  }

  private static void zero(BpfMap map, int index) {
    try (Arena arena = Arena.ofConfined()) {
      map.update(
          arena.allocateFrom(JAVA_INT, index), arena.allocate(map.info().transferBytes(), 8));
    }
  }
}
