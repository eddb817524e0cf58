package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.FakeBpfMap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ScopesTest {
  private final FakeBpfMap scopes = new FakeBpfMap(MapInfo.HASH, 8, Slots.BYTES, 16);
  private final FakeBpfMap interfaces = new FakeBpfMap(MapInfo.HASH, 4, Slots.BYTES, 16);
  private final Map<String, Long> host = new HashMap<>(Map.of("/a", 10L, "/b", 20L));
  private final Scopes writer =
      new Scopes(
          scopes,
          interfaces,
          path -> host.containsKey(path) ? OptionalLong.of(host.get(path)) : OptionalLong.empty(),
          name -> name.equals("eth0") ? OptionalInt.of(2) : OptionalInt.empty());

  @Test
  void eachCgroupHasTheSlotsThatNameIt() {
    assertTrue(use(Map.of(0, List.of("/a"), 65, List.of("/a", "/b")), Map.of()));
    assertArrayEquals(slots(1, 2), scopes.lookup(number(10)).orElseThrow());
    assertArrayEquals(slots(0, 2), scopes.lookup(number(20)).orElseThrow());
    assertFalse(refresh(), "nothing has changed");
    assertTrue(use(Map.of(0, List.of("/a")), Map.of()));
    assertArrayEquals(slots(1, 0), scopes.lookup(number(10)).orElseThrow());
    assertEquals(1, scopes.size());
  }

  /** As a cgroup is by a path with and without a slash at its end. */
  @Test
  void aCgroupOfTwoNamesHasTheSlotsOfBoth() {
    host.put("/a/", 10L);
    use(Map.of(0, List.of("/a"), 1, List.of("/a/")), Map.of());
    assertArrayEquals(slots(3, 0), scopes.lookup(number(10)).orElseThrow());
  }

  @Test
  void aCgroupThatComesLaterIsFoundByTheNextLook() {
    use(Map.of(0, List.of("/late")), Map.of(0, List.of("eth0", "eth9")));
    assertEquals(Set.of("/late", "eth9"), writer.missing());
    assertEquals(0, scopes.size());
    assertEquals(1, interfaces.size());
    host.put("/late", 30L);
    assertTrue(refresh());
    assertArrayEquals(slots(1, 0), scopes.lookup(number(30)).orElseThrow());
    host.put("/late", 31L);
    assertTrue(refresh(), "removed and made again: another number");
    assertEquals(1, scopes.size());
    assertArrayEquals(slots(1, 0), scopes.lookup(number(31)).orElseThrow());
  }

  @Test
  void interfacesAreFoundByTheirNames() {
    assertTrue(use(Map.of(), Map.of(3, List.of("eth0"))));
    assertArrayEquals(slots(8, 0), interfaces.lookup(number(2, 4)).orElseThrow());
    assertFalse(use(Map.of(), Map.of(3, List.of("eth0"))));
  }

  @Test
  void aPlaceThatIsGivenUpStaysUntilTheNextLook() {
    use(Map.of(0, List.of("/a"), 1, List.of("/a")), Map.of());
    writer.widen(Map.of(0, List.of("/b"), 1, List.of("/a")), Map.of());
    assertTrue(writer.changed());
    assertArrayEquals(slots(3, 0), scopes.lookup(number(10)).orElseThrow(), "still");
    assertArrayEquals(slots(1, 0), scopes.lookup(number(20)).orElseThrow(), "already");
    writer.announced();
    assertTrue(refresh());
    assertArrayEquals(slots(2, 0), scopes.lookup(number(10)).orElseThrow());
    assertArrayEquals(slots(1, 0), scopes.lookup(number(20)).orElseThrow());
  }

  /** What the programs remember is wrong as long as nobody has told them. */
  @Test
  void aChangeThatFailsHalfWayIsAChange() {
    interfaces.failAfter(0);
    Map<Integer, List<String>> wanted = Map.of(3, List.of("eth0"));
    assertThrows(BpfException.class, () -> writer.widen(Map.of(0, List.of("/a")), wanted));
    assertEquals(1, scopes.size());
    interfaces.failAfter(1);
    writer.refresh();
    writer.refresh();
    assertTrue(writer.changed(), "although the last look has found nothing new");
    writer.announced();
    assertFalse(refresh());
  }

  private boolean use(Map<Integer, List<String>> cgroups, Map<Integer, List<String>> byInterface) {
    writer.widen(cgroups, byInterface);
    return refresh();
  }

  private boolean refresh() {
    writer.refresh();
    boolean changed = writer.changed();
    writer.announced();
    return changed;
  }

  private static byte[] slots(long first, long second) {
    return ByteBuffer.allocate(Slots.BYTES)
        .order(ByteOrder.nativeOrder())
        .putLong(first)
        .putLong(second)
        .array();
  }

  private static byte[] number(long number) {
    return number(number, 8);
  }

  private static byte[] number(long number, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    return bytes == 4 ? buffer.putInt((int) number).array() : buffer.putLong(number).array();
  }
}
