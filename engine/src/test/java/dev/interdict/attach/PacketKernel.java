package dev.interdict.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.interdict.event.Event;
import dev.interdict.event.EventDecoder;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfLink;
import dev.interdict.libbpf.BpfProgram;
import dev.interdict.libbpf.Interfaces;
import dev.interdict.libbpf.RingBuffer;
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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The packet program with its maps in the kernel, on an interface of its own, without an engine.
 */
final class PacketKernel implements AutoCloseable {
  /** Odd, and not in the lowest word: each bit of its number counts. */
  static final int SLOT = 201;

  /** Of another policy of the same interface, where a test has one. */
  static final int SECOND = 7;

  static final SlotSet BIT = SlotSet.of(SLOT);
  static final int DROP = 1;
  static final int PASS = 2;
  static final String SOURCE = "10.77.0.2";
  static final String DESTINATION = "10.77.0.1";
  static final int PORT = 9999;

  /** What a retransmission needs at most; the defaults would make each test wait. */
  static final Posture.Timing TIMING =
      new Posture.Timing(
          Duration.ofNanos(100_000),
          Duration.ofMillis(200),
          Duration.ofMillis(200),
          Duration.ofSeconds(60));

  static final ReadSet READS =
      new ReadSet(Set.of("packet.source.address", "packet.destination.port"));

  final Net net;
  final HookSet hooks;
  final EngineState state;
  final Postures postures;
  final VerdictTable table;
  final RingBuffer packets;
  final RingBuffer observe;
  final KernelCounters counters;
  final Budgets budgets;
  final int index;

  private final Pins pins;
  private final BpfProgram program;

  PacketKernel(Path bpffs) {
    this(bpffs, new Net(), Net.INTERFACE);
  }

  /** On the interface {@code name} of {@code net}, which is closed with this. */
  PacketKernel(Path bpffs, Net net, String name) {
    this.net = net;
    pins = new Pins(bpffs);
    hooks = HookSet.open(TestObject.product(), pins, Map.of());
    state = new EngineState(hooks.map("engine_state"));
    state.beat();
    postures =
        new Postures(
            hooks.map("postures"), hooks.map("key_masks"), hooks.map("context_masks"), state);
    table = new VerdictTable(hooks.map("verdicts"), hooks.map("flows"), state);
    packets = new RingBuffer(hooks.map("packets"));
    observe = new RingBuffer(hooks.map("observe"));
    counters =
        new KernelCounters(
            hooks.map("hook_counters"), hooks.map("slot_counters"), hooks.map("told"));
    budgets = new Budgets(hooks.map("budgets"), hooks.map("budget_windows"), hooks.map("tripped"));
    index = net.here(() -> guard(name));
    try (BpfLink link = BpfLink.openPinned(pins.link(pins.links().getFirst()))) {
      program = link.program();
    }
  }

  private int guard(String name) {
    new Scopes(
            hooks.map("scopes"),
            hooks.map("interfaces"),
            path -> OptionalLong.empty(),
            Interfaces::index)
        .widen(Map.of(), Map.of(SLOT, List.of(name), SECOND, List.of(name)));
    XdpPlace place = hooks.attachXdp(Set.of(name)).get(name);
    assertNull(place.problem());
    return place.at().index();
  }

  @Override
  public void close() {
    program.close();
    packets.close();
    observe.close();
    table.close();
    hooks.close();
    pins.uninstall();
    net.close();
  }

  /** How the one policy behaves. */
  static Posture.Slot slot(int slot, boolean enforce, boolean hold) {
    return new Posture.Slot(
        slot, Set.of(Hook.XDP_INGRESS), true, enforce, hold, false, false, Set.of());
  }

  void use(boolean enforce, boolean hold) {
    use(TIMING, slot(SLOT, enforce, hold));
  }

  void use(Posture.Timing timing, Posture.Slot... slots) {
    postures.use(() -> new Posture(List.of(slots), timing), masks(READS));
  }

  static Map<Hook, KeyMask> masks(ReadSet reads) {
    return Map.of(Hook.XDP_INGRESS, KeyMask.of(Hook.XDP_INGRESS, reads));
  }

  /** What the program says to a frame. */
  int answer(byte[] frame) {
    return answer(frame, 1);
  }

  /** The same, the last time of many. */
  int answer(byte[] frame, int times) {
    return net.here(() -> program.testXdp(frame, index, times).answer());
  }

  /** The usual packet. */
  static byte[] frame() {
    return Packets.udp(SOURCE, 1234, DESTINATION, PORT);
  }

  long counted(String name) {
    return counters.hook(Hook.XDP_INGRESS).get(name);
  }

  /** Has {@code frame} asked about, and gives its key. */
  VerdictKey keyOf(byte[] frame) {
    answer(frame);
    List<Event> asked = consume(packets);
    assertEquals(1, asked.size(), asked.toString());
    return VerdictKey.of(asked.getFirst().head().key());
  }

  /** Says of the frame's flow that {@link #SLOT} denies it. */
  VerdictKey deny(byte[] frame) {
    VerdictKey key = keyOf(frame);
    table.merge(key, verdict(BIT), 1);
    return key;
  }

  static Verdict verdict(SlotSet deny) {
    return new Verdict(BIT, deny, SlotSet.NONE);
  }

  /** The one question about packets from {@code source}. */
  Event.PacketEvent asked(String source) {
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

  /** What a ring has, but for what a host by itself sends on an interface that has come up. */
  static List<Event> consume(RingBuffer ring) {
    List<Event> events = new ArrayList<>();
    ring.consume((data, at, bytes) -> events.add(EventDecoder.decode(data, at, bytes)), 1000);
    events.removeIf(PacketKernel::isNeighbourDiscovery);
    return events;
  }

  /** ICMPv6 from 130 on: listener reports, solicitations and advertisements. */
  private static boolean isNeighbourDiscovery(Event event) {
    return event instanceof Event.PacketEvent packet
        && packet.protocol() == 58
        && packet.sourcePort() >= 130;
  }

  private static String text(byte[] address) {
    String hex = HexFormat.of().formatHex(address);
    return hex.startsWith("00000000000000000000ffff") ? hex.substring(24) : hex;
  }
}
