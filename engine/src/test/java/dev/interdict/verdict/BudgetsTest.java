package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.FakeBpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BudgetsTest {
  private static final int SLOT = 130;

  private final FakeBpfMap limits =
      new FakeBpfMap(MapInfo.ARRAY, 4, EventLayouts.BUDGET.size(), SlotSet.SLOTS);
  private final FakeBpfMap windows = new FakeBpfMap(MapInfo.ARRAY, 4, 8, SlotSet.SLOTS);
  private final FakeBpfMap tripped = new FakeBpfMap(MapInfo.ARRAY, 4, Slots.BYTES, 2);
  private final Budgets budgets = new Budgets(limits, windows, tripped);

  @Test
  void aBudgetIsSubjectsInNanoseconds() {
    budgets.set(SLOT, 100, Duration.ofMinutes(1), Duration.ofHours(1), false);
    assertEquals(100, budget("subjects"));
    assertEquals(60_000_000_000L, budget("window_ns"));
    assertEquals(3600_000_000_000L, budget("settle_ns"));
    assertEquals(0, budget("settled_ns"), "it does not enforce");
    budgets.clear(SLOT);
    assertEquals(0, budget("subjects"));
  }

  @Test
  void itSettlesFromTheMomentItEnforcesAndTheSameBudgetGoesOn() {
    long before = BootClock.nowNs();
    set(Duration.ofHours(1), true);
    long settled = budget("settled_ns");
    assertTrue(settled >= before + 3600_000_000_000L);
    assertTrue(settled <= BootClock.nowNs() + 3600_000_000_000L);
    new Budgets(limits, windows, tripped)
        .set(SLOT, 9, Duration.ofMinutes(1), Duration.ofHours(1), true);
    assertEquals(settled, budget("settled_ns"), "for the next engine too");
    set(Duration.ofHours(2), true);
    assertTrue(budget("settled_ns") > settled + 3000_000_000_000L, "another budget");
    set(Duration.ofHours(2), false);
    assertEquals(0, budget("settled_ns"));
    set(null, true);
    assertEquals(-1, budget("settled_ns"), "never");
    set(Duration.ZERO, true);
    assertTrue(budget("settled_ns") > 0 && budget("settled_ns") <= BootClock.nowNs(), "at once");
  }

  /** Or who has a refused change made would get the switch-off of the first hour back. */
  @Test
  void aChangeThatHasFailedMustNotBeginTheTimeToSettleAnew() {
    set(Duration.ofHours(1), true);
    long since = budgets.settling(SLOT);
    set(Duration.ofHours(2), true); // the change
    set(Duration.ofHours(1), true); // and back
    budgets.settle(SLOT, since);
    assertEquals(since, budget("settled_ns"));
    set(Duration.ofHours(1), false); // somebody has called for audit meanwhile
    budgets.settle(SLOT, since);
    assertEquals(0, budget("settled_ns"));
    set(Duration.ofHours(1), true);
    long later = budget("settled_ns");
    budgets.settle(SLOT, 0); // it did not enforce before
    assertEquals(later, budget("settled_ns"));
  }

  @Test
  void aResetClearsOneSlotItsWindowAndItsAlarm() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(Slots.BYTES, 8);
      Slots.write(mask, 0, SlotSet.of(SLOT).with(3));
      tripped.update(arena.allocateFrom(JAVA_INT, 0), mask);
      tripped.update(arena.allocateFrom(JAVA_INT, 1), mask);
    }
    windows.update(index(SLOT), new byte[] {1, 1, 1, 1, 1, 1, 1, 1});
    set(Duration.ofHours(1), true);
    long settled = budget("settled_ns");
    assertEquals(SlotSet.of(SLOT).with(3), budgets.tripped());
    assertEquals(SlotSet.of(SLOT).with(3), budgets.alarmed());
    while (BootClock.nowNs() + 3600_000_000_000L <= settled) {
      Thread.sleep(1);
    }
    budgets.reset(SLOT);
    assertEquals(SlotSet.of(3), budgets.tripped());
    assertEquals(SlotSet.of(3), budgets.alarmed());
    assertEquals(0, number(windows, SLOT, 0));
    assertTrue(budget("settled_ns") > settled, "it settles anew");
  }

  @Test
  void whoIsDisarmedIsTrippedBesideTheOthers() {
    budgets.disarm(3);
    budgets.disarm(SLOT);
    assertEquals(SlotSet.of(SLOT).with(3), budgets.tripped());
    assertEquals(SlotSet.NONE, budgets.alarmed());
    budgets.reset(3);
    assertEquals(SlotSet.of(SLOT), budgets.tripped());
  }

  private void set(Duration settle, boolean enforces) {
    budgets.set(SLOT, 9, Duration.ofMinutes(1), settle, enforces);
  }

  private long budget(String field) {
    return number(limits, SLOT, EventLayouts.BUDGET.offset(field));
  }

  @Test
  void countersAreSumsOverTheProcessors() {
    FakeBpfMap hooks =
        new FakeBpfMap(MapInfo.PERCPU_ARRAY, 4, EventLayouts.HOOK_COUNTERS.size(), 8);
    FakeBpfMap slots =
        new FakeBpfMap(MapInfo.PERCPU_ARRAY, 4, EventLayouts.SLOT_COUNTERS.size(), SlotSet.SLOTS);
    KernelCounters counters =
        new KernelCounters(
            hooks,
            slots,
            new FakeBpfMap(
                MapInfo.ARRAY, 4, EventLayouts.TOLD.size(), Hook.ARRAY_LENGTH + SlotSet.SLOTS));
    ByteBuffer value =
        ByteBuffer.allocate(2 * EventLayouts.HOOK_COUNTERS.size()).order(ByteOrder.nativeOrder());
    int hits = EventLayouts.HOOK_COUNTERS.offset("hits");
    value.putLong(hits, 3).putLong(EventLayouts.HOOK_COUNTERS.size() + hits, 4);
    hooks.update(index(Hook.EXEC.code()), value.array());
    assertEquals(7, counters.hook(Hook.EXEC).get("hits"));
    assertEquals(0, counters.hook(Hook.EXEC).get("misses"));
    assertEquals(0, counters.hook(Hook.FILE_OPEN).get("hits"));
    byte[] full = new byte[slots.info().transferBytes()];
    full[0] = 5;
    slots.update(index(SLOT), full);
    assertEquals(5, counters.slot(SLOT).get("denied"));
    counters.tell(Hook.EXEC, SlotSet.of(SLOT), SlotSet.of(SLOT).with(3));
    assertEquals(6, counters.slot(SLOT).get("denied"), "with what was decided afterwards");
    assertEquals(1, counters.slot(3).get("would_deny"));
    assertEquals(1, counters.hook(Hook.EXEC).get("denied"));
    assertEquals(1, counters.hook(Hook.EXEC).get("would_deny"));
    counters.clearSlot(SLOT);
    assertEquals(0, counters.slot(SLOT).get("denied"));
    assertEquals(0, counters.slot(SLOT).get("would_deny"));
    assertEquals(1, counters.slot(3).get("would_deny"));
  }

  private static long number(FakeBpfMap map, int slot, int at) {
    return ByteBuffer.wrap(map.lookup(index(slot)).orElseThrow())
        .order(ByteOrder.nativeOrder())
        .getLong(at);
  }

  private static byte[] index(int index) {
    return ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(index).array();
  }
}
