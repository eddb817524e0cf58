package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * Denials per window: writes the map {@code budgets}, reads and clears what the programs write to
 * {@code budget_windows} and {@code tripped}. Safe for use by many threads.
 */
public final class Budgets {
  private static final long DENIALS = EventLayouts.BUDGET.offset("denials");
  private static final long WINDOW = EventLayouts.BUDGET.offset("window_ns");

  private final BpfMap budgets;
  private final BpfMap windows;
  private final BpfMap tripped;

  public Budgets(BpfMap budgets, BpfMap budgetWindows, BpfMap tripped) {
    this.budgets = budgets;
    this.windows = budgetWindows;
    this.tripped = tripped;
  }

  /** Gives {@code slot} a budget; the window that runs goes on. */
  public void set(int slot, long denials, Duration window) {
    write(budgets, slot, denials, window.toNanos());
  }

  /** Leaves {@code slot} without a budget. */
  public void clear(int slot) {
    write(budgets, slot, 0, 0);
  }

  /** Slots whose budget has tripped. */
  public SlotSet tripped() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(Slots.BYTES, 8);
      tripped.lookup(arena.allocateFrom(JAVA_INT, 0), value);
      return Slots.read(value, 0);
    }
  }

  /**
   * Lets {@code slot} refuse again, with a new window. A slot that trips at this very moment may
   * lose its bit; its window is still used up, so that its next denial sets it again.
   */
  public synchronized void reset(int slot) {
    write(windows, slot, 0, 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(Slots.BYTES, 8);
      Slots.write(value, 0, tripped().minus(SlotSet.of(slot)));
      tripped.update(arena.allocateFrom(JAVA_INT, 0), value);
    }
  }

  private static void write(BpfMap map, int slot, long first, long second) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(EventLayouts.BUDGET.size(), 8);
      value.set(JAVA_LONG, DENIALS, first);
      value.set(JAVA_LONG, WINDOW, second);
      map.update(arena.allocateFrom(JAVA_INT, slot), value);
    }
  }
}
