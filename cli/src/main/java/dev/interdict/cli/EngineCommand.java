package dev.interdict.cli;

import dev.interdict.engine.EngineLostException;
import dev.interdict.libbpf.BpfException;
import dev.interdict.policy.FileTrouble;
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
  @Mixin EngineOptions options;

  @Override
  public Integer call() throws InterruptedException {
    options.settle();
    System.setProperty(
        "java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT.%1$tL %4$s %5$s%6$s%n");
    try {
      dev.interdict.engine.Main.run(options.config());
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
    return Failures.byHost(
        "the engine did not start", reason, "see what this host lacks: interdict doctor");
  }
}
