package dev.interdict.engine;

import dev.interdict.compile.RegoCompiler;
import dev.interdict.control.BundleControl.Delivery;
import dev.interdict.control.FolderBuilder;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.StateStore;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.eval.PolicyModules;
import dev.interdict.pipeline.Pipeline;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.testkit.Shell;
import dev.interdict.worker.Workers;
import dev.interdict.workload.Workloads;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How long {@code mode set} takes, in force and saved, while a bundle of fifty new policies is
 * compiled, translated, warmed up and brought into force; beside a quiet engine. Packet policies on
 * an interface of its own. Needs root.
 */
public final class SwitchBench {
  private static final int POLICIES = 50;
  private static final int QUIET = 200;
  private static final long GAP_MS = 5;
  private static final String INTERFACE = "idmb0";

  private SwitchBench() {}

  /** Prints one line a figure. */
  public static void main(String[] args) throws Exception {
    Path scratch = Files.createTempDirectory("bench");
    Path bpffs = Files.createDirectory(scratch.resolve("bpffs"));
    Shell.run("mount", "-t", "bpf", "bpf", bpffs.toString());
    Shell.run("ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", "idmb1");
    try {
      run(
          EngineConfig.DEFAULT.at(
              scratch.resolve("state"),
              scratch.resolve("cache"),
              scratch.resolve("admin.sock"),
              bpffs.resolve("interdict")));
    } finally {
      Shell.run("ip", "link", "del", INTERFACE);
      Shell.run("umount", bpffs.toString());
      Shell.run("rm", "-r", scratch.toString());
    }
  }

  private static void run(EngineConfig config) throws Exception {
    NameSets sets = new NameSets();
    try (KernelSide kernel = KernelSide.open(config.pins());
        FileNameKeeper files =
            FileNameKeeper.start(kernel.files(), sets, new Workers(lost -> {}), Whereabouts::find);
        Pipeline pipeline = pipeline(kernel, sets, config)) {
      PolicyLoader loader =
          new PolicyLoader(
              new PolicyModules(config.cacheDirectory().resolve("classes"), config.limits()),
              names(kernel, sets),
              new WarmUp(config.warmUp()));
      PolicyControl control =
          new PolicyControl(
              new FolderBuilder(
                  RegoCompiler.inChild(config.cacheDirectory()), (compiled, hooks) -> List.of()),
              new Enforcer(kernel, pipeline, loader, files, HostAbilities.probe(), config),
              new StateStore(config.stateDirectory()),
              Clock.systemUTC());
      control.restore();
      control.apply(sources(0), null, false, null);
      List<Long> quiet = new ArrayList<>();
      for (int i = 0; i < QUIET; i++) {
        quiet.add(toggle(control));
      }
      long start = System.nanoTime();
      Thread load = Thread.ofPlatform().start(() -> load(control));
      List<Long> loaded = new ArrayList<>();
      while (load.isAlive()) {
        loaded.add(toggle(control));
      }
      System.out.printf(
          Locale.ROOT,
          "%d policies loaded in %.1f s, %d in force%n",
          POLICIES,
          (System.nanoTime() - start) / 1e9,
          control.list().size());
      print("switch, quiet", quiet);
      print("switch, while policies are loaded", loaded);
      System.out.printf(
          Locale.ROOT, "loaded to quiet, p99  ratio %.2f%n", at(loaded, 0.99) / at(quiet, 0.99));
    }
  }

  private static KernelNames names(KernelSide kernel, NameSets sets) {
    return new KernelNames(
        kernel.cgroups()::place,
        sets,
        new Workloads(kernel.cgroups().root()),
        kernel.labels()::names);
  }

  private static Pipeline pipeline(KernelSide kernel, NameSets sets, EngineConfig config) {
    return new Pipeline(
        new Pipeline.Parts(
            kernel.decide(),
            kernel.packets(),
            kernel.observe(),
            kernel.state(),
            kernel.verdicts(),
            kernel.counters(),
            new DecisionLog(),
            names(kernel, sets),
            kernel.postures()::isGenuine),
        config.spin(),
        new Workers(lost -> {}));
  }

  private static void load(PolicyControl control) {
    SortedMap<String, SortedMap<String, byte[]>> policies = new TreeMap<>();
    for (int i = 1; i <= POLICIES; i++) {
      policies.put("p" + i, sources(i));
    }
    control.bundles().activate("bench", new Delivery("1", 1, "1", policies, new TreeMap<>()));
  }

  private static SortedMap<String, byte[]> sources(int i) {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: p%d}
        spec:
          hooks: [xdp_ingress]
          mode: enforce
          scope: {interfaces: [%s]}
          rules:
            - deny:
                packet.source.address: {cidr: 10.66.%d.0/24}
                packet.destination.port: {in: [6666, %d]}
              reason: "{packet.source.address} may not reach {packet.destination.port}"
        """
            .formatted(i, INTERFACE, i, 7000 + i);
    SortedMap<String, byte[]> sources = new TreeMap<>();
    sources.put("policy.yaml", yaml.getBytes(StandardCharsets.UTF_8));
    return sources;
  }

  private static long toggle(PolicyControl control) throws InterruptedException {
    Mode next = control.hostMode() == Mode.AUDIT ? Mode.ENFORCE : Mode.AUDIT;
    long start = System.nanoTime();
    control.setHostMode(next, null);
    long took = System.nanoTime() - start;
    Thread.sleep(GAP_MS);
    return took;
  }

  private static void print(String name, List<Long> took) {
    System.out.printf(
        Locale.ROOT,
        "%-34s p50 %.1f ms, p99 %.1f ms, slowest %.1f ms, %d switches%n",
        name,
        at(took, 0.5),
        at(took, 0.99),
        at(took, 1),
        took.size());
  }

  private static double at(List<Long> took, double part) {
    List<Long> sorted = new ArrayList<>(took);
    Collections.sort(sorted);
    return sorted.get((int) Math.round(part * (sorted.size() - 1))) / 1e6;
  }
}
