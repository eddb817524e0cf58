package dev.interdict.cli;

import dev.interdict.control.Version;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code interdict version}. */
@Command(name = "version", description = "Print the version.", mixinStandardHelpOptions = true)
final class VersionCommand implements Callable<Integer>, IVersionProvider {
  @Spec CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().getOut().println(getVersion()[0]);
    return ExitCode.OK;
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "interdict %s (java %s, linux %s %s)"
          .formatted(
              Version.current(),
              Runtime.version().feature(),
              System.getProperty("os.version"),
              System.getProperty("os.arch"))
    };
  }
}
