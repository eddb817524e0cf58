package dev.interdict.cli;

import dev.interdict.compile.Compilation;
import dev.interdict.event.Hook;
import dev.interdict.libbpf.BpfException;
import dev.interdict.policy.FileTrouble;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code interdict try}. */
@Command(
    name = "try",
    mixinStandardHelpOptions = true,
    description = {
      "Run a command under a policy that enforces, on a disposable machine with a real kernel, and say what was"
          + " refused, why, and what would have allowed it.",
      "Exits with 1 if anything was refused, with 5 if it could not be tried, or the command has left its cgroup and"
          + " with it the policy."
    },
    footer = {"", "Such as: interdict try my-policy/ -- cat /etc/shadow"})
final class TryCommand implements Callable<Integer> {
  private static final String GUEST_POLICY = "/root/policy";

  @Spec CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "PATH",
      description = "The policy's folder, or its one YAML file.")
  Path path;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "COMMAND",
      description = "A program of that machine, and its arguments; behind --.")
  List<String> command;

  @Option(
      names = "--kernel",
      paramLabel = "SERIES",
      defaultValue = "6.12",
      description = "Of the machine: 6.1, 6.12 or 7.2 (default: ${DEFAULT-VALUE}).")
  String kernel;

  @Option(
      names = "--here",
      description =
          "On this machine's own kernel, with an engine of its own. The policy covers the command"
              + " alone, but what it says of packets meets its interfaces meanwhile. As root.")
  boolean here;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description = "End the command after this time (default: ${DEFAULT-VALUE}).")
  int seconds;

  @Override
  public Integer call() throws Exception {
    if (seconds < 1) {
      throw new Failure(ExitCode.USAGE, "--timeout is a number of seconds, at least 1", null);
    }
    LocalPolicy local = LocalPolicy.of(spec, path);
    PolicySource source = local.read();
    ParsedPolicy parsed = local.parse(source);
    Policy policy = local.policy(parsed);
    if (policy.hooks().equals(java.util.Set.of(Hook.XDP_INGRESS))) {
      throw new Failure(
          ExitCode.REFUSED,
          "policy " + policy.name() + " is asked about packets alone, which no command receives",
          "interdict policy test tries its cases");
    }
    if (here) {
      return here(source, parsed);
    }
    try (Machine machine = new Machine(kernel)) {
      Compilation compilation = local.compile(parsed, Map.of());
      local.print(parsed.sourceMap().map(compilation.diagnostics()), source);
      if (!compilation.succeeded()) {
        throw new Failure(
            ExitCode.INVALID_POLICY, LocalPolicy.count(compilation.diagnostics()), null);
      }
      machine.bring(compilation.compiled(), policy.hooks());
      machine.policy(source, Files.isDirectory(path), guestPath());
      List<String> words = new ArrayList<>(List.of("try", "--here", guestPath()));
      words.add("--timeout=" + seconds);
      words.add(Main.colour(spec.commandLine()));
      words.add("--");
      words.addAll(command);
      return machine.run(Duration.ofSeconds(seconds), words.toArray(String[]::new));
    }
  }

  private String guestPath() {
    return Files.isDirectory(path) ? GUEST_POLICY : GUEST_POLICY + ".yaml";
  }

  private int here(PolicySource source, ParsedPolicy parsed) throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    try (Trial trial = Trial.open(out, spec.commandLine().getErr())) {
      return trial.run(source, parsed, command, seconds);
    } catch (IOException e) {
      throw notTried(FileTrouble.of(e));
    } catch (BpfException | LinkageError e) {
      throw notTried(String.valueOf(e.getMessage()));
    }
  }

  private static Failure notTried(String reason) {
    return Failures.byHost(
        "the command could not be tried here",
        reason,
        "see what this host lacks: interdict doctor; without --here a virtual machine has it");
  }
}
