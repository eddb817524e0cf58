package dev.interdict.cli;

import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Where the engine of this host keeps its things: what the options leave open its configuration
 * file says, which the engine runs by. For commands that go past the engine.
 */
final class InstalledPaths {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "The engine's, which these options win over (default: /etc/interdict/engine.yaml, if it"
              + " is there).")
  Path config;

  @Mixin EnginePaths paths;

  @Spec(Spec.Target.MIXEE)
  CommandSpec spec;

  /**
   * Reads the file, and sets the options that were not given.
   *
   * @throws Failure if the file cannot be read, relied on or understood: they are as they were
   */
  EnginePaths settle() {
    EngineOptions.settle(config, spec);
    return paths;
  }

  /**
   * The same in an emergency, which is not to fail for a file: if it is of no use, that is said,
   * and what is usual counts. What somebody else may have written counts for nothing.
   */
  EnginePaths settleAnyhow() {
    try {
      return settle();
    } catch (Failure e) {
      spec.commandLine()
          .getErr()
          .printf(
              "warning: %s%n  going on with --pins %s and --state %s: if the engine has others, name"
                  + " them%n",
              e.getMessage(), Text.word(paths.pins.toString()), Text.word(paths.state.toString()));
      return paths;
    }
  }
}
