package dev.interdict.bench;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.InputJson;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.event.Event;
import dev.interdict.event.SlotSet;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.GoProgram;
import dev.interdict.testkit.RegoToWasm;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What one decision costs as literals, rules and policies grow that do not concern the event:
 * against OPA's Go engine on the same text and events, in the same run. Processor time.
 */
public final class GrowthBench {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 9;
  private static final Limits PATIENT =
      new Limits(Duration.ofSeconds(10), Limits.DEFAULT.memoryBytes());

  private GrowthBench() {}

  private static String rules(int n) {
    return IntStream.range(0, n)
        .mapToObj(
            i ->
                "deny contains \"rule %d\" if {\n\tinput.file.path == \"/srv/secret/%d\"\n\tinput.process.uid != %d\n}\n"
                    .formatted(i, i, i))
        .collect(Collectors.joining());
  }

  private static String prefixes(int n) {
    return IntStream.range(0, n)
        .mapToObj(
            i ->
                "deny contains \"rule %d\" if {\n\tstartswith(input.file.path, \"/srv/secret/%d\")\n\tinput.process.uid != %d\n}\n"
                    .formatted(i, i, i))
        .collect(Collectors.joining());
  }

  private static String list(int n) {
    return IntStream.range(0, n)
        .mapToObj(i -> "\"/srv/secret/" + i + "\"")
        .collect(Collectors.joining(", ", "deny contains \"x\" if input.file.path in {", "}\n"));
  }

  private static List<Event> events() {
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      String path = i == 7 ? "/srv/secret/7" : "/usr/lib/x86_64-linux-gnu/lib" + i + ".so.6";
      events.add(Events.open("/usr/bin/cat", 1000, path));
    }
    return events;
  }

  /** Runs all curves; the arguments are not read. */
  public static void main(String[] args) throws Exception {
    Path work = Files.createTempDirectory("interdict-bench");
    curve("literal rules", GrowthBench::rules, work);
    curve("prefix rules", GrowthBench::prefixes, work);
    curve("literals in a list", GrowthBench::list, work);
    policies(work.resolve("classes"));
  }

  private static void curve(String name, IntFunction<String> rego, Path work) throws Exception {
    List<Event> events = events();
    List<byte[]> inputs = events.stream().map(e -> InputJson.write(e, HostNames.NONE)).toList();
    for (int size : new int[] {10, 100, 1_000, 10_000}) {
      CompiledPolicy policy = RegoToWasm.compile("bench", rego.apply(size), "{}");
      PolicyModule module = PolicyModule.load(policy, work.resolve("classes"), PATIENT);
      Ratio ratio = new Ratio(name + ", " + size, "OPA Go", "ours", ROUNDS);
      try (Evaluator ours = module.newEvaluator(HostNames.NONE);
          OpaGo go = new OpaGo(GoProgram.root(), work, rego.apply(size), "{}", "bench", inputs)) {
        for (int i = -ROUNDS; i < ROUNDS; i++) {
          double a = ns(() -> ask(ours, events), events.size());
          double g = go.ns(20) / (20.0 * events.size());
          if (i >= 0) {
            ratio.add(g, a);
          }
        }
      }
      System.out.println(ratio);
    }
  }

  private static int ask(Evaluator evaluator, List<Event> events) throws Exception {
    int said = 0;
    for (Event event : events) {
      said += evaluator.evaluate(event).deny().size();
    }
    return said;
  }

  /* One of them concerns each event that concerns any. */
  private static void policies(Path classes) throws Exception {
    List<Event> events = events();
    for (int count : new int[] {1, 10, 50, 200}) {
      PolicySet.Builder builder = PolicySet.builder(1, HostNames.NONE);
      SlotSet slots = SlotSet.NONE;
      for (int slot = 0; slot < count; slot++) {
        String path = slot == 0 ? "/usr/lib/x86_64-linux-gnu/lib3.so.6" : "/srv/other/" + slot;
        String rego = "deny contains \"x\" if input.file.path in {\"" + path + "\", \"/srv/x\"}";
        CompiledPolicy policy = RegoToWasm.compile("bench", rego, "{}");
        builder.add(slot, PolicyModule.load(policy, classes, PATIENT), Set.of());
        slots = slots.with(slot);
      }
      PolicySetEvaluator evaluator = builder.build().newEvaluator();
      SlotSet asked = slots;
      List<Event> concerned = List.of(events.get(3));
      double[] times = new double[ROUNDS];
      for (int i = -ROUNDS; i < ROUNDS; i++) {
        double t = ns(() -> evaluator.decide(concerned.getFirst(), asked).deny().size(), 1);
        times[Math.max(i, 0)] = t;
      }
      java.util.Arrays.sort(times);
      System.out.printf(
          Locale.ROOT, "%d policies, one concerned: %.0f ns%n", count, times[ROUNDS / 2]);
    }
  }

  /** A piece of work that says something, so that it cannot be left out. */
  private interface Work {
    int run() throws Exception;
  }

  private static double ns(Work work, int decisions) throws Exception {
    int repeat = 20_000 / decisions;
    int said = 0;
    long start = THREADS.getCurrentThreadCpuTime();
    for (int i = 0; i < repeat; i++) {
      said += work.run();
    }
    long spent = THREADS.getCurrentThreadCpuTime() - start;
    if (said != repeat) {
      throw new AssertionError("each round has one denial, not " + said / (double) repeat);
    }
    return spent / (double) (repeat * decisions);
  }
}
