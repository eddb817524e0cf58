package dev.interdict.cli;

import dev.interdict.attach.Pins;
import dev.interdict.compile.Compilation;
import dev.interdict.decisions.DecisionFilter;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.engine.Engine;
import dev.interdict.engine.EngineConfig;
import dev.interdict.event.Hook;
import dev.interdict.libbpf.Cgroups;
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
import java.util.concurrent.TimeUnit;
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
      "Exits with 1 if anything was refused."
    },
    footer = {"", "Such as: interdict try my-policy/ -- cat /etc/shadow"})
final class TryCommand implements Callable<Integer> {
  private static final String GUEST_POLICY = "/root/policy";
  private static final String CGROUP = "interdict-try";

  /** After the command has ended, for what is still to be told. */
  private static final Duration QUIET = Duration.ofSeconds(2);

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
      description = "On this machine's own kernel, with an engine of its own. As root.")
  boolean here;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description = "End the command after this time (default: ${DEFAULT-VALUE}).")
  int seconds;

  @Override
  public Integer call() throws Exception {
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
      return new Trial(policy).run();
    }
    Compilation compilation = local.compile(parsed, Map.of());
    local.print(parsed.sourceMap().map(compilation.diagnostics()), source);
    if (!compilation.succeeded()) {
      throw new Failure(
          ExitCode.INVALID_POLICY, LocalPolicy.count(compilation.diagnostics()), null);
    }
    try (Machine machine = new Machine(kernel)) {
      machine.bring(compilation.compiled(), policy.hooks());
      machine.file(path, guestPath());
      List<String> words = new ArrayList<>(List.of("try", "--here", guestPath()));
      words.add("--timeout=" + seconds);
      words.add(Main.colour(spec.commandLine()));
      words.add("--");
      words.addAll(command);
      return machine.run(words.toArray(String[]::new));
    }
  }

  private String guestPath() {
    return Files.isDirectory(path) ? GUEST_POLICY : GUEST_POLICY + ".yaml";
  }

  /** One run on this machine's kernel. */
  private final class Trial {
    private final Policy policy;
    private final PrintWriter out = spec.commandLine().getOut();

    Trial(Policy policy) {
      this.policy = policy;
    }

    int run() throws IOException, InterruptedException {
      Path state = Files.createTempDirectory("interdict-try");
      EngineConfig usual = EngineConfig.DEFAULT;
      EngineConfig config =
          usual.at(
              state.resolve("state"),
              usual.cacheDirectory(),
              state.resolve("admin.sock"),
              usual.pins().resolveSibling(CGROUP));
      try (Cgroups cgroups = new Cgroups();
          Engine engine = Engine.start(config);
          DecisionLog.Subscription decisions =
              engine.decisions().subscribe(DecisionFilter.ALL, 1 << 16, 0)) {
        interdict(config, "policy", "apply", path.toString());
        interdict(config, "mode", "set", "enforce", policy.name());
        String place = scope() + "/" + CGROUP;
        Path cgroup = Files.createDirectories(cgroups.root().resolve(place.substring(1)));
        try {
          out.println("$ " + Text.line(String.join(" ", command)));
          out.flush();
          int status = attempt(cgroup);
          out.println("  (exit " + status + ")");
          return tell(decisions, place);
        } finally {
          Files.deleteIfExists(cgroup);
        }
      } finally {
        new Pins(config.pins()).uninstall();
        DemoStage.delete(state);
      }
    }

    /** Where the policy covers the command. */
    private String scope() {
      List<String> cgroups = policy.scope().cgroups();
      return cgroups.isEmpty() || cgroups.getFirst().equals("/") ? "" : cgroups.getFirst();
    }

    private void interdict(EngineConfig config, String... words) {
      List<String> all = new ArrayList<>(List.of(words));
      all.addAll(List.of("--socket", config.socket().toString()));
      PrintWriter errors = spec.commandLine().getErr();
      int code = Main.commandLine().setOut(out).setErr(errors).execute(all.toArray(String[]::new));
      out.flush();
      if (code != ExitCode.OK) {
        throw new Failure(code, "policy " + policy.name() + " could not be tried", null);
      }
    }

    private int attempt(Path cgroup) throws IOException, InterruptedException {
      List<String> line =
          new ArrayList<>(
              List.of(
                  "bash",
                  "-c",
                  "echo $$ > \"$0\" && exec \"$@\"",
                  cgroup.resolve("cgroup.procs").toString()));
      line.addAll(command);
      Process process = new ProcessBuilder(line).inheritIO().start();
      if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
        out.println("  (ended after " + seconds + " s)");
        Files.writeString(cgroup.resolve("cgroup.kill"), "1");
      }
      return process.waitFor();
    }

    private int tell(DecisionLog.Subscription decisions, String place) throws InterruptedException {
      Refusals refusals = new Refusals(policy.name());
      for (DecisionRecord next = decisions.poll(QUIET);
          next != null;
          next = decisions.poll(QUIET)) {
        if (next.subject() != null && next.subject().cgroup().equals(place)) {
          refusals.add(next);
        }
      }
      refusals.print(out);
      out.flush();
      return refusals.isEmpty() ? ExitCode.OK : ExitCode.NO;
    }
  }
}
