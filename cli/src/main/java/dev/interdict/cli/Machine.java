package dev.interdict.cli;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.event.Hook;
import java.io.IOException;
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

  private static final List<String> CLASSES =
      List.of(COMPILED + "/classes", "/var/cache/interdict/classes");

  /** To start, and to run the engine: minutes where it is emulated. */
  private static final Duration ITSELF = Duration.ofMinutes(10);

  private final Path program;
  private final Path prepared;
  private final List<String> options = new ArrayList<>();

  /**
   * Starts nothing yet.
   *
   * @param kernel 6.1, 6.12 or 7.2
   * @throws Failure if this installation has no such machine
   */
  Machine(String kernel) throws IOException {
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
    options.addAll(List.of("--product", "--kernel", kernel));
    file(prepared.resolve("compiled"), COMPILED);
    CLASSES.forEach(folder -> file(prepared.resolve("classes"), folder));
  }

  /** What {@code here} names, at {@code there} in the machine. */
  void file(Path here, String there) {
    options.addAll(List.of("--file", here.toAbsolutePath() + ":" + there));
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
   */
  int run(Duration takes, String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.addAll(options);
    command.addAll(List.of("--timeout", Long.toString(takes.plus(ITSELF).toSeconds())));
    command.addAll(List.of("--", "interdict"));
    command.addAll(List.of(words));
    return exitCode(new ProcessBuilder(command).inheritIO().start().waitFor());
  }

  /** Of the machine's status, whose own are none of this program's. */
  static int exitCode(int status) {
    return switch (status) {
      case 124 -> ExitCode.TIMEOUT;
      case 125 -> ExitCode.REFUSED;
      default -> status;
    };
  }

  @Override
  public void close() throws IOException {
    DemoStage.delete(prepared);
  }
}
