package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.event.EventLayouts;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which bit stands for which label of which policy, and the writer of the maps {@code label_names}
 * and {@code slot_labels}.
 *
 * <p>A bit is one policy's: two that set a label of one name have a bit each, since a task that
 * only one of them covers gets that one's only. It is given out once and stays what it is until the
 * host starts anew, whatever becomes of the policy: some process may carry it. So it is kept where
 * the labels themselves are, in the kernel, and an engine that starts finds it there.
 *
 * <p>Safe for use by many threads.
 */
public final class Labels {
  private static final int NAME_BYTES = 128; // LABEL_BYTES of limits.h

  private final BpfMap names;
  private final BpfMap slots;
  private final List<Label> byBit = new ArrayList<>();

  /** What each set of bits is called; the bits that are given out mean the same for ever. */
  private volatile String[] known = {};

  /**
   * A label as one policy sets it.
   *
   * @param policy at most 63 characters
   * @param name at most 63 characters
   */
  public record Label(String policy, String name) {
    @Override
    public String toString() {
      return policy + "/" + name;
    }

    private static Label of(String text) {
      int slash = text.indexOf('/');
      if (slash < 0) {
        throw new BpfException(
            "read a label",
            "label_names",
            0,
            "\"" + text + "\" is none of an engine's; take the maps out: interdict uninstall");
      }
      return new Label(text.substring(0, slash), text.substring(slash + 1));
    }
  }

  /** Goes on with what an engine before has given out. */
  public Labels(BpfMap names, BpfMap slots) {
    this.names = names;
    this.slots = slots;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(NAME_BYTES, 8);
      for (int bit = 0; bit < EventLayouts.LABELS; bit++) {
        names.lookup(arena.allocateFrom(JAVA_INT, bit), name);
        String text = name.getString(0);
        if (text.isEmpty()) {
          break;
        }
        byBit.add(Label.of(text));
      }
    }
    tell();
  }

  /**
   * Gives each of these a bit, if it has none.
   *
   * @throws NoLabelException if there are not enough: then none is given
   */
  public synchronized void give(Collection<Label> wanted) {
    List<Label> fresh =
        new ArrayList<>(new TreeSet<>(wanted.stream().map(Label::toString).toList()))
            .stream().map(Label::of).filter(label -> !byBit.contains(label)).toList();
    if (byBit.size() + fresh.size() > EventLayouts.LABELS) {
      throw new NoLabelException(full(fresh));
    }
    for (Label label : fresh) {
      write(byBit.size(), label);
      byBit.add(label);
    }
    tell();
  }

  private String full(List<Label> fresh) {
    Map<String, List<String>> holders = new TreeMap<>();
    byBit.forEach(l -> holders.computeIfAbsent(l.policy, p -> new ArrayList<>()).add(l.name));
    List<String> held = new ArrayList<>();
    holders.forEach((policy, labels) -> held.add(policy + " (" + String.join(", ", labels) + ")"));
    return "no room for the labels "
        + fresh.stream().map(Label::toString).toList()
        + ": a host has "
        + EventLayouts.LABELS
        + ", and a label that was given out is held until the host starts anew, since processes may"
        + " have it; they are held by "
        + String.join(", ", held)
        + ". Use fewer labels, or start the host anew";
  }

  private void write(int bit, Label label) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(NAME_BYTES, 8);
      byte[] text = label.toString().getBytes(UTF_8);
      MemorySegment.copy(text, 0, name, JAVA_BYTE, 0, Math.min(text.length, NAME_BYTES - 1));
      names.update(arena.allocateFrom(JAVA_INT, bit), name);
    }
  }

  private void tell() {
    known = byBit.stream().map(Label::name).toArray(String[]::new);
  }

  /** Whether any was given out: some process may have it. */
  public boolean any() {
    return known.length > 0;
  }

  /** The bit of a label that was given one; 0: it was not. */
  public synchronized long bit(Label label) {
    int bit = byBit.indexOf(label);
    return bit < 0 ? 0 : 1L << bit;
  }

  /** The names of the labels of these bits, sorted, each once. */
  public List<String> names(long bits) {
    String[] now = known;
    TreeSet<String> all = new TreeSet<>();
    for (long rest = bits; rest != 0; rest &= rest - 1) {
      int bit = Long.numberOfTrailingZeros(rest);
      if (bit < now.length) {
        all.add(now[bit]);
      }
    }
    return List.copyOf(all);
  }

  /** Says which labels the policy in {@code slot} may set; before the slot is asked. */
  public void allow(int slot, long bits) {
    try (Arena arena = Arena.ofConfined()) {
      slots.update(arena.allocateFrom(JAVA_INT, slot), arena.allocateFrom(JAVA_LONG, bits));
    }
  }
}
