package dev.interdict.cli;

import dev.interdict.libbpf.BpfException;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

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

  @Override
  public Integer call() throws InterruptedException {
    System.setProperty(
        "java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT.%1$tL %4$s %5$s%6$s%n");
    try {
      dev.interdict.engine.Main.run(paths.config());
      return ExitCode.OK;
    } catch (IOException | BpfException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "the engine did not start: " + Text.line(String.valueOf(e.getMessage())),
          "see what this host lacks: interdict doctor");
    }
  }
}
