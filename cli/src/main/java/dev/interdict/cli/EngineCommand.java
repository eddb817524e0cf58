package dev.interdict.cli;

import dev.interdict.delivery.DeliveryConfig;
import dev.interdict.delivery.DeliveryConfigReader;
import dev.interdict.engine.EngineLostException;
import dev.interdict.libbpf.BpfException;
import dev.interdict.policy.FileTrouble;
import dev.interdict.policy.PolicyException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code interdict engine}. */
@Command(
    name = "engine",
    mixinStandardHelpOptions = true,
    description = {
      "Run the engine in the foreground, until SIGTERM or Ctrl-C.",
      "What is enforced stays enforced when it ends; uninstall takes it away."
    })
final class EngineCommand implements Callable<Integer> {
  @Mixin EnginePaths paths;

  @Option(
      names = "--bundles",
      paramLabel = "FILE",
      description =
          "YAML with the sources of bundles, the keys to trust, and who gets status reports"
              + " (default: none).")
  Path bundles;

  @Mixin OutletOptions outlets;

  @Spec CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    System.setProperty(
        "java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT.%1$tL %4$s %5$s%6$s%n");
    try {
      dev.interdict.engine.Main.run(paths.config().with(sources()).with(outlets.outlets()));
      return ExitCode.OK;
    } catch (EngineLostException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "the engine cannot go on and ends: " + Text.line(e.getMessage()),
          "what was enforced still is; the log above says why, and the next engine takes over");
    } catch (IOException e) {
      throw notStarted(FileTrouble.of(e));
    } catch (BpfException | LinkageError e) {
      throw notStarted(String.valueOf(e.getMessage()));
    }
  }

  private static Failure notStarted(String reason) {
    return new Failure(
        ExitCode.REFUSED,
        "the engine did not start: " + Text.line(reason),
        reason.endsWith("permission denied")
            ? "run it as root"
            : "see what this host lacks: interdict doctor");
  }

  private DeliveryConfig sources() {
    if (bundles == null) {
      return DeliveryConfig.NONE;
    }
    try {
      return DeliveryConfigReader.read(bundles);
    } catch (PolicyException e) {
      e.diagnostics().forEach(d -> spec.commandLine().getErr().println(Text.line(d.toString())));
      throw new Failure(
          ExitCode.USAGE,
          Text.word(bundles.toString()) + " has errors; the engine did not start",
          "engine/README.md, section Bundles, says what stands in it");
    } catch (IOException e) {
      throw new Failure(
          ExitCode.USAGE,
          "cannot read " + Text.word(bundles.toString()) + ": " + Text.line(FileTrouble.why(e)),
          null);
    }
  }
}
