package dev.interdict.engine;

import static java.util.Locale.ROOT;

import dev.interdict.attach.XdpPlace;
import dev.interdict.verdict.VerdictTable;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The interfaces that policies name: guarded when they come, and again when they come again. Safe
 * for use by many threads.
 *
 * <p>A decision about a packet may rest on the name of its interface, its key on the number. So
 * what was decided is forgotten when a number loses the name: at once, and once more with the next
 * look, because a decision that read the old name may have been written between.
 */
final class PacketScope {
  private final Function<Set<String>, Map<String, XdpPlace>> attach;
  private final VerdictTable verdicts;
  private Set<String> wanted = Set.of();
  private Map<Integer, String> names = Map.of();
  private Set<Integer> leaving = Set.of();
  private volatile Map<String, XdpPlace> places = Map.of();

  /**
   * @param attach lets the packet program run on these interfaces and no others, see {@link
   *     dev.interdict.attach.HookSet#attachXdp}
   */
  PacketScope(Function<Set<String>, Map<String, XdpPlace>> attach, VerdictTable verdicts) {
    this.attach = attach;
    this.verdicts = verdicts;
    verdicts.forgetInterfaces(index -> true); // nobody knows what they were called meanwhile
  }

  /**
   * Has these interfaces guarded, and no others.
   *
   * @throws dev.interdict.libbpf.BpfException if the packet program cannot be loaded
   */
  synchronized void use(Set<String> interfaces) {
    wanted = Set.copyOf(interfaces);
    look();
  }

  /** The interfaces that {@link #use} was last given. */
  synchronized Set<String> wanted() {
    return wanted;
  }

  /** Looks which of them are there; throws as {@link #use}. */
  synchronized void look() {
    places = attach.apply(wanted);
    Map<Integer, String> now = new HashMap<>();
    places.forEach(
        (name, place) -> {
          if (place.at() != null) {
            now.put(place.at().index(), name);
          }
        });
    Set<Integer> gone = new HashSet<>();
    names.forEach(
        (index, name) -> {
          if (!name.equals(now.get(index))) {
            gone.add(index);
          }
        });
    names = now;
    Set<Integer> forgotten = new HashSet<>(gone);
    forgotten.addAll(leaving);
    leaving = gone;
    if (!forgotten.isEmpty()) {
      verdicts.forgetInterfaces(forgotten::contains);
    }
  }

  /** Where the packet program runs, such as {@code eth0 native, lo generic}; empty: nowhere. */
  String attached() {
    return places.entrySet().stream()
        .filter(place -> place.getValue().at() != null)
        .map(place -> place.getKey() + " " + place.getValue().at().mode().name().toLowerCase(ROOT))
        .sorted()
        .collect(Collectors.joining(", "));
  }

  /** Why which interfaces are not guarded. */
  Map<String, String> problems() {
    return places.entrySet().stream()
        .filter(place -> place.getValue().problem() != null)
        .collect(Collectors.toMap(Map.Entry::getKey, place -> place.getValue().problem()));
  }

  /** Of {@link #problems} those that waiting will not mend. */
  Map<String, String> refusals() {
    Map<String, String> refused = problems();
    refused.keySet().removeIf(name -> places.get(name).missing());
    return refused;
  }
}
