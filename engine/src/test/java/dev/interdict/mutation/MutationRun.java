package dev.interdict.mutation;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * Makes the product wrong in one place after the other and runs the tests that should notice.
 * {@code cli/mutate} starts it; its lists are {@code engine/mutants.txt} and {@code
 * bpf/mutants.txt}.
 */
final class MutationRun {
  /** For tests that take seconds; beyond it a change has made something endless. */
  private static final long PATIENCE_MS = 300_000;

  private enum Fate {
    KILLED,
    SURVIVED,
    EQUIVALENT,
    INVALID
  }

  private final MutantBuilder builder;
  private final Path scratch;
  private final Path tests;
  private final Map<Fate, List<String>> fates = new TreeMap<>();

  private MutationRun(Path root, Path scratch) {
    this.scratch = scratch;
    this.tests = root.resolve("engine/src/test/java");
    this.builder = new MutantBuilder(root.resolve("bpf"), scratch);
  }

  /** Arguments: the project's root, what to do with which, and where objects go. */
  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]);
    String only = arguments[2];
    MutationRun run = new MutationRun(root, Files.createTempDirectory("mutants-"));
    List<Mutant> mutants = new ArrayList<>();
    mutants.addAll(
        Mutant.read(root.resolve("engine/mutants.txt"), root.resolve("engine/src/main/java")));
    mutants.addAll(Mutant.read(root.resolve("bpf/mutants.txt"), root.resolve("bpf")));
    mutants.removeIf(mutant -> !mutant.id().matches(only));
    boolean good =
        arguments[1].equals("objects")
            ? run.objects(mutants, Path.of(arguments[3]))
            : run.here(mutants);
    System.exit(good ? 0 : 1); // also if a change has left an endless thread
  }

  /* Builds the objects that only the virtual machine can judge. */
  private boolean objects(List<Mutant> mutants, Path folder) throws Exception {
    for (Mutant mutant : mutants) {
      if (mutant.guest() && mutant.equivalent().isEmpty()) {
        String problem = builder.build(mutant, folder.resolve(mutant.id()));
        if (problem != null) {
          tell(mutant, Fate.INVALID, problem);
          continue;
        }
        Files.writeString(
            folder.resolve(mutant.id()).resolve("tests"), String.join("|", mutant.tests()));
      }
    }
    return !fates.containsKey(Fate.INVALID);
  }

  private boolean here(List<Mutant> mutants) throws Exception {
    mutants.removeIf(Mutant::guest);
    TreeSet<String> all = new TreeSet<>();
    mutants.forEach(mutant -> all.addAll(mutant.tests()));
    String broken = judge(List.copyOf(all), scratch.resolve("nothing"));
    if (broken != null) {
      System.out.println("without any change " + broken + ": mend that first");
      return false;
    }
    for (Mutant mutant : mutants) {
      judge(mutant);
    }
    return summary();
  }

  private void judge(Mutant mutant) throws Exception {
    if (!mutant.equivalent().isEmpty()) {
      tell(mutant, Fate.EQUIVALENT, mutant.equivalent());
      return;
    }
    Path output = scratch.resolve(mutant.id());
    String problem = builder.build(mutant, output);
    if (problem != null) {
      tell(mutant, Fate.INVALID, problem);
      return;
    }
    String noticed = judge(mutant.tests(), output);
    tell(
        mutant,
        noticed == null ? Fate.SURVIVED : Fate.KILLED,
        noticed == null ? mutant.meaning() : noticed);
  }

  private void tell(Mutant mutant, Fate fate, String why) {
    fates.computeIfAbsent(fate, f -> new ArrayList<>()).add(mutant.id());
    System.out.printf("%-6s %-10s %-22s %s%n", mutant.id(), fate, mutant.file().getFileName(), why);
  }

  private boolean summary() {
    int killed = fates.getOrDefault(Fate.KILLED, List.of()).size();
    int survived = fates.getOrDefault(Fate.SURVIVED, List.of()).size();
    int judged = killed + survived;
    fates.forEach(
        (fate, ids) ->
            System.out.printf("%-10s %4d  %s%n", fate, ids.size(), fate == Fate.KILLED ? "" : ids));
    System.out.printf("%d of %d killed%n", killed, judged);
    return judged > 0 && killed * 100 >= judged * 95 && !fates.containsKey(Fate.INVALID);
  }

  /* Null if all tests pass; else what failed. */
  private String judge(List<String> names, Path changed) throws Exception {
    String[] failed = new String[1];
    try (MutantLoader loader = new MutantLoader(changed)) {
      Thread thread = new Thread(() -> failed[0] = execute(names, loader));
      thread.setDaemon(true);
      thread.setContextClassLoader(loader);
      thread.start();
      thread.join(PATIENCE_MS);
      return thread.isAlive() ? "no end" : failed[0];
    }
  }

  private String execute(List<String> names, MutantLoader loader) {
    LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request();
    for (String name : names) {
      try {
        request.selectors(selectClass(loader, className(name)));
      } catch (IOException e) {
        return e.toString();
      }
    }
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    Launcher launcher = LauncherFactory.create();
    LauncherDiscoveryRequest built = request.build();
    launcher.execute(built, listener);
    TestExecutionSummary summary = listener.getSummary();
    if (summary.getTestsFoundCount() == 0) {
      throw new IllegalStateException("no test in " + names);
    }
    return summary.getFailures().isEmpty()
        ? null
        : summary.getFailures().getFirst().getTestIdentifier().getDisplayName();
  }

  private String className(String simple) throws IOException {
    try (Stream<Path> files = Files.walk(tests)) {
      Path file =
          files
              .filter(f -> f.endsWith(simple + ".java"))
              .findFirst()
              .orElseThrow(() -> new IOException("no test " + simple));
      String path = tests.relativize(file).toString();
      return path.substring(0, path.length() - ".java".length()).replace('/', '.');
    }
  }
}
