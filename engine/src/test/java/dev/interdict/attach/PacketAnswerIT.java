package dev.interdict.attach;

import static dev.interdict.attach.PacketKernel.BIT;
import static dev.interdict.attach.PacketKernel.DROP;
import static dev.interdict.attach.PacketKernel.PASS;
import static dev.interdict.attach.PacketKernel.SECOND;
import static dev.interdict.attach.PacketKernel.SLOT;
import static dev.interdict.attach.PacketKernel.TIMING;
import static dev.interdict.attach.PacketKernel.consume;
import static dev.interdict.attach.PacketKernel.frame;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.engine.BreakGlass;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.testkit.Bpffs;
import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.Packets;
import dev.interdict.verdict.Posture;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What the posture makes of a verdict, and what the kernel says to a packet without one. */
@Tag("native")
@ExtendWith(FdLeaks.class)
class PacketAnswerIT {
  @RegisterExtension final Bpffs bpffs = new Bpffs();

  private PacketKernel kernel;

  @BeforeEach
  void attach() {
    kernel = new PacketKernel(bpffs.pins());
  }

  @AfterEach
  void detach() {
    kernel.close();
  }

  @Test
  void aSlotThatIsActiveElsewhereHasNoSay() {
    kernel.use(true, false);
    kernel.deny(frame());
    assertEquals(DROP, kernel.answer(frame()));
    kernel.use(
        TIMING,
        new Posture.Slot(SLOT, Set.of(Hook.EXEC), true, true, false, false, false, Set.of()));
    assertEquals(PASS, kernel.answer(frame()));
    assertEquals(1, kernel.counted("uncovered"));
  }

  /** The kernel's clock alone. */
  @Test
  void aLeaseEndsByItself() {
    lease(BootClock.nowNs() + Duration.ofHours(1).toNanos());
    kernel.deny(frame());
    assertEquals(DROP, kernel.answer(frame()));
    lease(1);
    assertEquals(PASS, kernel.answer(frame()));
    assertEquals(1, kernel.counted("would_deny"));
    lease(0);
    assertEquals(DROP, kernel.answer(frame()), "confirmed");
  }

  private void lease(long endNs) {
    kernel.postures.use(
        () ->
            new Posture(
                List.of(PacketKernel.slot(SLOT, true, false)),
                TIMING,
                new Posture.Lapse(endNs, SlotSet.NONE)),
        PacketKernel.masks(PacketKernel.READS));
  }

  @Test
  void withTheGlassBrokenNothingIsRefusedForAWhile(@TempDir Path state) throws Exception {
    kernel.use(true, false);
    kernel.deny(frame());
    assertEquals(DROP, kernel.answer(frame()));
    BreakGlass glass = new BreakGlass(bpffs.pins(), state);
    assertNull(glass.open(Duration.ofHours(1), "somebody", "a test").notNoted());
    assertEquals(PASS, kernel.answer(frame()));
    assertEquals(1, kernel.counted("would_deny"));
    assertNull(glass.open(Duration.ZERO, "somebody", "a test").notNoted());
    assertEquals(DROP, kernel.answer(frame()));
    assertNull(glass.open(Duration.ofNanos(1), "somebody", "a test").notNoted());
    assertEquals(DROP, kernel.answer(frame()), "it has ended");
  }

  @Test
  void aTrippedSlotRefusesNothing() {
    kernel.use(true, false);
    kernel.deny(frame());
    trip(BIT);
    assertEquals(PASS, kernel.answer(frame()));
    assertEquals(1, kernel.counted("would_deny"));
    kernel.budgets.reset(SLOT);
    assertEquals(DROP, kernel.answer(frame()));
  }

  private void trip(SlotSet slots) {
    ByteBuffer mask = ByteBuffer.allocate(32).order(ByteOrder.nativeOrder());
    slots.forEach(
        slot -> mask.putLong(slot / 64 * 8, mask.getLong(slot / 64 * 8) | 1L << slot % 64));
    kernel.hooks.map("tripped").update(new byte[4], mask.array());
  }

