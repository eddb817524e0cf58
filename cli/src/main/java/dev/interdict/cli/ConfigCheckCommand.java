package dev.interdict.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code interdict config check}. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = {
      "Report everything that is wrong with a configuration file, and with the file of bundle"
          + " sources that it names.",
      "Exits with 3 if there is an error, or if others than root and you can write to one of them, or"
          + " put another in its place; with 5 if one cannot be read."
    })
final class ConfigCheckCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..1",
      paramLabel = "FILE",
      description = "Default: /etc/interdict/engine.yaml.")
  Path file = ConfigFile.DEFAULT;

  @Spec CommandSpec spec;

  @Override
  public Integer call() {
    ConfigFile config = EngineOptions.read(file, spec);
    ConfigFile.Value bundles = config.values().get(Setting.BUNDLES);
    if (bundles != null) {
      EngineOptions.sources((Path) bundles.value(), spec);
    }
    EngineOptions.requireTrust(file);
    spec.commandLine()
        .getOut()
        .printf("%s: ok, %d set%n", Text.word(file.toString()), config.values().size());
    return ExitCode.OK;
  }
}
