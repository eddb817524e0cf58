package dev.interdict.attach;

import static dev.interdict.attach.PacketKernel.BIT;
import static dev.interdict.attach.PacketKernel.DROP;
import static dev.interdict.attach.PacketKernel.PASS;
import static dev.interdict.attach.PacketKernel.PORT;
import static dev.interdict.attach.PacketKernel.SLOT;
import static dev.interdict.attach.PacketKernel.TIMING;
import static dev.interdict.attach.PacketKernel.frame;
import static dev.interdict.attach.PacketKernel.slot;
import static dev.interdict.attach.PacketKernel.verdict;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Event;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.testkit.Bpffs;
import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.Packets;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Posture;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** From packet to verdict and back, in the kernel: which verdicts count. */
@Tag("native")
@ExtendWith(FdLeaks.class)
class PacketVerdictIT {
  private static final byte[] OTHER = Packets.udp("10.77.0.3", 1234, "10.77.0.1", PORT);

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
  void anIpv4FlowIsDroppedFromItsVerdictOnAndAnotherIsNot() {
    flowIsDropped("10.77.0.1", "10.77.0.2");
  }

  @Test
  void anIpv6FlowIsDroppedFromItsVerdictOnAndAnotherIsNot() {
    flowIsDropped("fd77::1", "fd77::2");
  }

  private void flowIsDropped(String here, String there) {
    kernel.use(true, false);
    try (DatagramSocket socket = kernel.net.here(() -> bind(here))) {
      assertTrue(arrives(socket, here, PORT), "nothing is known: onMiss allow");
      Event.PacketEvent event = kernel.asked(there);
      assertEquals(BIT, event.head().asked());
      assertEquals(PORT, event.destinationPort());
      kernel.table.merge(VerdictKey.of(event.head().key()), verdict(BIT), 1);
      assertFalse(arrives(socket, here, PORT), "the verdict denies");
      Event.Head head = PacketKernel.consume(kernel.observe).getFirst().head();
      assertTrue(RecordFlag.REFUSED.in(head.flags()));
      assertEquals(BIT, head.refused());
      kernel.use(false, false);
      assertTrue(arrives(socket, here, PORT), "audit: the same verdict, not enforced");
      kernel.use(true, false);
      kernel.table.merge(VerdictKey.of(event.head().key()), verdict(SlotSet.NONE), 1);
      assertTrue(arrives(socket, here, PORT), "the verdict allows");
      assertEquals(1, kernel.counters.slot(SLOT).get("denied"));
      assertEquals(1, kernel.counters.slot(SLOT).get("would_deny"));
      assertEquals(3, kernel.counted("hits"));
    }
  }

  @Test
  void aHeldFlowIsDroppedUntilItIsDecided() {
    kernel.use(true, true);
    assertEquals(DROP, kernel.answer(frame()));
    Event.PacketEvent event = kernel.asked("10.77.0.2");
    assertTrue(RecordFlag.HELD.in(event.head().flags()));
    assertEquals(BIT, event.head().refused(), "who refuses if it denies");
    kernel.table.merge(VerdictKey.of(event.head().key()), verdict(SlotSet.NONE), 1);
    assertEquals(PASS, kernel.answer(frame()));
  }

  /** An entry has the answers of those who have decided; the others are asked and waited for. */
  @Test
  void aVerdictMustSpeakForThoseWhoHaveDecidedAndWhomItCovers() {
    int elsewhere = 1;
    SlotSet both = BIT.with(elsewhere);
    kernel.use(TIMING, slot(SLOT, true, true), slot(elsewhere, true, true));
    VerdictKey key = kernel.keyOf(frame());
    kernel.table.merge(key, new Verdict(SlotSet.of(elsewhere), SlotSet.NONE, SlotSet.NONE), 1);
    assertEquals(DROP, kernel.answer(frame()), "undecided");
    kernel.table.merge(key, new Verdict(both, SlotSet.of(elsewhere), SlotSet.NONE), 1);
    assertEquals(PASS, kernel.answer(frame()), "denied by a policy of another interface");
  }

