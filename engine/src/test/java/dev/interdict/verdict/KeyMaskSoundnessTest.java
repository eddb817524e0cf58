package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.eval.InputJson;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.Readings;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.Layout;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.ReadSet;
import dev.interdict.policy.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Two events whose masked keys are equal look the same to every rule with that read set: shown on
 * the document that rules are given.
 */
class KeyMaskSoundnessTest {
  private static final int PAIRS = 100_000;

  private static final Set<String> LITERALS = Set.of("/etc/file1", "/etc/file2", "/opt/other");

  /** What the key has beyond what the document shows, and why. */
  private static final Set<String> NOT_SHOWN =
      Set.of(
          // The hooks find the flags only where they look for the path.
          "file.deleted: path",
          "file.unreachable: path",
          // A path is unknown exactly where its hash is zero.
          "file.path: flags",
          // A packet is always received, a namespace always made.
          "access: access",
          // Both are printed alike.
          "socket.address: family",
          "socket.local.address: family");

  @Test
  void eventsOfOneMaskedKeyAreOneToTheRulesThatTheMaskWasMadeFor() {
    Random random = new Random(42);
    List<String> paths = new ArrayList<>(withParents(KeyFields.allPaths()));
    int pairs = 0;
    int equal = 0;
    while (equal < PAIRS) {
      Hook hook = Hook.values()[random.nextInt(Hook.values().length)];
      Set<String> reads = new TreeSet<>();
      for (int i = random.nextInt(5); i >= 0; i--) {
        reads.add(paths.get(random.nextInt(paths.size())));
      }
      byte[] mask = KeyMask.of(hook, new ReadSet(reads)).places();
      for (int i = 0; i < 50; i++) {
        pairs++;
        RandomEvent first = new RandomEvent(hook, random);
        RandomEvent second = first.neighbour(random);
        if (first.sameKey(second, mask)) {
          equal++;
          assertEquals(seen(first, reads), seen(second, reads), () -> hook + " " + reads);
        }
      }
    }
    assertTrue(pairs > equal, "some pairs differ: " + pairs);
  }

  /** Whom a scope covers that only the engine knows is part of the answer, and so of the key. */
  @Test
  void eventsOfOneMaskedKeyAreCoveredAlikeByTheScopesThatTheMaskWasMadeFor() {
    Random random = new Random(44);
    List<Policy.Scope> scopes =
        List.of(
            scope(List.of("/slice1/**", "/*/c3.service"), List.of(), List.of()),
            scope(List.of(), List.of("c3.*"), List.of()),
            scope(List.of(), List.of(), List.of(Map.of("namespace", "shop"))));
    int equal = 0;
    Set<Boolean> said = new HashSet<>();
    Set<Boolean> detours = new HashSet<>();
    while (equal < PAIRS / 10) {
      Hook hook = Hook.values()[random.nextInt(Hook.values().length)];
      if (hook == Hook.XDP_INGRESS) {
        continue; // by its interface the kernel knows who covers a packet
      }
      Policy.Scope scope = scopes.get(random.nextInt(scopes.size()));
      PolicySet.Where where = new PolicySet.Where(Set.of(hook), scope, Set.of());
      byte[] mask = KeyMask.ofScope(hook, scope.facts()).places();
      RandomEvent first = new RandomEvent(hook, random).withDetours();
      RandomEvent second = first.neighbour(random);
      if (first.sameKey(second, mask)) {
        equal++;
        Event event = first.record().event();
        said.add(where.covers(event, RandomEvent.NAMES));
        detours.add(ObjectFlag.DETOUR.in(event.head().objectFlags()));
        assertEquals(covered(where, first), covered(where, second), () -> hook + " " + scope);
      }
    }
    said.remove(null);
    assertEquals(Set.of(true, false), said);
    assertEquals(Set.of(true, false), detours);
  }

  /** What the engine says of an event before it asks a rule. */
  private static String covered(PolicySet.Where where, RandomEvent random) {
    Event event = random.record().event();
    boolean detour = ObjectFlag.DETOUR.in(event.head().objectFlags());
    return where.covers(event, RandomEvent.NAMES) + (detour ? " with a detour" : "");
  }

  private static Policy.Scope scope(
      List<String> cgroups, List<String> units, List<Map<String, String>> containers) {
    return Policy.Scope.of(cgroups, List.of(), units, containers);
  }

  /** A mask that forgets a place is caught, unless the place is one of those that are not shown. */
  @Test
  void everyPlaceOfAMaskIsThereForAReason() {
    Random random = new Random(43);
    List<String> missed = new ArrayList<>();
    for (Hook hook : Hook.values()) {
      KeyFields.of(hook)
          .forEach(
              (path, bytes) -> {
                for (Layout.Field place : bytes.places()) {
                  String name = path + ": " + place.name();
                  if (!path.equals("hook") && !isCaught(hook, path, place, random)) {
                    missed.add(name);
                  }
                }
              });
    }
    assertEquals(NOT_SHOWN, new TreeSet<>(missed));
  }

  private static boolean isCaught(Hook hook, String path, Layout.Field place, Random random) {
    Set<String> reads = Set.of(path);
    byte[] mask = KeyMask.of(hook, new ReadSet(reads)).places();
    Arrays.fill(mask, place.offset(), place.offset() + place.size(), (byte) 0);
    for (int i = 0; i < 20_000; i++) {
      RandomEvent first = new RandomEvent(hook, random);
      RandomEvent second = first.neighbour(random);
      if (first.sameKey(second, mask) && !seen(first, reads).equals(seen(second, reads))) {
        return true;
      }
    }
    return false;
  }

  /** What the documents that the rules are shown have at the paths that are read. */
  private static Set<List<Object>> seen(RandomEvent random, Set<String> reads) {
    Event event = random.record().event();
    Readings readings = new Readings(new ReadSet(reads), LITERALS, RandomEvent.NAMES);
    Set<List<Object>> all = new HashSet<>();
    for (Event reading : readings.of(event)) {
      all.add(shown(reading, reads, readings.isUnknown(event)));
    }
    return all;
  }

  private static List<Object> shown(Event event, Set<String> reads, boolean unknown) {
    Map<String, Object> input = InputJson.tree(event, RandomEvent.NAMES);
    List<Object> values = new ArrayList<>(List.of(unknown));
    for (String path : reads) {
      Object at = input;
      for (String step : path.isEmpty() ? new String[0] : path.split("\\.", -1)) {
        at = at instanceof Map<?, ?> map ? map.get(step) : null;
      }
      values.add(Objects.requireNonNullElse(at, "absent"));
    }
    return values;
  }

  private static Set<String> withParents(Set<String> leaves) {
    Set<String> all = new TreeSet<>(leaves);
    for (String leaf : leaves) {
      for (int dot = leaf.lastIndexOf('.'); dot > 0; dot = leaf.lastIndexOf('.', dot - 1)) {
        all.add(leaf.substring(0, dot));
      }
    }
    return all;
  }
}
