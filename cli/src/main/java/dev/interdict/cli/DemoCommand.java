package dev.interdict.cli;

import dev.interdict.compile.RegoCompiler;
import dev.interdict.engine.Engine;
import dev.interdict.engine.EngineConfig;
import dev.interdict.engine.HostAbilities;
import dev.interdict.event.Hook;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code interdict demo}. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description =
        "Show the main job: a first forbidden attempt, refused. Here, in a cgroup of its own, where the kernel can"
            + " enforce; otherwise in a virtual machine.")
final class DemoCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(
      names = "--kernel",
      paramLabel = "SERIES",
      defaultValue = "6.12",
      description = "Of the virtual machine: 6.1, 6.12 or 7.2 (default: ${DEFAULT-VALUE}).")
  String kernel;

  @Option(names = "--vm", description = "In the virtual machine, also where this host could.")
  boolean machine;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    HostAbilities abilities = HostAbilities.probe();
    if (!machine && abilities.can(Hook.FILE_OPEN) && abilities.can(Hook.XDP_INGRESS)) {
      out.println("Interdict on this machine, Linux " + System.getProperty("os.version"));
      return here(out);
    }
    out.println("Interdict in a virtual machine with Linux " + kernel + ", because");
    out.println(
        machine ? "  it was asked for" : "  this host: " + abilities.detail(Hook.FILE_OPEN));
    out.flush();
    return inMachine();
  }

  private int here(PrintWriter out) throws IOException, InterruptedException {
    Path state = Files.createTempDirectory("interdict-demo");
    EngineConfig config = config(state);
    List<String> broken;
    try (Cgroups cgroups = new Cgroups();
        DemoStage stage = new DemoStage(cgroups.root());
        Engine engine = Engine.start(config)) {
      broken =
          new Demo(stage, config.socket(), engine.decisions(), out, Main.style(spec.commandLine()))
              .run();
    } finally {
      new dev.interdict.attach.Pins(config.pins()).uninstall();
      DemoStage.delete(state);
    }
    out.println();
    if (broken.isEmpty()) {
      out.println("All of it as promised. Everything the demo made is gone again.");
      out.println("next: interdict policy new my-policy");
      return ExitCode.OK;
    }
    out.println("Not as promised:");
    broken.forEach(promise -> out.println("  " + promise));
    return ExitCode.NO;
  }

  /** An engine beside the one that may run here: other pins, socket and state. */
  private static EngineConfig config(Path state) {
    EngineConfig usual = EngineConfig.DEFAULT;
    return usual.at(
        state.resolve("state"),
        usual.cacheDirectory(),
        state.resolve("admin.sock"),
        usual.pins().resolveSibling("interdict-demo"));
  }

  private int inMachine() throws Exception {
    RegoCompiler compiler = RegoCompiler.inProcess(RegoCompiler.defaultCache());
    try (Machine disposable = new Machine(kernel)) {
      for (String name : Demo.POLICIES) {
        ParsedPolicy parsed =
            PolicyParser.parse(PolicySource.ofYaml(PolicySource.POLICY_YAML, Demo.yaml(name)));
        disposable.bring(compiler.compile(parsed.policy()).compiled(), parsed.policy().hooks());
      }
      return disposable.run(Duration.ZERO, "demo", Main.colour(spec.commandLine()));
    }
  }
}