  /** Four sources of a network count; whoever has settled cannot be disarmed. */
  @Test
  void aBudgetCountsSourcesByNetworkAndOnceSettledRaisesTheAlarm() {
    kernel.use(true, false);
    kernel.budgets.set(SLOT, 5, Duration.ofDays(1), null, true);
    for (int host = 1; host <= 9; host++) {
      assertEquals(DROP, denied("10.1.1." + host));
    }
    assertEquals(DROP, denied("10.1.2.1"));
    assertEquals(DROP, kernel.answer(from("10.1.2.1")), "counted already");
    assertEquals(SlotSet.NONE, kernel.budgets.tripped());
    assertEquals(PASS, denied("10.1.3.1"), "the sixth");
    assertEquals(1, kernel.counters.slot(SLOT).get("would_deny"));
    assertEquals(BIT, kernel.budgets.tripped());
    assertEquals(PASS, kernel.answer(from("10.1.1.1")), "it only records now");

    kernel.budgets.reset(SLOT);
    kernel.budgets.set(SLOT, 1, Duration.ofDays(1), Duration.ZERO, true);
    assertEquals(DROP, denied("fd77:0:1::2"));
    assertEquals(DROP, denied("fd77:0:2::2"));
    assertEquals(DROP, denied("fd77:0:3::2"));
    assertEquals(SlotSet.NONE, kernel.budgets.tripped());
    assertEquals(BIT, kernel.budgets.alarmed());
    assertEquals(1, kernel.counters.slot(SLOT).get("tripped"));
    assertEquals(1, kernel.counters.slot(SLOT).get("alarms"));
  }

  /** As many again in the next window; none is like the one before. */
  @Test
  void aBudgetIsWholeAgainInTheNextWindow() throws InterruptedException {
    kernel.use(true, false);
    Duration window = Duration.ofSeconds(1);
    kernel.budgets.set(SLOT, 1, window, null, true);
    for (int network = 1; network <= 3; network++) {
      assertEquals(DROP, denied("10.1." + network + ".1"));
      Thread.sleep(window.plusMillis(100));
    }
    assertEquals(SlotSet.NONE, kernel.budgets.tripped());
  }

  /** Who has answered is not asked again. */
  @Test
  void onlyWhoIsUndecidedIsAsked() throws InterruptedException {
    kernel.use(TIMING, PacketKernel.slot(SLOT, true, true), PacketKernel.slot(SECOND, true, true));
    VerdictKey key = kernel.keyOf(frame());
    kernel.table.merge(key, PacketKernel.verdict(SlotSet.NONE), 1);
    Thread.sleep(150); // of a flow there is one question in a tenth of a second
    assertEquals(DROP, kernel.answer(frame()));
    assertEquals(SlotSet.of(SECOND), consume(kernel.packets).getFirst().head().asked());
  }

  private int denied(String source) {
    kernel.deny(from(source));
    return kernel.answer(from(source));
  }

  private static byte[] from(String source) {
    String to = source.contains(":") ? "fd77::1" : PacketKernel.DESTINATION;
    return Packets.udp(source, 1234, to, PacketKernel.PORT);
  }

  /** A flood must not become one of records; the counters count all. */
  @Test
  void aFlowLeavesOneRecordInATenthOfASecond() {
    kernel.use(true, false);
    kernel.deny(frame());
    int packets = 10_000;
    long start = System.nanoTime();
    assertEquals(DROP, kernel.answer(frame(), packets));
    long tenths = (System.nanoTime() - start) / 100_000_000;
    List<Event> records = consume(kernel.observe);
    assertTrue(!records.isEmpty() && records.size() <= 1 + tenths, records.size() + " records");
    assertTrue(RecordFlag.REFUSED.in(records.getFirst().head().flags()));
    assertEquals(packets, kernel.counted("denied"));
    assertEquals(packets, kernel.counters.slot(SLOT).get("denied"));
  }

  /** So that one attempt is not told twice, and nobody's denial is forgotten. */
  @Test
  void aQuestionSaysWhetherItsAttemptIsToldAndWhatBecameOfIt() throws InterruptedException {
    kernel.use(
        TIMING, PacketKernel.slot(SLOT, false, false), PacketKernel.slot(SECOND, true, false));
    VerdictKey key = kernel.keyOf(frame());
    kernel.table.merge(key, PacketKernel.verdict(BIT), 1);
    Event.Head head = question(PASS);
    assertEquals(RecordFlag.TOLD.bit(), head.flags());
    assertEquals(SlotSet.NONE, head.refused());
    assertEquals(BIT, head.would(), "which is counted");
    assertEquals(1, consume(kernel.observe).size());
    kernel.use(
        TIMING, PacketKernel.slot(SLOT, true, false), PacketKernel.slot(SECOND, true, false));
    head = question(DROP);
    assertEquals(RecordFlag.TOLD.bit() | RecordFlag.REFUSED.bit(), head.flags());
    assertEquals(SlotSet.of(SECOND), head.refused());
    assertEquals(SlotSet.NONE, head.would());
  }

