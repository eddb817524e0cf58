package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.interdict.attach.XdpInterface;
import dev.interdict.attach.XdpPlace;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Decisions rest on an interface's name, keys on its number. */
class PacketScopeTest {
  private final VerdictTable verdicts =
      new VerdictTable(
          new FakeBpfMap(MapInfo.HASH, 8, Verdict.BYTES, 16),
          new FakeBpfMap(MapInfo.HASH, 8, Verdict.BYTES, 16),
          new EngineState(new FakeBpfMap(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1)));
  private final Map<String, XdpPlace> places = new HashMap<>();

  @Test
  void whatWasDecidedUnderANameIsForgottenWhenTheNumberLosesIt() {
    PacketScope scope = scope();
    there("wan", 5);
    there("lan", 6);
    scope.use(Set.of("wan", "lan"));
    decided(5, 6, 7);
    scope.look();
    assertEquals(Set.of(5, 6, 7), known());
    assertEquals("lan native, wan native", scope.attached());

    there("lan", 5); // they change names
    there("wan", 6);
    scope.look();
    assertEquals(Set.of(7), known());
    decided(5); // by who read the name before
    scope.look();
    assertEquals(Set.of(7), known());
    decided(5);
    scope.look();
    assertEquals(Set.of(5, 7), known());
  }

  @Test
  void anInterfaceThatGoesTakesItsDecisionsWithIt() {
    PacketScope scope = scope();
    there("wan", 5);
    scope.use(Set.of("wan"));
    decided(5, 6);
    places.put("wan", new XdpPlace(null, "it is not there", true));
    scope.look();
    assertEquals(Set.of(6), known());
    assertEquals(Map.of("wan", "it is not there"), scope.problems());
    assertEquals(Map.of(), scope.refusals());
    assertEquals("", scope.attached());
  }

  /** What it was called while no engine looked, nobody knows. */
  @Test
  void anEngineThatStartsKeepsNothingThatRestsOnAnInterface() {
    VerdictKey any = key(0);
    verdicts.merge(any, allowed(), 1);
    decided(5);
    assertEquals(Map.of(), scope().problems());
    assertNull(verdicts.get(key(5)));
    assertNotNull(verdicts.get(any));
  }

  private PacketScope scope() {
    return new PacketScope(wanted -> Map.copyOf(places), verdicts);
  }

  private void there(String name, int index) {
    XdpInterface at = new XdpInterface(index, XdpInterface.Mode.NATIVE);
    places.put(name, new XdpPlace(at, null, false));
  }

  private void decided(int... interfaces) {
    for (int index : interfaces) {
      verdicts.merge(key(index), allowed(), 1);
    }
  }

  private Set<Integer> known() {
    Set<Integer> known = new TreeSet<>();
    for (int index = 1; index < 10; index++) {
      if (verdicts.get(key(index)) != null) {
        known.add(index);
      }
    }
    return known;
  }

  private static Verdict allowed() {
    return new Verdict(SlotSet.of(1), SlotSet.NONE, SlotSet.NONE);
  }

  private static VerdictKey key(int index) {
    return VerdictKey.of(RecordBuilder.of(Hook.XDP_INGRESS).packet("interface", index).facts());
  }
}
