package dev.interdict.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.NativeRego;
import dev.interdict.control.ActiveSet;
import dev.interdict.control.Canary;
import dev.interdict.control.Enforcement;
import dev.interdict.control.Figures;
import dev.interdict.control.FolderBuilder;
import dev.interdict.control.Modes;
import dev.interdict.control.Objection;
import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.Snapshot;
import dev.interdict.control.StateStore;
import dev.interdict.control.Unit;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModules;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.event.Event;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicySource;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.GoProgram;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What policies cost the engine: memory, start with policies kept, apply, and one question while
 * one of them concerns it. Each line is a process of its own with the engine's JVM flags, without
 * the kernel's side: the policies of the library, then generated ones. Needs no root.
 */
public final class ScaleBench {
  private static final int[] COUNTS = {0, 1, 10, 50, 200};
  private static final int QUESTIONS = 200;
  private static final int ROUNDS = 9;
  private static final String HEAP = System.getenv().getOrDefault("INTERDICT_HEAP", "1g");
  private static final String CONCERNED = "/srv/concerned";

  private ScaleBench() {}

  /**
   * Without arguments all lines.
   *
   * @param args of a line's own process: directory, number of policies
   */
  public static void main(String[] args) throws Exception {
    if (args.length == 2) {
      line(Path.of(args[0]), Integer.parseInt(args[1]));
      return;
    }
    Path work = Files.createTempDirectory("interdict-bench");
    Path flags = GoProgram.root().resolve("cli/engine.jvm");
    for (int count : COUNTS) {
      child(flags, work, count, ProcessBuilder.Redirect.DISCARD); // it compiles and translates
      child(flags, work, count, ProcessBuilder.Redirect.INHERIT);
    }
  }

