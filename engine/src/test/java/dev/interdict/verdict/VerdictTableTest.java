package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.testkit.RecordBuilder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class VerdictTableTest {
  private static final SlotSet ONE = SlotSet.of(1);
  private static final SlotSet TWO = SlotSet.of(200);
  private static final SlotSet BOTH = ONE.or(TWO);
  private static final long SET = 7;

  private final FakeBpfMap verdicts = new FakeBpfMap(MapInfo.HASH, 8, Verdict.BYTES, 128);
  private final FakeBpfMap flows = new FakeBpfMap(MapInfo.HASH, 8, Verdict.BYTES, 128);
  private final EngineState state =
      new EngineState(new FakeBpfMap(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1));
  private final VerdictTable table = new VerdictTable(verdicts, flows, state);

  @Test
  void aVerdictIsInTheKernelsMapUnderTheDigestOfItsKey() {
    VerdictKey key = key(1);
    table.merge(key, new Verdict(BOTH, ONE, SlotSet.NONE, 99, 3), SET);
    ByteBuffer value = value(key);
    assertEquals(value.getLong(0), value.getLong(at("stamp_again")), "the stamp stands twice");
    byte[] named = new byte[VerdictKey.BYTES];
    value.get(at("key"), named);
    assertArrayEquals(key.bytes(), named);
    assertEquals(2, value.getLong(at("decided")));
    assertEquals(1L << (200 - 192), value.getLong(at("decided") + 24));
    assertEquals(2, value.getLong(at("deny")));
    assertEquals(0, value.getLong(at("kill")));
    assertEquals(99, value.getLong(at("expires_ns")));
    assertEquals(3, value.getInt(at("generation")));
  }

  @Test
  void eachWriteHasAnotherStamp() {
    VerdictKey key = key(1);
    table.merge(key, verdict(ONE, SlotSet.NONE), SET);
    long first = value(key).getLong(0);
    table.merge(key, verdict(TWO, SlotSet.NONE), SET);
    assertEquals(first + 1, value(key).getLong(0));
  }

  @Test
  void whatTwoSlotsSayIsMerged() {
    VerdictKey key = key(1);
    table.merge(key, verdict(ONE, ONE), SET);
    Verdict merged = table.merge(key, verdict(TWO, SlotSet.NONE), SET);
    assertEquals(verdict(BOTH, ONE), merged);
    assertEquals(merged, table.get(key));
    assertEquals(verdict(BOTH, SlotSet.NONE), table.merge(key, verdict(ONE, SlotSet.NONE), SET));
  }

  @Test
  void anotherGenerationIsNotMergedAndAnOlderOneIsIgnored() {
    VerdictKey key = key(1);
    table.merge(key, new Verdict(ONE, ONE, SlotSet.NONE, 4), SET);
    Verdict newer = new Verdict(TWO, SlotSet.NONE, SlotSet.NONE, 5);
    assertEquals(newer, table.merge(key, newer, SET));
    assertEquals(newer, table.merge(key, new Verdict(ONE, ONE, SlotSet.NONE, 4), SET));
  }

  @Test
  void anExpiredVerdictIsReplacedAndTheEarlierExpiryWins() {
    VerdictKey key = key(1);
    long now = BootClock.nowNs();
    table.merge(key, new Verdict(ONE, ONE, SlotSet.NONE, now - 1, 1), SET);
    assertEquals(verdict(TWO, TWO), table.merge(key, verdict(TWO, TWO), SET));
    Verdict late = new Verdict(ONE, SlotSet.NONE, SlotSet.NONE, now + 60_000_000_000L, 1);
    assertEquals(late.expiresNs(), table.merge(key, late, SET).expiresNs());
    assertEquals(late.expiresNs(), table.merge(key, verdict(TWO, TWO), SET).expiresNs());
  }

  @Test
  void nothingIsWrittenTwice() {
    table.merge(key(1), verdict(ONE, ONE), SET);
    table.merge(key(1), verdict(ONE, ONE), SET);
    assertEquals(1, verdicts.writes());
  }

  @Test
  void packetsHaveATableOfTheirOwn() {
    VerdictKey packet = VerdictKey.of(RecordBuilder.of(Hook.XDP_INGRESS).facts());
    table.merge(packet, verdict(ONE, ONE), SET);
    assertEquals(0, table.verdicts());
    assertEquals(1, table.flows());
    assertEquals(1, flows.size());
  }

  @Test
  void aFullTableDropsTheOldestThatAllowsFirst() {
    table.merge(key(0), verdict(ONE, ONE), SET);
    for (int i = 1; i <= 1000; i++) {
      table.merge(key(i), verdict(ONE, SlotSet.NONE), SET);
    }
    assertEquals(verdicts.size(), table.verdicts());
    assertNotNull(table.get(key(0)), "it denies");
    assertNull(table.get(key(1)));
    assertNotNull(table.get(key(1000)));
    assertEquals(1001 - table.verdicts(), table.evicted());
    for (int i = 1001; i <= 2000; i++) {
      table.merge(key(i), verdict(ONE, ONE), SET);
    }
    assertEquals(verdicts.size(), table.verdicts());
    assertNull(table.get(key(0)), "nothing else was left to drop");
  }

  @Test
  void aForgottenSlotIsInNoVerdictAndOldPolicySetsCannotBringItBack() {
    table.merge(key(1), verdict(BOTH, BOTH), SET);
    table.merge(key(2), verdict(ONE, ONE), SET);
    table.forget(1, SET + 1);
    assertEquals(verdict(TWO, TWO), table.get(key(1)));
    assertEquals(0, value(key(1)).getLong(at("deny")));
    assertNull(table.get(key(2)));
    assertEquals(verdict(TWO, TWO), table.merge(key(2), verdict(BOTH, BOTH), SET));
    assertEquals(verdict(BOTH, BOTH), table.merge(key(2), verdict(ONE, ONE), SET + 1));
  }

  @Test
  void verdictsOfAnotherMaskSetAreDropped() {
    VerdictKey old = key(1);
    VerdictKey now = VerdictKey.of(RecordBuilder.of(Hook.EXEC).fact("mask_set", 2).facts());
    table.merge(old, verdict(ONE, ONE), SET);
    table.merge(now, verdict(ONE, ONE), SET);
    table.retain(2);
    assertNull(table.get(old));
    assertNotNull(table.get(now));
    assertEquals(1, verdicts.size());
  }

  @Test
  void aNewEngineKnowsWhatTheKernelHas() {
    Verdict verdict = new Verdict(BOTH, ONE, ONE, 0, 3);
    table.merge(key(1), verdict, SET);
    try (VerdictTable next = new VerdictTable(verdicts, flows, state)) {
      assertEquals(verdict, next.get(key(1)));
      next.clear();
      assertEquals(0, verdicts.size());
    }
  }

  @Test
  void whoCannotAnswerIsDeniedAndNotDecidedInTheKernelUntilItDoes() {
    VerdictKey key = key(1);
    table.merge(key, new Verdict(TWO, SlotSet.NONE, SlotSet.NONE, ONE, 0, 1), SET);
    assertEquals(2, value(key).getLong(at("deny")));
    assertEquals(0, value(key).getLong(at("decided")));
    try (VerdictTable next = new VerdictTable(verdicts, flows, state)) {
      assertEquals(ONE, next.get(key).cannot());
      assertEquals(SlotSet.NONE, next.get(key).deny());
    }
    table.merge(key, verdict(ONE, ONE), SET);
    assertEquals(verdict(BOTH, ONE), table.get(key));
    table.merge(key(2), new Verdict(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, ONE, 0, 1), SET);
    table.forget(1, SET + 1);
    assertNull(table.get(key(2)), "it says nothing any more");
  }

  private static Verdict verdict(SlotSet decided, SlotSet deny) {
    return new Verdict(decided, deny, SlotSet.NONE, 1);
  }

  private static VerdictKey key(int uid) {
    return VerdictKey.of(RecordBuilder.of(Hook.EXEC).uid(uid).fact("mask_set", 1).facts());
  }

  private ByteBuffer value(VerdictKey key) {
    byte[] digest =
        ByteBuffer.allocate(8)
            .order(ByteOrder.nativeOrder())
            .putLong(key.digest(state.digestSecret()))
            .array();
    return ByteBuffer.wrap(verdicts.lookup(digest).orElseThrow()).order(ByteOrder.nativeOrder());
  }

  private static int at(String field) {
    return EventLayouts.VERDICT.offset(field);
  }
}
