package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The writer of the maps {@code scopes} and {@code interfaces}: where each slot applies. A cgroup
 * or an interface that does not exist yet is looked for again with each {@link #refresh}.
 *
 * <p>Safe for use by many threads.
 */
public final class Scopes {
  private final BpfMap scopes;
  private final BpfMap interfaces;
  private final Function<String, OptionalLong> cgroupId;
  private final Function<String, OptionalInt> interfaceIndex;
  private Map<String, SlotSet> wantedCgroups = Map.of();
  private Map<String, SlotSet> wantedInterfaces = Map.of();
  private final Set<String> missing = new TreeSet<>();
  private boolean changed;

  /**
   * @param cgroupId number of a cgroup by its path below the root
   * @param interfaceIndex number of an interface by its name
   */
  public Scopes(
      BpfMap scopes,
      BpfMap interfaces,
      Function<String, OptionalLong> cgroupId,
      Function<String, OptionalInt> interfaceIndex) {
    this.scopes = scopes;
    this.interfaces = interfaces;
    this.cgroupId = cgroupId;
    this.interfaceIndex = interfaceIndex;
  }

  /**
   * Sets which slots have which cgroups and interfaces as their scope. What no scope names any more
   * stays in the maps until the next {@link #refresh}: a slot that is to apply elsewhere from now
   * on has its old place until the posture says so.
   */
  public synchronized void widen(
      Map<Integer, List<String>> cgroups, Map<Integer, List<String>> byInterface) {
    wantedCgroups = invert(cgroups);
    wantedInterfaces = invert(byInterface);
    look(false);
  }

  /** Resolves the names again, and takes out what no scope names. */
  public synchronized void refresh() {
    look(true);
  }

  private void look(boolean exactly) {
    missing.clear();
    write(scopes, JAVA_LONG, resolve(wantedCgroups, cgroupId), exactly);
    write(interfaces, JAVA_INT, resolve(wantedInterfaces, this::index), exactly);
  }

  /**
   * Whether a map has changed since {@link #announced}, also by a call that failed half-way: then
   * {@link Postures#use} or {@link Postures#renew} must follow, since the programs remember what
   * they found.
   */
  public synchronized boolean changed() {
    return changed;
  }

  /** To be called when the programs have forgotten what they found before the last change. */
  public synchronized void announced() {
    changed = false;
  }

  /** Cgroups and interfaces that did not exist at the last look. */
  public synchronized Set<String> missing() {
    return Set.copyOf(missing);
  }

  private OptionalLong index(String name) {
    OptionalInt index = interfaceIndex.apply(name);
    return index.isPresent() ? OptionalLong.of(index.getAsInt()) : OptionalLong.empty();
  }

  private Map<Long, SlotSet> resolve(
      Map<String, SlotSet> wanted, Function<String, OptionalLong> find) {
    Map<Long, SlotSet> found = new HashMap<>();
    wanted.forEach(
        (name, slots) -> {
          OptionalLong number = find.apply(name);
          if (number.isPresent()) {
            found.merge(number.getAsLong(), slots, SlotSet::or);
          } else {
            missing.add(name);
          }
        });
    return found;
  }

  /**
   * Makes {@code map} say what {@code wanted} says, or at least that; what is there is read from
   * the kernel.
   */
  private void write(
      BpfMap map, ValueLayout keyLayout, Map<Long, SlotSet> wanted, boolean exactly) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment key = arena.allocate(keyLayout);
      MemorySegment value = arena.allocate(MemoryLayout.sequenceLayout(SlotSet.WORDS, JAVA_LONG));
      Map<Long, SlotSet> present = present(map, key, value);
      for (Map.Entry<Long, SlotSet> entry : wanted.entrySet()) {
        SlotSet before = present.remove(entry.getKey());
        SlotSet after = exactly || before == null ? entry.getValue() : entry.getValue().or(before);
        if (!after.equals(before)) {
          number(key, entry.getKey());
          Slots.write(value, 0, after);
          changed = true;
          map.update(key, value);
        }
      }
      for (Long gone : exactly ? present.keySet() : Set.<Long>of()) {
        number(key, gone);
        changed = true;
        map.delete(key);
      }
    }
  }

  private static Map<Long, SlotSet> present(BpfMap map, MemorySegment key, MemorySegment value) {
    Map<Long, SlotSet> present = new HashMap<>();
    for (byte[] bytes : map.keys()) {
      MemorySegment.copy(bytes, 0, key, ValueLayout.JAVA_BYTE, 0, bytes.length);
      if (map.lookup(key, value)) {
        present.put(number(key), Slots.read(value, 0));
      }
    }
    return present;
  }

  private static long number(MemorySegment key) {
    return key.byteSize() == Integer.BYTES
        ? Integer.toUnsignedLong(key.get(JAVA_INT, 0))
        : key.get(JAVA_LONG, 0);
  }

  private static void number(MemorySegment key, long number) {
    if (key.byteSize() == Integer.BYTES) {
      key.set(JAVA_INT, 0, Math.toIntExact(number));
    } else {
      key.set(JAVA_LONG, 0, number);
    }
  }

  private static Map<String, SlotSet> invert(Map<Integer, List<String>> bySlot) {
    Map<String, SlotSet> byName = new HashMap<>();
    bySlot.forEach(
        (slot, names) -> names.forEach(name -> byName.merge(name, SlotSet.of(slot), SlotSet::or)));
    return byName;
  }
}
