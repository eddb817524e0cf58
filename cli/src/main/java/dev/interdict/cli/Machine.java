package dev.interdict.cli;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.event.Hook;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The project's virtual machine: with a real kernel, and gone afterwards. */
final class Machine implements AutoCloseable {
  /** Where the product in it looks for what was compiled and translated. */
  private static final String COMPILED = "/root/.cache/interdict";

  /** Of bpf/vm/run. */
  private static final int TIME_OVER = 124;

  private static final List<String> CLASSES =
      List.of(COMPILED + "/classes", "/var/cache/interdict/classes");

  /** To start, and to run the engine: minutes where it is emulated. */
  private static final Duration ITSELF = Duration.ofMinutes(10);

  private final Path program;
  private final Path prepared;
  private final List<String> options = new ArrayList<>();

  /** Where what runs in it leaves its exit code, and where that comes to: {@code --results}. */
  private static final String STATUS = "status";

  private static final List<String> KERNELS = List.of("6.1", "6.12", "7.2");

  private volatile Process running;

  /**
   * Starts nothing yet.
   *
   * @throws Failure if there is no such kernel, or this installation has no such machine
   */
  Machine(String kernel) throws IOException {
    if (!KERNELS.contains(kernel)) {
      throw new Failure(
          ExitCode.USAGE,
          "--kernel " + Text.word(kernel) + ": there are " + String.join(", ", KERNELS),
          null);
    }
    String home = System.getProperty("interdict.home");
    Path run = home == null ? null : Path.of(home, "bpf", "vm", "run");
    if (run == null || !Files.isExecutable(run)) {
      throw new Failure(
          ExitCode.REFUSED,
          "the virtual machine is part of the source tree, which this installation does not have",
          "start it from a checkout, with its cli/interdict");
    }
    program = run;
    prepared = Files.createTempDirectory("interdict-machine");
    // Ctrl-C reaches the machine as well, SIGTERM reaches this program alone.
    Runtime.getRuntime().addShutdownHook(new Thread(this::abandon, "machine-end"));
    options.addAll(List.of("--product", "--kernel", kernel));
    file(prepared.resolve("compiled"), COMPILED);
    CLASSES.forEach(folder -> file(prepared.resolve("classes"), folder));
  }

  /** What {@code here} names, at {@code there} in the machine. */
  void file(Path here, String there) {
    options.addAll(List.of("--file", here.toAbsolutePath() + ":" + there));
  }

  /** A policy at {@code there}: what was read of it, and nothing that lies beside it. */
  void policy(PolicySource source, boolean folder, String there) throws IOException {
    Path copy = prepared.resolve("policy");
    LocalPolicy.write(source, copy);
    file(folder ? copy : copy.resolve(source.manifest()), there);
  }

  /** Does here with a policy what would take minutes in an emulated machine. */
  void bring(CompiledPolicy compiled, Set<Hook> hooks) throws IOException {
    RegoCompiler.inProcess(prepared.resolve("compiled")).remember(compiled);
    PolicyTrial.problems(compiled, hooks, prepared.resolve("classes"), Limits.DEFAULT);
  }

  /**
   * Runs a command of this program in it, with this process's output.
   *
   * @param takes how long it may, beside what the machine itself takes
   * @return its exit code
   * @throws Failure if it has none: the machine did not run it to its end. What has failed has said
   *     why
   */
  int run(Duration takes, String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.addAll(options);
    command.addAll(List.of("--timeout", Long.toString(takes.plus(ITSELF).toSeconds())));
    Path results = prepared.resolve("results");
    command.addAll(List.of("--results", results.toString()));
    // A status of its own: whatever else fails on the way has 1, too, and 1 is an answer.
    String noting = "\"$@\"; echo $? >/run/vm/results/" + STATUS;
    command.addAll(List.of("--", "bash", "-c", noting, "bash", "interdict"));
    command.addAll(List.of(words));
    running = new ProcessBuilder(command).inheritIO().start();
    int status = running.waitFor();
    return status == TIME_OVER ? ExitCode.TIMEOUT : answer(status, results.resolve(STATUS));
  }

  private static int answer(int status, Path noted) {
    if (status != 0) {
      throw notRun("its own status is " + status);
    }
    try {
      String code = Files.readString(noted).strip();
      if (code.matches("\\d") && Integer.parseInt(code) <= ExitCode.LAST) {
        return Integer.parseInt(code);
      }
      throw notRun("what ran in it ended with " + Text.word(code));
    } catch (IOException e) {
      throw notRun("it left no status");
    }
  }

  private static Failure notRun(String why) {
    return new Failure(
        ExitCode.REFUSED,
        "the virtual machine gave no answer: " + why,
        "what it printed says more; bpf/vm/README.md has what it needs");
  }

  /** Where nobody waits for it any more: it would go on until its time is over. */
  void abandon() {
    Process now = running;
    if (now != null) {
      List<ProcessHandle> all = now.descendants().toList();
      now.destroy();
      all.forEach(ProcessHandle::destroy);
    }
    try {
      close();
    } catch (IOException | UncheckedIOException e) {
      // This program ends.
    }
  }

  @Override
  public void close() throws IOException {
    DemoStage.delete(prepared);
  }
}
