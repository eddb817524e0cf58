package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.Layout;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the programs count, in {@code hook_counters} and {@code slot_counters}: sums over the CPUs.
 */
public final class KernelCounters {
  private final BpfMap hooks;
  private final BpfMap slots;

  public KernelCounters(BpfMap hookCounters, BpfMap slotCounters) {
    this.hooks = hookCounters;
    this.slots = slotCounters;
  }

  /** By the names of {@code struct hook_counters}, in its order. */
  public Map<String, Long> hook(Hook hook) {
    return read(hooks, hook.code(), EventLayouts.HOOK_COUNTERS);
  }

  /** By the names of {@code struct slot_counters}, in its order. */
  public Map<String, Long> slot(int slot) {
    return read(slots, slot, EventLayouts.SLOT_COUNTERS);
  }

  /** Sets a slot's counters to zero. */
  public void clearSlot(int slot) {
    try (Arena arena = Arena.ofConfined()) {
      slots.update(
          arena.allocateFrom(JAVA_INT, slot), arena.allocate(slots.info().transferBytes(), 8));
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
