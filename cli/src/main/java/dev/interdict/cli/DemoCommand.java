package dev.interdict.cli;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.engine.Engine;
import dev.interdict.engine.EngineConfig;
import dev.interdict.engine.HostAbilities;
import dev.interdict.eval.InvalidModuleException;
import dev.interdict.eval.PolicyModule;
import dev.interdict.event.Hook;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
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
  private static final String GUEST_COMPILED = "/root/.cache/interdict";
  private static final String GUEST_CLASSES = "/var/cache/interdict/classes";

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
    String home = System.getProperty("interdict.home");
    Path run = home == null ? null : Path.of(home, "bpf", "vm", "run");
    if (run == null || !Files.isExecutable(run)) {
      throw new Failure(
          ExitCode.REFUSED,
          "the virtual machine is part of the source tree, which this installation does not have",
          "start the demo from a checkout: cli/interdict demo");
    }
    Path prepared = Files.createTempDirectory("interdict-demo");
    try {
      prepare(prepared);
      return new ProcessBuilder(
              run.toString(),
              "--product",
              "--kernel",
              kernel,
              "--file",
              prepared.resolve("compiled") + ":" + GUEST_COMPILED,
              "--file",
              prepared.resolve("classes") + ":" + GUEST_CLASSES,
              "--",
              "interdict",
              "demo",
              "--color=" + (Main.style(spec.commandLine()).colours() ? "always" : "never"))
          .inheritIO()
          .start()
          .waitFor();
    } finally {
      DemoStage.delete(prepared);
    }
  }

  /** Compiles and translates here what would take minutes in an emulated machine. */
  private static void prepare(Path to) throws IOException, InvalidModuleException {
    RegoCompiler compiler = RegoCompiler.inProcess(RegoCompiler.defaultCache());
    RegoCompiler guest = RegoCompiler.inProcess(to.resolve("compiled"));
    for (String name : Demo.POLICIES) {
      ParsedPolicy parsed =
          PolicyParser.parse(PolicySource.ofYaml(PolicySource.POLICY_YAML, Demo.yaml(name)));
      Compilation compilation = compiler.compile(parsed.policy());
      guest.remember(compilation.compiled());
      PolicyModule.translate(compilation.compiled(), to.resolve("classes"));
    }
  }
}
