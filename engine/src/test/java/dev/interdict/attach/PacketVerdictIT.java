package dev.interdict.attach;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Event;
import dev.interdict.event.EventDecoder;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfLink;
import dev.interdict.libbpf.BpfProgram;
import dev.interdict.libbpf.Interfaces;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.testkit.Bpffs;
import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.Net;
import dev.interdict.testkit.Packets;
import dev.interdict.testkit.TestObject;
import dev.interdict.verdict.Budgets;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.KernelCounters;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Posture;
import dev.interdict.verdict.Postures;
import dev.interdict.verdict.Scopes;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** From packet to verdict and back, in the kernel, between two network namespaces. */
@Tag("native")
@ExtendWith(FdLeaks.class)
class PacketVerdictIT {
  private static final int SLOT = 200;
  private static final SlotSet BIT = SlotSet.of(SLOT);
  private static final int PORT = 9999;
  private static final int XDP_DROP = 1;
  private static final int XDP_PASS = 2;
  private static final ReadSet READS =
      new ReadSet(Set.of("packet.source.address", "packet.destination.port"));

  @RegisterExtension final Bpffs bpffs = new Bpffs();

  private Net net;
  private Pins pins;
  private HookSet hooks;
  private EngineState state;
  private Postures postures;
  private VerdictTable table;
  private RingBuffer packets;
  private RingBuffer observe;
  private BpfProgram program;
  private int index;

  @BeforeEach
  void attach() {
    net = new Net();
    pins = new Pins(bpffs.pins());
    net.here(
        () -> {
          hooks = HookSet.open(TestObject.product(), pins, Map.of());
          state = new EngineState(hooks.map("engine_state"));
          state.beat();
          postures = new Postures(hooks.map("postures"), hooks.map("key_masks"), state);
          table = new VerdictTable(hooks.map("verdicts"), hooks.map("flows"), state);
          packets = new RingBuffer(hooks.map("packets"));
          observe = new RingBuffer(hooks.map("observe"));
          new Scopes(
                  hooks.map("scopes"),
                  hooks.map("interfaces"),
                  path -> OptionalLong.empty(),
                  Interfaces::index)
              .widen(Map.of(), Map.of(SLOT, List.of(Net.INTERFACE)));
          hooks.attachXdp(Set.of(Net.INTERFACE));
          index = Interfaces.index(Net.INTERFACE).orElseThrow();
          try (BpfLink link = BpfLink.openPinned(pins.link("xdp_" + index + "_native"))) {
            program = link.program();
          }
          return null;
        });
  }

  @AfterEach
  void detach() {
    program.close();
    packets.close();
    observe.close();
    table.close();
    hooks.close();
    pins.uninstall();
    net.close();
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
    use(false, true, false);
    try (DatagramSocket socket = net.here(() -> bind(here))) {
      assertTrue(arrives(socket, here, PORT), "nothing is known: onMiss allow");
      Event.PacketEvent event = asked(there);
      assertEquals(BIT, event.head().asked());
      assertEquals(PORT, event.destinationPort());
      table.merge(VerdictKey.of(event.head().key()), verdict(BIT), 1);
      assertFalse(arrives(socket, here, PORT), "the verdict denies");
      Event.Head head = consume(observe).getFirst().head();
      assertTrue(RecordFlag.REFUSED.in(head.flags()));
      assertEquals(BIT, head.refused());
      use(false, false, false);
      assertTrue(arrives(socket, here, PORT), "audit: the same verdict, not enforced");
      use(false, true, false);
      table.merge(VerdictKey.of(event.head().key()), verdict(SlotSet.NONE), 1);
      assertTrue(arrives(socket, here, PORT), "the verdict allows");
      KernelCounters counters =
          new KernelCounters(hooks.map("hook_counters"), hooks.map("slot_counters"));
      assertEquals(1, counters.slot(SLOT).get("denied"));
      assertEquals(1, counters.slot(SLOT).get("would_deny"));
      assertEquals(3, counters.hook(Hook.XDP_INGRESS).get("hits"));
    }
  }

  @Test
  void aHeldFlowIsDroppedUntilItIsDecided() {
    use(true, true, false);
    byte[] frame = Packets.udp("10.77.0.2", 1234, "10.77.0.1", PORT);
    state.beat();
    assertEquals(XDP_DROP, answer(frame));
    Event.PacketEvent event = asked("10.77.0.2");
    assertTrue(RecordFlag.HELD.in(event.head().flags()));
    table.merge(VerdictKey.of(event.head().key()), verdict(SlotSet.NONE), 1);
    assertEquals(XDP_PASS, answer(frame));
  }

  @Test
  void aVlanTagHidesNothing() {
    use(false, true, false);
    byte[] frame = Packets.udp("fd77::2", 1234, "fd77::1", 53);
    assertEquals(XDP_PASS, answer(Packets.vlan(7, frame)));
    table.merge(VerdictKey.of(asked("fd77::2").head().key()), verdict(BIT), 1);
    assertEquals(XDP_DROP, answer(frame));
    assertEquals(XDP_DROP, answer(Packets.vlan(7, frame)));
    assertEquals(XDP_DROP, answer(Packets.vlan(8, Packets.vlan(7, frame))));
    assertEquals(XDP_PASS, answer(Packets.udp("fd77::3", 1234, "fd77::1", 53)));
  }

