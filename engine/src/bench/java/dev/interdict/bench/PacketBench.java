package dev.interdict.bench;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.Event;
import dev.interdict.event.EventDecoder;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfObject;
import dev.interdict.libbpf.BpfProgram;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.testkit.Packets;
import dev.interdict.testkit.TestObject;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Posture;
import dev.interdict.verdict.Postures;
import dev.interdict.verdict.Scopes;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** A packet that meets its verdict, against the smallest program that looks one up (goal P1). */
final class PacketBench {
  /** Test runs without an interface count as the loopback's. */
  private static final int LOOPBACK = 1;

  private static final int XDP_PASS = 2;
  private static final int RUNS = 300_000;
  private static final byte[] PACKET = Packets.udp("10.77.0.2", 1234, "10.77.0.1", 53);
  private static final SlotSet SLOTS = SlotSet.of(3);

  private PacketBench() {}

  static Ratio run(BpfObject bench, int rounds) {
    try (BpfObject product = BpfObject.open("interdict", TestObject.product())) {
      product.programs().forEach(p -> product.autoload(p, p.equals("xdp_ingress")));
      product.load();
      try (KernelMap table = bench.map("table");
          BpfProgram smallest = bench.program("smallest");
          BpfProgram ours = product.program("xdp_ingress")) {
        decide(product, ours);
        remember(table);
        Ratio ratio = new Ratio("packet, verdict hit", "xdp_ingress", "smallest", rounds);
        for (int i = 0; i < rounds; i++) {
          ratio.add(time(ours), time(smallest));
        }
        return ratio;
      }
    }
  }

  private static double time(BpfProgram program) {
    BpfProgram.TestRun run = program.testXdp(PACKET, LOOPBACK, RUNS);
    if (run.answer() != XDP_PASS) {
      throw new AssertionError("answer " + run.answer());
    }
    return run.averageNs();
  }

  /** One slot that reads the whole flow, and its verdict: it passes. */
  private static void decide(BpfObject product, BpfProgram program) {
    try (KernelMap stateMap = product.map("engine_state");
        KernelMap postures = product.map("postures");
        KernelMap masks = product.map("key_masks");
        KernelMap contexts = product.map("context_masks");
        KernelMap scopes = product.map("scopes");
        KernelMap interfaces = product.map("interfaces");
        KernelMap verdicts = product.map("verdicts");
        KernelMap flows = product.map("flows");
        KernelMap packets = product.map("packets");
        RingBuffer ring = new RingBuffer(packets)) {
      EngineState state = new EngineState(stateMap);
      new Scopes(scopes, interfaces, p -> OptionalLong.empty(), n -> OptionalInt.of(LOOPBACK))
          .widen(Map.of(), Map.of(3, List.of("lo")));
      Posture.Slot slot =
          new Posture.Slot(3, Set.of(Hook.XDP_INGRESS), true, true, false, false, false, Set.of());
      new Postures(postures, masks, contexts, state)
          .use(
              () -> new Posture(List.of(slot), Posture.Timing.DEFAULT),
              Map.of(
                  Hook.XDP_INGRESS, KeyMask.of(Hook.XDP_INGRESS, new ReadSet(Set.of("packet")))));
      program.testXdp(PACKET, LOOPBACK, 1);
      List<Event> events = new ArrayList<>();
      ring.consume((data, at, bytes) -> events.add(EventDecoder.decode(data, at, bytes)), 10);
      try (VerdictTable table = new VerdictTable(verdicts, flows, state)) {
        VerdictKey key = VerdictKey.of(events.getFirst().head().key());
        table.merge(key, new Verdict(SLOTS, SlotSet.NONE, SlotSet.NONE), 1);
      }
    }
  }

  private static void remember(KernelMap table) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment key = arena.allocate(JAVA_LONG);
      MemorySegment.copy(MemorySegment.ofArray(PACKET), 26, key, 0, 8);
      table.update(key, arena.allocate(JAVA_LONG));
    }
  }
}
