package dev.interdict.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code interdict policy}. */
@Command(
    name = "policy",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Write, try and apply policies.",
    footer = {
      "",
      "new, check, lint, show, fmt, test and build need neither engine nor root:",
      "  interdict policy new my-policy",
      "  interdict policy test my-policy",
      "  interdict policy apply my-policy"
    },
    subcommands = {
      PolicyNewCommand.class,
      PolicyCheckCommand.class,
      PolicyLintCommand.class,
      PolicyShowCommand.class,
      PolicyFmtCommand.class,
      PolicyTestCommand.class,
      PolicyBuildCommand.class,
      PolicyApplyCommand.class,
      PolicyListCommand.class,
      PolicyGetCommand.class,
      PolicyDeleteCommand.class
    })
final class PolicyCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }
}