  @Test
  void whatCannotBeReadTakesTheSlotsDefault() {
    byte[] frame = Packets.udp("10.77.0.2", 1234, "10.77.0.1", PORT);
    byte[] cut = java.util.Arrays.copyOf(frame, 14 + 20 + 4);
    use(false, true, false);
    assertEquals(XDP_DROP, answer(cut));
    use(false, true, true);
    assertEquals(XDP_PASS, answer(cut));
    use(false, false, false);
    assertEquals(XDP_PASS, answer(cut), "audit");
  }

  /** A key of another mask set is another key: what was said under the old masks is no answer. */
  @Test
  void newMasksMakeOldVerdictsMisses() {
    use(false, true, false);
    byte[] frame = Packets.udp("10.77.0.2", 1234, "10.77.0.1", PORT);
    answer(frame);
    table.merge(VerdictKey.of(asked("10.77.0.2").head().key()), verdict(BIT), 1);
    assertEquals(XDP_DROP, answer(frame));
    int maskSet =
        postures.use(
            posture(false, true, false),
            Map.of(
                Hook.XDP_INGRESS,
                KeyMask.of(Hook.XDP_INGRESS, new ReadSet(Set.of("packet.protocol")))));
    assertEquals(XDP_PASS, answer(frame));
    VerdictKey key = VerdictKey.of(asked("10.77.0.2").head().key());
    assertEquals(maskSet, key.maskSet());
    table.retain(maskSet);
    assertEquals(0, table.flows());
  }

  /** Four sources of a network count; whoever has settled cannot be disarmed. */
  @Test
  void aBudgetCountsSourcesByNetworkAndOnceSettledRaisesTheAlarm() {
    Budgets budgets =
        new Budgets(hooks.map("budgets"), hooks.map("budget_windows"), hooks.map("tripped"));
    use(false, true, false);
    budgets.set(SLOT, 5, Duration.ofDays(1), null, true);
    for (int host = 1; host <= 9; host++) {
      assertEquals(XDP_DROP, denied("10.1.1." + host));
    }
    assertEquals(XDP_DROP, denied("10.1.2.1"));
    assertEquals(XDP_DROP, denied("10.1.2.1"), "counted already");
    assertEquals(SlotSet.NONE, budgets.tripped());
    assertEquals(XDP_PASS, denied("10.1.3.1"), "the sixth");
    assertEquals(BIT, budgets.tripped());
    assertEquals(XDP_PASS, denied("10.1.1.1"), "it only records now");

    budgets.reset(SLOT);
    budgets.set(SLOT, 1, Duration.ofDays(1), Duration.ZERO, true);
    assertEquals(XDP_DROP, denied("fd77:0:1::2"));
    assertEquals(XDP_DROP, denied("fd77:0:2::2"));
    assertEquals(XDP_DROP, denied("fd77:0:3::2"));
    assertEquals(SlotSet.NONE, budgets.tripped());
    assertEquals(BIT, budgets.alarmed());
    KernelCounters counters =
        new KernelCounters(hooks.map("hook_counters"), hooks.map("slot_counters"));
    assertEquals(1, counters.slot(SLOT).get("tripped"));
    assertEquals(1, counters.slot(SLOT).get("alarms"));
  }

  private int denied(String source) {
    byte[] frame = Packets.udp(source, 1234, source.contains(":") ? "fd77::1" : "10.77.0.1", PORT);
    if (answer(frame) == XDP_PASS) {
      for (Event event : consume(packets)) {
        table.merge(VerdictKey.of(event.head().key()), verdict(BIT), 1);
      }
    }
    return answer(frame);
  }

  private static Verdict verdict(SlotSet deny) {
    return new Verdict(BIT, deny, SlotSet.NONE);
  }

  private void use(boolean hold, boolean enforce, boolean unparsedPass) {
    postures.use(
        posture(hold, enforce, unparsedPass),
        Map.of(Hook.XDP_INGRESS, KeyMask.of(Hook.XDP_INGRESS, READS)));
  }

  private static Posture posture(boolean hold, boolean enforce, boolean unparsedPass) {
    Posture.Slot slot =
        new Posture.Slot(
            SLOT, Set.of(Hook.XDP_INGRESS), true, enforce, hold, false, false, unparsedPass);
    return new Posture(List.of(slot), Posture.Timing.DEFAULT);
  }

  private int answer(byte[] frame) {
    return net.here(() -> program.testXdp(frame, index, 1).answer());
  }

  /** The one question about packets from {@code source}. */
  private Event.PacketEvent asked(String source) {
    List<Event.PacketEvent> events = new ArrayList<>();
    for (Event event : consume(packets)) {
      Event.PacketEvent packet = (Event.PacketEvent) event;
      if (text(packet.source()).equals(text(Packets.address(source)))) {
        events.add(packet);
      }
    }
    assertEquals(1, events.size(), events.toString());
    return events.getFirst();
  }

  private static String text(byte[] address) {
    String hex = java.util.HexFormat.of().formatHex(address);
    return hex.startsWith("00000000000000000000ffff") ? hex.substring(24) : hex;
  }

  private static List<Event> consume(RingBuffer ring) {
    List<Event> events = new ArrayList<>();
    ring.consume((data, at, bytes) -> events.add(EventDecoder.decode(data, at, bytes)), 1000);
    return events;
  }

  private static DatagramSocket bind(String address) throws IOException {
    DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address, PORT));
    socket.setSoTimeout(300);
    return socket;
  }

  /** Whether one datagram sent from the other side comes through. */
  private boolean arrives(DatagramSocket socket, String to, int port) {
    byte[] bytes = "hello".getBytes(UTF_8);
    return net.there(
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
