package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.Layout;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What was answered, by hook and by slot: the programs' {@code hook_counters} and {@code
 * slot_counters}, summed over the CPUs, and {@code told}, where the engine counts what its
 * decisions say about attempts that the kernel did not wait with. Safe for use by many threads.
 */
public final class KernelCounters {
  private static final long DENIED = EventLayouts.TOLD.offset("denied");
  private static final long WOULD_DENY = EventLayouts.TOLD.offset("would_deny");
  private static final int NO_HOOK = 0; // HOOK_NONE
  private static final VarHandle LONG = JAVA_LONG.varHandle();

  private final BpfMap hooks;
  private final BpfMap slots;
  private final MemorySegment told;

  public KernelCounters(BpfMap hookCounters, BpfMap slotCounters, BpfMap told) {
    this.hooks = hookCounters;
    this.slots = slotCounters;
    this.told = told.memory();
  }

  /**
   * Counts one attempt that was decided after the kernel's answer.
   *
   * @param denied slots that deny what the kernel had refused to be on the safe side
   * @param wouldDeny slots that deny what it had let pass
   */
  public void tell(Hook hook, SlotSet denied, SlotSet wouldDeny) {
    tell(hook.code(), denied, DENIED);
    tell(hook.code(), wouldDeny, WOULD_DENY);
  }

  /** The same of an attempt that the kernel has counted among those that would be denied. */
  public void tellMore(SlotSet wouldDeny) {
    wouldDeny.forEach(slot -> add(Hook.ARRAY_LENGTH + slot, WOULD_DENY));
  }

  private void tell(int hook, SlotSet slots, long field) {
    if (!slots.isEmpty()) {
      add(hook, field);
      slots.forEach(slot -> add(Hook.ARRAY_LENGTH + slot, field));
    }
  }

  private void add(int index, long field) {
    LONG.getAndAdd(told, at(index) + field, 1L);
  }

  private static long at(int index) {
    return (long) index * EventLayouts.TOLD.size();
  }

  /** By the names of {@code struct hook_counters}, in its order. */
  public Map<String, Long> hook(Hook hook) {
    return withTold(read(hooks, hook.code(), EventLayouts.HOOK_COUNTERS), hook.code());
  }

  /** Forks that failed for want of memory for the child's labels. */
  public long unlabelledForks() {
    return read(hooks, NO_HOOK, EventLayouts.HOOK_COUNTERS).get("unlabelled");
  }

  /** By the names of {@code struct slot_counters}, in its order. */
  public Map<String, Long> slot(int slot) {
    return withTold(read(slots, slot, EventLayouts.SLOT_COUNTERS), Hook.ARRAY_LENGTH + slot);
  }

  private Map<String, Long> withTold(Map<String, Long> counters, int index) {
    for (Layout.Field field : EventLayouts.TOLD.fields()) {
      long count = (long) LONG.getVolatile(told, at(index) + field.offset());
      counters.merge(field.name(), count, Long::sum);
    }
    return counters;
  }

  /** Sets a slot's counters to zero. */
  public void clearSlot(int slot) {
    try (Arena arena = Arena.ofConfined()) {
      slots.update(
          arena.allocateFrom(JAVA_INT, slot), arena.allocate(slots.info().transferBytes(), 8));
    }
    for (Layout.Field field : EventLayouts.TOLD.fields()) {
      LONG.setVolatile(told, at(Hook.ARRAY_LENGTH + slot) + field.offset(), 0L);
    }
  }

  private static Map<String, Long> read(BpfMap map, int index, Layout layout) {
    Map<String, Long> sums = new LinkedHashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(map.info().transferBytes(), 8);
      map.lookup(arena.allocateFrom(JAVA_INT, index), values);
      for (long at = 0; at < values.byteSize(); at += map.info().strideBytes()) {
        for (Layout.Field field : layout.fields()) {
          sums.merge(field.name(), values.get(JAVA_LONG, at + field.offset()), Long::sum);
        }
      }
    }
    return sums;
  }
}
