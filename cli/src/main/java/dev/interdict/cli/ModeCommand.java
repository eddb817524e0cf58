package dev.interdict.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code interdict mode}. */
@Command(
    name = "mode",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Switch between audit and enforce, for the host or one policy.",
    footer = {
      "",
      "Everything to audit at once, whatever the policies say:  interdict mode set audit",
      "One policy to enforce:                                   interdict mode set enforce NAME"
    },
    subcommands = {ModeGetCommand.class, ModeSetCommand.class, ModeResetCommand.class})
final class ModeCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "get, set or reset?");
  }
}
