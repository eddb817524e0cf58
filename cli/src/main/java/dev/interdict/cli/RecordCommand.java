package dev.interdict.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code interdict record}. */
@Command(
    name = "record",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Record what the engine is asked, to ask another policy about it.",
    footer = {
      "",
      "What another policy would have said, on any machine, without an engine:",
      "  interdict replay my-policy/ --against FILE"
    },
    subcommands = {
      RecordStartCommand.class,
      RecordStopCommand.class,
      RecordListCommand.class,
      RecordExportCommand.class
    })
final class RecordCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }
}
