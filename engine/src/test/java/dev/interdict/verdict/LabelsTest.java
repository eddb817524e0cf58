package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.verdict.Labels.Label;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LabelsTest {
  private static final Label AGENT = new Label("agents", "agent");
  private static final Label OTHER = new Label("others", "agent");
  private static final Label SECRETS = new Label("agents", "has-secrets");

  private final FakeBpfMap names = new FakeBpfMap(MapInfo.ARRAY, 4, 128, EventLayouts.LABELS);
  private final FakeBpfMap slots = new FakeBpfMap(MapInfo.ARRAY, 4, 8, SlotSet.SLOTS);
  private final Labels labels = new Labels(names, slots);

  @Test
  void eachPolicyHasABitOfItsOwnForALabelAndPeopleSeeOneName() {
    labels.give(List.of(AGENT, OTHER, SECRETS));
    long all = labels.bit(AGENT) | labels.bit(OTHER) | labels.bit(SECRETS);
    assertEquals(3, Long.bitCount(all));
    assertEquals(List.of("agent"), labels.names(labels.bit(AGENT) | labels.bit(OTHER)));
    assertEquals(List.of("agent", "has-secrets"), labels.names(all));
    assertEquals(List.of(), labels.names(0));
    assertEquals(0, labels.bit(new Label("agents", "unknown")));
  }

  /** Some process may carry it, whatever has become of the policy. */
  @Test
  void aBitMustMeanTheSameToTheNextEngineAndForEver() {
    labels.give(List.of(SECRETS));
    labels.give(List.of(AGENT));
    Labels next = new Labels(names, slots);
    assertEquals(labels.bit(AGENT), next.bit(AGENT));
    assertEquals(labels.bit(SECRETS), next.bit(SECRETS));
    int writes = names.writes();
    next.give(List.of(AGENT));
    assertEquals(writes, names.writes(), "it has one");
    next.give(List.of(OTHER));
    assertEquals(1, Long.bitCount(next.bit(OTHER)));
    assertEquals(0, next.bit(OTHER) & (labels.bit(AGENT) | labels.bit(SECRETS)));
  }

  @Test
  void theLabelThatIsOneTooManyMustBeRefusedWithThoseWhoHoldTheOthers() {
    List<Label> many = IntStream.range(0, 63).mapToObj(i -> new Label("many", "l" + i)).toList();
    labels.give(many);
    NoLabelException e =
        assertThrows(NoLabelException.class, () -> labels.give(List.of(AGENT, SECRETS)));
    for (String part : List.of("agents/agent", "agents/has-secrets", "many (l0, l1,", "has 64")) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
    assertEquals(0, labels.bit(AGENT), "all of them or none");
    labels.give(List.of(AGENT));
    assertEquals(1L << 63, labels.bit(AGENT));
    labels.give(many);
    assertThrows(NoLabelException.class, () -> labels.give(List.of(SECRETS)));
    assertEquals(List.of("agent"), new Labels(names, slots).names(1L << 63));
  }

  @Test
  void whatASlotMaySetStandsInTheKernelsMap() {
    labels.allow(200, 5);
    labels.allow(200, 6);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment key = arena.allocate(4, 4);
      key.set(java.lang.foreign.ValueLayout.JAVA_INT, 0, 200);
      MemorySegment value = arena.allocate(8, 8);
      slots.lookup(key, value);
      assertEquals(6, value.get(java.lang.foreign.ValueLayout.JAVA_LONG, 0));
    }
  }

  /** The kernel finds out by the slots which of the bits count for a task. */
  @Test
  void aVerdictHasTheBitsOfAllAndTheSlotsThatSetThem() {
    FakeBpfMap table = new FakeBpfMap(MapInfo.HASH, 8, Verdict.BYTES, 8);
    long[] secret = new long[VerdictKey.SECRET_WORDS];
    byte[] bytes = new byte[VerdictKey.BYTES];
    bytes[0] = 1;
    VerdictKey key = VerdictKey.of(bytes);
    SlotSet both = SlotSet.of(1).with(200);
    Verdict first = labelling(SlotSet.of(1), Map.of(1, 5L));
    Verdict second = labelling(SlotSet.of(200), Map.of(200, 8L));
    try (VerdictMap verdicts = new VerdictMap(table, secret)) {
      verdicts.merge(key, first, 1);
      Verdict merged = verdicts.merge(key, second, 1);
      assertEquals(Map.of(1, 5L, 200, 8L), merged.labels());
      assertEquals(both, merged.decided());
      ByteBuffer value =
          ByteBuffer.wrap(table.lookup(table.keys().getFirst()).orElseThrow())
              .order(ByteOrder.nativeOrder());
      assertEquals(13, value.getLong(EventLayouts.VERDICT.offset("labels")));
      assertEquals(2, value.getLong(EventLayouts.VERDICT.offset("label")));
      assertEquals(1 << 8, value.getLong(EventLayouts.VERDICT.offset("label") + 24));
      // A slot that says something else, and one that is taken out.
      assertEquals(
          Map.of(200, 8L), verdicts.merge(key, labelling(SlotSet.of(1), Map.of()), 1).labels());
      verdicts.forget(200, 2);
      assertEquals(Map.of(), verdicts.get(key).labels());
    }
  }

  /** A revision that has gone is in the verdict still, under names that the next one sets, too. */
  @Test
  void onlyThoseInForceSetLabelsOnceNobodyElseDecides() {
    FakeBpfMap table = new FakeBpfMap(MapInfo.HASH, 8, Verdict.BYTES, 8);
    byte[] bytes = new byte[VerdictKey.BYTES];
    bytes[0] = 1;
    VerdictKey key = VerdictKey.of(bytes);
    SlotSet cannot = SlotSet.of(9);
    try (VerdictMap verdicts = new VerdictMap(table, new long[VerdictKey.SECRET_WORDS])) {
      verdicts.merge(key, labelling(SlotSet.of(3), Map.of(3, 5L)), 1);
      verdicts.merge(
          key, new Verdict(SlotSet.of(4), SlotSet.NONE, SlotSet.NONE, cannot, 0, Map.of(4, 4L)), 2);
      verdicts.keepLabelsOf(SlotSet.of(4));
      assertEquals(Map.of(4, 4L), verdicts.get(key).labels());
      assertEquals(SlotSet.of(3).with(4), verdicts.get(key).decided());
      ByteBuffer value =
          ByteBuffer.wrap(table.lookup(table.keys().getFirst()).orElseThrow())
              .order(ByteOrder.nativeOrder());
      assertEquals(4, value.getLong(EventLayouts.VERDICT.offset("labels")));
      verdicts.forgetFailures(cannot);
      assertEquals(Map.of(4, 4L), verdicts.get(key).labels(), "of those who have answered");
    }
  }

  /** Without it who does the same again passes before the label is there. */
  @Test
  void aVerdictThatLabelsMakesRoomAfterThoseThatOnlyAllow() {
    FakeBpfMap table = new FakeBpfMap(MapInfo.HASH, 8, Verdict.BYTES, 2);
    try (VerdictMap verdicts = new VerdictMap(table, secret())) {
      verdicts.merge(key(1), labelling(SlotSet.of(1), Map.of(1, 5L)), 1);
      verdicts.merge(key(2), labelling(SlotSet.of(1), Map.of()), 1);
      verdicts.merge(key(3), labelling(SlotSet.of(1), Map.of()), 1);
      assertEquals(Map.of(1, 5L), verdicts.get(key(1)).labels());
    }
  }

  private static long[] secret() {
    long[] secret = new long[VerdictKey.SECRET_WORDS];
    for (int i = 0; i < secret.length; i++) {
      secret[i] = 0x9e3779b97f4a7c15L * (i + 1);
    }
    return secret;
  }

  private static VerdictKey key(int number) {
    byte[] bytes = new byte[VerdictKey.BYTES];
    bytes[0] = (byte) number;
    return VerdictKey.of(bytes);
  }

  @Test
  void somebodyMayHaveALabelOnceOneWasGivenOut() {
    assertEquals(false, labels.any());
    labels.give(List.of(AGENT));
    assertTrue(labels.any());
    assertTrue(new Labels(names, slots).any());
  }

  /** Of each slot all bits are read, since of those its own count. */
  @Test
  void anEngineThatStartsTakesTheLabelsOver() {
    FakeBpfMap table = new FakeBpfMap(MapInfo.HASH, 8, Verdict.BYTES, 8);
    long[] secret = new long[VerdictKey.SECRET_WORDS];
    byte[] bytes = new byte[VerdictKey.BYTES];
    bytes[0] = 1;
    VerdictKey key = VerdictKey.of(bytes);
    try (VerdictMap verdicts = new VerdictMap(table, secret)) {
      verdicts.merge(key, labelling(SlotSet.of(1).with(2), Map.of(2, 4L)), 1);
    }
    try (VerdictMap next = new VerdictMap(table, secret)) {
      assertEquals(Map.of(2, 4L), next.get(key).labels());
    }
  }

  private static Verdict labelling(SlotSet decided, Map<Integer, Long> labels) {
    return new Verdict(decided, SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, 0, labels);
  }
}