  private static void child(Path flags, Path work, int count, ProcessBuilder.Redirect output)
      throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + flags,
                "-Xmx" + HEAP,
                "-cp",
                System.getProperty("java.class.path"),
                ScaleBench.class.getName(),
                work.toString(),
                Integer.toString(count))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .redirectOutput(output)
            .start();
    if (process.waitFor() != 0) {
      throw new IllegalStateException(count + " policies: exit " + process.exitValue());
    }
  }

  /** The kernel's side left out. */
  private static final class LoadOnly implements Enforcement {
    final PolicyLoader loader;

    LoadOnly(PolicyLoader loader) {
      this.loader = loader;
    }

    @Override
    public List<Objection> objections(Policy policy) {
      return List.of();
    }

    @Override
    public <T> T prepared(Collection<Built> policies, Supplier<T> change) {
      return loader.holding(policies, change);
    }

    @Override
    public void use(ActiveSet set, Supplier<Modes> modes, Supplier<Modes> before) {
      loader.load(set, label -> 0);
    }

    @Override
    public String decider() {
      return "bench";
    }

    @Override
    public SlotSet asked() {
      return SlotSet.NONE;
    }

    @Override
    public void switchTo(Modes modes) {}

    @Override
    public SlotSet tripped() {
      return SlotSet.NONE;
    }

    @Override
    public long bootTimeNs() {
      return BootClock.nowNs();
    }

    @Override
    public String bootId() {
      return "bench";
    }

    @Override
    public List<String> lockouts(Policy policy, CompiledPolicy compiled) {
      return List.of();
    }

    @Override
    public Figures figures(int slot) {
      return Figures.NONE;
    }

    @Override
    public List<Unit> units(Canary canary) {
      return List.of();
    }

    @Override
    public void forgetSlot(int slot) {}

    @Override
    public void disarm(int slot) {}

    @Override
    public Duration glass() {
      return Duration.ZERO;
    }

    @Override
    public void resetBudget(int slot) {}

    @Override
    public Snapshot snapshot() {
      return new Snapshot(
          Map.of(), Map.of(), SlotSet.NONE, SlotSet.NONE, Map.of(), 0, 0, Duration.ZERO, List.of());
    }
  }

  private static void line(Path work, int count) throws Exception {
    EngineConfig config = EngineConfig.DEFAULT;
    PolicyModules modules = new PolicyModules(work.resolve("classes"), config.limits());
    PolicyLoader loader = new PolicyLoader(modules, HostNames.NONE, new WarmUp(config.warmUp()));
    PolicyControl control =
        new PolicyControl(
            new FolderBuilder(
                NativeRego.compiler(work.resolve("compiled")),
                (compiled, hooks) -> PolicyTrial.problems(compiled, hooks, modules)),
            new LoadOnly(loader),
            new StateStore(work.resolve("state-" + count)),
            Clock.systemUTC());
    control.restore();
    boolean kept = control.list().size() == count;
    for (int i = control.list().size(); i < count; i++) {
      control.apply(policy(i), null, false, null);
    }
    PolicySet set = loader.latest();
    PolicySetEvaluator evaluator = set.newEvaluator();
    Event event = Events.open("/usr/bin/cat", 1000, CONCERNED);
    int said = evaluator.decide(event, set.slots()).deny().size();
    double started = ageMs();
    double cpu = cpuMs();
    long jit = ManagementFactory.getCompilationMXBean().getTotalCompilationTime();
    double pss = pssMb();
    double live = liveMb();
    double question = count == 0 ? 0 : question(evaluator, set, event);
    double apply = count == 0 ? 0 : apply(control, count);
    System.out.printf(
        Locale.ROOT,
        "%3d policies%s: first decision %5.0f ms after exec (%5.0f ms of processor, %.0f the JIT's), PSS %4.0f MB,"
            + " live heap %4.1f MB, %5d classes, question %6.2f us (%d refuse), apply %4.0f ms%n",
        count,
        kept ? "" : " (not kept)",
        started,
        cpu,
        (double) jit,
        pss,
        live,
        ManagementFactory.getClassLoadingMXBean().getLoadedClassCount(),
        question / 1e3,
        said,
        apply);
  }

  /** The last one concerns the event; then the library's, then others. */
  private static SortedMap<String, byte[]> policy(int i) throws Exception {
    if (i > 0) {
      try (Stream<Path> paths = Files.walk(GoProgram.root().resolve("policies/library"), 3)) {
        List<Path> library = paths.filter(p -> p.endsWith("policy.yaml")).sorted().toList();
        if (i <= library.size()) {
          return new TreeMap<>(PolicySource.read(library.get(i - 1).getParent()).files());
        }
      }
    }
    return generated(i, i == 0 ? CONCERNED : "/srv/else/" + i);
  }

  private static SortedMap<String, byte[]> generated(int i, String path) {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: p%1$d}
        spec:
          hooks: [file_open]
          mode: enforce
          rules:
            - deny: {file.path: {in: ["%2$s", "/srv/other/%1$d"]}}
              reason: "{process.exe.path} may not open {file.path}"
        """
            .formatted(i, path);
    return new TreeMap<>(Map.of("policy.yaml", yaml.getBytes(UTF_8)));
  }

  private static double question(PolicySetEvaluator evaluator, PolicySet set, Event event) {
    double[] times = new double[ROUNDS];
    for (int i = -ROUNDS; i < ROUNDS; i++) {
      long start = System.nanoTime();
      for (int k = 0; k < QUESTIONS; k++) {
        evaluator.decide(event, set.slots());
      }
      times[Math.max(i, 0)] = (System.nanoTime() - start) / (double) QUESTIONS;
    }
    Arrays.sort(times);
    return times[ROUNDS / 2];
  }

  /** Of policies that come compiled, as from a bundle. */
  private static double apply(PolicyControl control, int count) {
    List<Double> times = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      SortedMap<String, byte[]> sources =
          generated(1000 + count + i, "/srv/new/" + System.nanoTime());
      control.apply(sources, null, true, null);
      long start = System.nanoTime();
      control.apply(sources, null, false, null);
      times.add((System.nanoTime() - start) / 1e6);
      control.delete("p" + (1000 + count + i));
    }
    times.sort(null);
    return times.get(1);
  }

  private static double ageMs() {
    return System.currentTimeMillis()
        - ProcessHandle.current().info().startInstant().orElseThrow().toEpochMilli();
  }

  private static double cpuMs() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() / 1e6;
  }

  private static double liveMb() {
    System.gc();
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1048576.0;
  }

  private static double pssMb() throws Exception {
    System.gc();
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps_rollup"))) {
      if (line.startsWith("Pss:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    throw new IllegalStateException("no Pss");
  }
}
