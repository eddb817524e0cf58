package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.testkit.RecordBuilder;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
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
    table.merge(key, new Verdict(BOTH, ONE, SlotSet.NONE, 99), SET);
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
  void anExpiredVerdictIsReplacedAndTheEarlierExpiryWins() {
    VerdictKey key = key(1);
    long now = BootClock.nowNs();
    table.merge(key, new Verdict(ONE, ONE, SlotSet.NONE, now - 1), SET);
    assertEquals(verdict(TWO, TWO), table.merge(key, verdict(TWO, TWO), SET));
    Verdict late = new Verdict(ONE, SlotSet.NONE, SlotSet.NONE, now + 60_000_000_000L);
    assertEquals(late.expiresNs(), table.merge(key, late, SET).expiresNs());
    assertEquals(late.expiresNs(), table.merge(key, verdict(TWO, TWO), SET).expiresNs());
    Verdict soon = new Verdict(TWO, SlotSet.NONE, SlotSet.NONE, now + 30_000_000_000L);
    assertEquals(soon.expiresNs(), table.merge(key, soon, SET).expiresNs());
    assertEquals(soon.expiresNs(), table.merge(key, late, SET).expiresNs());
  }

  @Test
  void whatTheKernelHasLostIsWrittenAgain() {
    table.merge(key(1), verdict(ONE, ONE), SET);
    verdicts.delete(digest(key(1)));
    table.merge(key(1), table.get(key(1)), SET);
    assertEquals(2, value(key(1)).getLong(at("deny")));
  }

  @Test
  void aKeyThatAnotherOfItsDigestPushesOutIsGoneFromBoth() {
    VerdictTable one = new VerdictTable(verdicts, flows, withoutSecret());
    assertEquals(key(1).digest(withoutSecret().digestSecret()), 0, "all digests are the same");
    one.merge(key(1), verdict(ONE, ONE), SET);
    one.merge(key(2), verdict(TWO, SlotSet.NONE), SET);
    assertNull(one.get(key(1)), "the kernel has it no more");
    assertEquals(verdict(TWO, SlotSet.NONE), one.get(key(2)));
    assertEquals(1, one.verdicts());
    assertEquals(1, verdicts.size());
    assertEquals(1, one.collided());
    one.merge(key(1), verdict(ONE, ONE), SET);
    assertEquals(verdict(ONE, ONE), one.get(key(1)), "and nothing of the other's");
    one.forget(1, SET + 1);
    assertEquals(0, verdicts.size());
  }

  @Test
  void onlyWhoHasDecidedDeniesAndOnlyWhoDeniesKills() {
    Verdict verdict = new Verdict(ONE, BOTH, BOTH);
    assertEquals(ONE, verdict.deny());
    assertEquals(ONE, verdict.kill());
    assertEquals(SlotSet.NONE, new Verdict(BOTH, SlotSet.NONE, BOTH).kill());
  }

  @Test
  void aVerdictThatDecidesNothingIsNotWritten() {
    table.merge(key(1), verdict(SlotSet.NONE, SlotSet.NONE), SET);
    assertEquals(0, verdicts.writes());
  }

  @Test
  void aWriteThatFailsChangesNothing() {
    table.merge(key(1), verdict(ONE, SlotSet.NONE), SET);
    verdicts.failAfter(0);
    assertThrows(BpfException.class, () -> table.merge(key(1), verdict(ONE, ONE), SET));
    assertEquals(verdict(ONE, SlotSet.NONE), table.get(key(1)));
    verdicts.failAfter(1);
    table.merge(key(1), verdict(ONE, ONE), SET);
    assertEquals(2, value(key(1)).getLong(at("deny")));
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
  void aForgottenSlotIsInNoVerdictOnPackets() {
    VerdictKey packet = VerdictKey.of(RecordBuilder.of(Hook.XDP_INGRESS).facts());
    table.merge(packet, verdict(BOTH, BOTH), SET);
    table.forget(1, SET + 1);
    assertEquals(verdict(TWO, TWO), table.get(packet));
    assertEquals(verdict(TWO, TWO), table.merge(packet, verdict(ONE, ONE), SET));
  }

  @Test
  void verdictsOfAnotherMaskSetAreDroppedOfProcessesAndPackets() {
    VerdictKey packet = VerdictKey.of(RecordBuilder.of(Hook.XDP_INGRESS).facts());
    table.merge(key(1), verdict(ONE, ONE), SET);
    table.merge(key(1, 2), verdict(ONE, ONE), SET);
    table.merge(packet, verdict(ONE, ONE), SET);
    VerdictKey open = VerdictKey.of(RecordBuilder.of(Hook.FILE_OPEN).facts());
    table.merge(open, verdict(ONE, ONE), SET);
    table.retain(Map.of(Hook.EXEC, 2, Hook.XDP_INGRESS, 1, Hook.FILE_OPEN, 0));
    assertNull(table.get(key(1)));
    assertNull(table.get(packet));
    assertNotNull(table.get(open), "nothing has changed there");
    assertFalse(table.isCurrent(key(1)));
    assertTrue(table.isCurrent(open));
    assertNotNull(table.get(key(1, 2)));
    assertEquals(2, verdicts.size());
    assertEquals(0, flows.size());
  }

  /** Who waits for it still gets it; then nobody asks for it any more. */
  @Test
  void whatComesLateOfAnOldMaskSetMakesRoomFirst() {
    table.retain(Map.of(Hook.EXEC, 2));
    for (int i = 0; i < 127; i++) {
      table.merge(key(i, 2), verdict(ONE, SlotSet.NONE), SET);
    }
    table.merge(key(0, 1), verdict(ONE, ONE), SET);
    assertNotNull(table.get(key(0, 1)));
    table.merge(key(127, 2), verdict(ONE, SlotSet.NONE), SET);
    assertNull(table.get(key(0, 1)), "although it denies");
    assertNotNull(table.get(key(1, 2)));
  }

  /** A merge that comes while a slot is taken out of a full table need not wait for its end. */
  @Test
  void whoDecidesGetsInBetween() throws Exception {
    FakeBpfMap large = new FakeBpfMap(MapInfo.HASH, 8, Verdict.BYTES, 4096);
    VerdictTable full = new VerdictTable(large, flows, state);
    for (int i = 0; i < 4000; i++) {
      full.merge(key(i), verdict(BOTH, ONE), SET);
    }
    AtomicInteger before = new AtomicInteger();
    Thread decider =
        new Thread(
            () -> {
              full.merge(key(5000), verdict(TWO, TWO), SET);
              before.set(large.writes());
            });
    large.beforeWrite(
        4000 + 100,
        () -> {
          decider.start();
          await(decider);
        });
    full.forget(1, SET + 1);
    decider.join();
    assertTrue(before.get() < 4000 + 300, before.get() + " writes before the decider's");
    assertEquals(verdict(TWO, SlotSet.NONE), full.get(key(3999)));
    assertEquals(verdict(TWO, TWO), full.get(key(5000)));
  }

  private static void await(Thread thread) {
    while (thread.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aNewEngineKnowsWhatTheKernelHas() {
    Verdict verdict = new Verdict(BOTH, ONE, ONE);
    table.merge(key(1), verdict, SET);
    try (VerdictTable next = new VerdictTable(verdicts, flows, state)) {
      assertEquals(verdict, next.get(key(1)));
      next.retain(Map.of(Hook.EXEC, 2));
      assertEquals(0, verdicts.size());
    }
  }

  @Test
  void whoCannotAnswerIsDeniedAndNotDecidedInTheKernelUntilItDoes() {
    VerdictKey key = key(1);
    table.merge(key, new Verdict(TWO, SlotSet.NONE, SlotSet.NONE, ONE, 0), SET);
    assertEquals(2, value(key).getLong(at("deny")));
    assertEquals(0, value(key).getLong(at("decided")));
    try (VerdictTable next = new VerdictTable(verdicts, flows, state)) {
      assertEquals(ONE, next.get(key).cannot());
      assertEquals(SlotSet.NONE, next.get(key).deny());
    }
    table.merge(key, verdict(ONE, ONE), SET);
    assertEquals(verdict(BOTH, ONE), table.get(key));
    table.merge(key(2), new Verdict(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE, ONE, 0), SET);
    table.forget(1, SET + 1);
    assertNull(table.get(key(2)), "it says nothing any more");
  }

  private static Verdict verdict(SlotSet decided, SlotSet deny) {
    return new Verdict(decided, deny, SlotSet.NONE);
  }

  private static VerdictKey key(int uid) {
    return key(uid, 1);
  }

  private static VerdictKey key(int uid, int maskSet) {
    return VerdictKey.of(RecordBuilder.of(Hook.EXEC).uid(uid).fact("mask_set", maskSet).facts());
  }

  private byte[] digest(VerdictKey key) {
    return ByteBuffer.allocate(8)
        .order(ByteOrder.nativeOrder())
        .putLong(key.digest(state.digestSecret()))
        .array();
  }

  private ByteBuffer value(VerdictKey key) {
    return ByteBuffer.wrap(verdicts.lookup(digest(key)).orElseThrow())
        .order(ByteOrder.nativeOrder());
  }

  /** A page whose secret is drawn already, as zeros. */
  private static EngineState withoutSecret() {
    FakeBpfMap map = new FakeBpfMap(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1);
    map.memory().set(ValueLayout.JAVA_LONG, EventLayouts.ENGINE_STATE.offset("hash_key"), 1);
    return new EngineState(map);
  }

  private static int at(String field) {
    return EventLayouts.VERDICT.offset(field);
  }
}
