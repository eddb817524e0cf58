package dev.interdict.engine;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.decisions.DecisionFilter;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.libbpf.BpfObject;
import dev.interdict.libbpf.BpfProgram;
import dev.interdict.pipeline.Pipeline;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import dev.interdict.testkit.Packets;
import dev.interdict.testkit.Shell;
import dev.interdict.testkit.TestObject;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Posture;
import dev.interdict.worker.Workers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * From a miss in the hook to its verdict in the kernel's table (goal P12), with the decider
 * spinning and with the decider asleep, in one run; and what the process then weighs (goal P13).
 * Packets come from {@code BPF_PROG_TEST_RUN}; nothing is attached. Needs root.
 */
public final class PipelineBench {
  private static final int LOOPBACK = 1;
  private static final int SLOT = 3;
  private static final int WARM_UP = 30_000;
  private static final int FAST = 20_000;
  private static final int SLOW = 400;
  private static final Duration FAST_GAP = Duration.ofNanos(30_000);
  private static final Duration SLOW_GAP = Duration.ofMillis(4);
  private static final String POLICY =
      """
      apiVersion: interdict.dev/v1
      kind: Policy
      metadata: {name: bench}
      spec:
        hooks: [xdp_ingress]
        mode: enforce
        scope: {interfaces: [lo]}
        rules:
          - deny:
              packet.source.address: {cidr: 10.66.6.0/24}
              packet.destination.port: {in: [6666, 6667]}
            reason: "{packet.source.address} may not reach {packet.destination.port}"
      """;

  private int sent;

  private PipelineBench() {}

  /** Prints one line a figure. */
  public static void main(String[] args) throws Exception {
    Path scratch = Files.createTempDirectory("bench");
    Shell.run("mount", "-t", "bpf", "bpf", scratch.toString());
    try {
      new PipelineBench().run(scratch.resolve("interdict"));
    } finally {
      Shell.run("umount", scratch.toString());
      Files.delete(scratch);
    }
  }

  private void run(Path pins) throws Exception {
    PolicyModule module = PolicyModule.load(compiled(), null);
    PolicySet set = PolicySet.builder(1, HostNames.NONE).add(SLOT, module, Set.of()).build();
    DecisionLog log = new DecisionLog();
    try (KernelSide kernel = KernelSide.open(pins);
        BpfObject object = BpfObject.open("interdict", TestObject.product());
        DecisionLog.Subscription told = log.subscribe(DecisionFilter.ALL, WARM_UP, 0);
        Pipeline pipeline = pipeline(kernel, log)) {
      object.programs().forEach(p -> object.autoload(p, p.equals("xdp_ingress")));
      object.maps().stream()
          .filter(name -> !name.contains("."))
          .forEach(name -> object.reuse(name, kernel.hooks().map(name)));
      object.load();
      kernel.scopes().widen(Map.of(), Map.of(SLOT, List.of("lo")));
      kernel.postures().use(PipelineBench::posture, masks());
      pipeline.use(set);
      try (BpfProgram program = object.program("xdp_ingress")) {
        send(program, told, WARM_UP, FAST_GAP);
        long[] spinning = send(program, told, FAST, FAST_GAP);
        long[] woken = send(program, told, SLOW, SLOW_GAP);
        print("decider spinning", spinning);
        print("decider woken", woken);
        System.out.printf(
            Locale.ROOT,
            "spinning to woken, p50             ratio %.3f%n",
            at(spinning, 0.5) / at(woken, 0.5));
      }
      System.out.println("resident memory of this process    " + resident());
    }
  }

  private static Pipeline pipeline(KernelSide kernel, DecisionLog log) {
    return new Pipeline(
        new Pipeline.Parts(
            kernel.decide(),
            kernel.packets(),
            kernel.observe(),
            kernel.state(),
            kernel.verdicts(),
            kernel.counters(),
            log,
            HostNames.NONE,
            kernel.postures()::isGenuine),
        EngineConfig.DEFAULT.spin(),
        new Workers(lost -> {}));
  }

  private static CompiledPolicy compiled() throws Exception {
    Policy policy =
        PolicyParser.parse(
                PolicySource.ofYaml("policy.yaml", POLICY.getBytes(StandardCharsets.UTF_8)))
            .orThrow();
    return RegoCompiler.inProcess(RegoCompiler.defaultCache()).compile(policy).compiled();
  }

  private static Posture posture() {
    Posture.Slot slot =
        new Posture.Slot(SLOT, Set.of(Hook.XDP_INGRESS), true, true, true, false, false, Set.of());
    return new Posture(List.of(slot), Posture.Timing.DEFAULT);
  }

  /** Every field: so that each packet is a miss. */
  private static Map<Hook, KeyMask> masks() {
    return Map.of(Hook.XDP_INGRESS, KeyMask.of(Hook.XDP_INGRESS, new ReadSet(Set.of("packet"))));
  }

  /** Sends packets that are all new; returns the latencies, sorted. */
  private long[] send(BpfProgram program, DecisionLog.Subscription told, int count, Duration gap)
      throws InterruptedException {
    long[] latencies = new long[count];
    int heard = 0;
    long next = System.nanoTime();
    for (int i = 0; i < count; i++) {
      int n = sent++;
      program.testXdp(
          Packets.udp("10.77." + (n >> 16) + ".2", n & 0xffff, "10.77.0.1", 53), LOOPBACK, 1);
      next += gap.toNanos();
      while (System.nanoTime() < next) {
        Thread.onSpinWait();
      }
    }
    while (heard < count) {
      DecisionRecord record = told.poll(Duration.ofSeconds(2));
      if (record == null) {
        System.out.printf("%d of %d packets were not told of%n", count - heard, count);
        return Arrays.copyOf(latencies, heard);
      }
      latencies[heard++] = record.latencyNs();
    }
    Arrays.sort(latencies);
    return latencies;
  }

  private static void print(String name, long[] ns) {
    System.out.printf(
        Locale.ROOT,
        "miss to verdict, %-17s p50 %.1f us, p99 %.1f us (%d events)%n",
        name,
        at(ns, 0.5) / 1000,
        at(ns, 0.99) / 1000,
        ns.length);
  }

  private static double at(long[] sorted, double part) {
    return sorted[(int) (part * (sorted.length - 1))];
  }

  private static String resident() throws java.io.IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS"))
        .findFirst()
        .orElse("unknown");
  }
}
