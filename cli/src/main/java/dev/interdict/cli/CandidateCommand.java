package dev.interdict.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code interdict candidate}. */
@Command(
    name = "candidate",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "See what a policy would do in place of the one in force.",
    footer = {
      "",
      "A candidate is asked about every event of its hooks and scope, and refuses nothing:",
      "  interdict policy apply --candidate my-policy/",
      "  interdict candidate show my-policy",
      "  interdict candidate promote my-policy --confirm-within 10m"
    },
    subcommands = {
      CandidateListCommand.class,
      CandidateShowCommand.class,
      CandidatePromoteCommand.class,
      CandidateDropCommand.class
    })
final class CandidateCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }
}