  @Test
  void whoFallsBackIsTold() throws InterruptedException {
    kernel.use(true, true);
    assertEquals(RecordFlag.HELD.bit(), question(DROP).flags());
    kernel.state.stop();
    Event.Head head = question(PASS);
    assertEquals(RecordFlag.TOLD.bit(), head.flags());
    kernel.use(
        TIMING,
        new Posture.Slot(SLOT, Set.of(Hook.XDP_INGRESS), true, true, true, false, true, Set.of()));
    assertEquals(RecordFlag.TOLD.bit() | RecordFlag.REFUSED.bit(), question(DROP).flags());
    kernel.use(
        TIMING,
        new Posture.Slot(SLOT, Set.of(Hook.XDP_INGRESS), true, true, false, false, true, Set.of()),
        PacketKernel.slot(SECOND, true, true));
    head = question(PASS);
    assertEquals(RecordFlag.TOLD.bit(), head.flags(), "who does not wait does not fall back");
    assertEquals(SlotSet.NONE, head.refused());
    kernel.use(false, true);
    assertEquals(0, question(PASS).flags(), "in audit there is nothing to fall back from");
  }

  /** Of a packet that is answered so, when there may be a question about its flow again. */
  private Event.Head question(int answer) throws InterruptedException {
    Thread.sleep(150);
    consume(kernel.packets);
    assertEquals(answer, kernel.answer(frame()));
    List<Event> asked = consume(kernel.packets);
    assertEquals(1, asked.size());
    return asked.getFirst().head();
  }

  @Test
  void withoutAHeartbeatNothingIsHeld() {
    kernel.use(true, true);
    assertEquals(DROP, kernel.answer(frame()));
    kernel.state.stop(); // from now on the host's own packets are answered by the fallback, too
    assertEquals(PASS, kernel.answer(frame()), "fallback: allow");
    assertTrue(kernel.counted("stale") >= 1);
    kernel.use(
        TIMING,
        new Posture.Slot(SLOT, Set.of(Hook.XDP_INGRESS), true, true, true, false, true, Set.of()));
    assertEquals(DROP, kernel.answer(frame()), "fallback: deny");
    assertTrue(kernel.counters.slot(SLOT).get("denied") >= 1);
    assertTrue(kernel.counters.slot(SLOT).get("fallback") >= 2);
    kernel.use(
        TIMING,
        PacketKernel.slot(SLOT, true, true),
        new Posture.Slot(
            SECOND, Set.of(Hook.XDP_INGRESS), true, false, true, false, true, Set.of()));
    assertEquals(PASS, kernel.answer(frame()), "in audit nobody's fallback refuses");
    assertEquals(0, kernel.counters.slot(SECOND).get("fallback"));
  }

  /** Nobody waits for what will not come, and nobody is asked for it again. */
  @Test
  void aSlotThatCannotAnswerGetsItsFallbackAtOnce() throws InterruptedException {
    kernel.use(true, true);
    VerdictKey key = kernel.keyOf(frame());
    SlotSet none = SlotSet.NONE;
    kernel.table.merge(key, new Verdict(none, none, none, BIT, 0), 1);
    Thread.sleep(150); // of a flow there is one question in a tenth of a second
    assertEquals(PASS, kernel.answer(frame()), "fallback: allow");
    assertEquals(1, kernel.counted("cannot"));
    assertEquals(List.of(), consume(kernel.packets));
    kernel.use(
        TIMING,
        new Posture.Slot(SLOT, Set.of(Hook.XDP_INGRESS), true, true, true, false, true, Set.of()));
    assertEquals(DROP, kernel.answer(frame()), "fallback: deny");
    assertEquals(2, kernel.counted("cannot"));
  }

  /** Whose packets come again and again while nobody decides gets the fallback in the end. */
  @Test
  void aFlowIsHeldNoLongerThanTheDeadline() throws InterruptedException {
    Posture.Timing timing =
        new Posture.Timing(TIMING.poll(), TIMING.patience(), Duration.ofSeconds(2), TIMING.stale());
    kernel.use(timing, PacketKernel.slot(SLOT, true, true));
    assertEquals(DROP, kernel.answer(frame()));
    int answer = DROP;
    for (int i = 0; i < 1000 && answer == DROP; i++) {
      Thread.sleep(20);
      answer = kernel.answer(frame());
    }
    assertEquals(PASS, answer);
    assertTrue(kernel.counted("gave_up") >= 1); // the host's own packets are held, too
    Event record = consume(kernel.observe).getFirst();
    assertTrue(RecordFlag.FALLBACK.in(record.head().flags()));
    assertEquals(BIT, record.head().asked());
  }
}