  /** What policies read of programs says nothing about packets. */
  @Test
  void newMasksOfAnotherHookLeaveVerdictsAsTheyAre() {
    kernel.use(true, false);
    kernel.deny(frame());
    long hits = kernel.counted("hits"); // misses are also what the host sends by itself
    Map<Hook, KeyMask> masks = new EnumMap<>(PacketKernel.masks(PacketKernel.READS));
    masks.put(Hook.EXEC, KeyMask.of(Hook.EXEC, new ReadSet(Set.of("file.path"))));
    Map<Hook, Integer> maskSets =
        kernel.postures.use(
            () -> new Posture(List.of(PacketKernel.slot(SLOT, true, false)), TIMING), masks);
    kernel.table.retain(maskSets);
    assertEquals(DROP, kernel.answer(frame()));
    assertEquals(hits + 1, kernel.counted("hits"), "the verdict still answers");
  }

  /** A key of another mask set is another key: what was said under the old masks is no answer. */
  @Test
  void newMasksMakeOldVerdictsMisses() {
    kernel.use(true, false);
    kernel.deny(frame());
    assertEquals(DROP, kernel.answer(frame()));
    Map<Hook, Integer> maskSets =
        kernel.postures.use(
            () -> new Posture(List.of(PacketKernel.slot(SLOT, true, false)), TIMING),
            PacketKernel.masks(new ReadSet(Set.of("packet.protocol"))));
    VerdictKey key = kernel.keyOf(frame());
    assertEquals(maskSets.get(Hook.XDP_INGRESS), key.maskSet());
    kernel.table.retain(maskSets);
    assertEquals(0, kernel.table.flows());
  }

  /**
   * The tables are found by a digest; two keys of one digest must never be taken for each other.
   */
  @Test
  void aVerdictAboutAnotherKeyIsNoAnswer() {
    kernel.use(true, false);
    kernel.deny(frame());
    KernelMap flows = kernel.hooks.map("flows");
    byte[] denied = flows.keys().getFirst();
    kernel.table.merge(kernel.keyOf(OTHER), verdict(SlotSet.NONE), 1);
    byte[] allowed =
        flows.keys().stream().filter(k -> !Arrays.equals(k, denied)).findFirst().orElseThrow();
    long hits = kernel.counted("hits");
    flows.update(allowed, flows.lookup(denied).orElseThrow());
    assertEquals(PASS, kernel.answer(OTHER));
    assertEquals(hits, kernel.counted("hits"));
    assertEquals(DROP, kernel.answer(frame()));
  }

  /** As a program finds it that reads while the entry is written anew. */
  @Test
  void aVerdictWhoseStampsDifferIsNoAnswer() {
    kernel.use(true, false);
    kernel.deny(frame());
    KernelMap flows = kernel.hooks.map("flows");
    byte[] digest = flows.keys().getFirst();
    byte[] torn = flows.lookup(digest).orElseThrow();
    torn[EventLayouts.VERDICT.offset("stamp_again")] ^= 1;
    flows.update(digest, torn);
    assertEquals(PASS, kernel.answer(frame()));
    torn[EventLayouts.VERDICT.offset("stamp_again")] ^= 1;
    flows.update(digest, torn);
    assertEquals(DROP, kernel.answer(frame()));
  }

  @Test
  void aVerdictThatHasExpiredIsNoAnswer() {
    kernel.use(true, false);
    VerdictKey key = kernel.deny(frame());
    long now = BootClock.nowNs();
    kernel.table.merge(key, new Verdict(BIT, BIT, SlotSet.NONE, now + 3_600_000_000_000L), 1);
    assertEquals(DROP, kernel.answer(frame()));
    KernelMap flows = kernel.hooks.map("flows");
    byte[] digest = flows.keys().getFirst();
    byte[] value = flows.lookup(digest).orElseThrow();
    ByteBuffer.wrap(value)
        .order(ByteOrder.nativeOrder())
        .putLong(EventLayouts.VERDICT.offset("expires_ns"), now);
    flows.update(digest, value);
    assertEquals(PASS, kernel.answer(frame()));
  }

  private static DatagramSocket bind(String address) throws IOException {
    DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address, PORT));
    socket.setSoTimeout(300);
    return socket;
  }

  /** Whether one datagram sent from the other side comes through. */
  private boolean arrives(DatagramSocket socket, String to, int port) {
    byte[] bytes = "hello".getBytes(UTF_8);
    return kernel.net.there(
        () -> {
          try (DatagramSocket sender = new DatagramSocket()) {
            sender.send(new DatagramPacket(bytes, bytes.length, InetAddress.getByName(to), port));
          }
          try {
            socket.receive(new DatagramPacket(new byte[16], 16));
            return true;
          } catch (SocketTimeoutException e) {
            return false;
          }
        });
  }
}
