package dev.interdict.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code interdict rollout}. */
@Command(
    name = "rollout",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Bring a candidate into force in steps: in a share of the services first.",
    footer = {
      "",
      "In each step the candidate refuses in more services and containers, in place of the",
      "policy of its name. Its gates let it go on, wait, or end it:",
      "  interdict policy apply --candidate my-policy/",
      "  interdict rollout start my-policy --steps 10%%:10m,50%%:10m,100%% --confirm-within 10m",
      "  interdict rollout status"
    },
    subcommands = {
      RolloutStartCommand.class,
      RolloutStatusCommand.class,
      RolloutPauseCommand.class,
      RolloutResumeCommand.class,
      RolloutAdvanceCommand.class,
      RolloutAbortCommand.class
    })
final class RolloutCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }
}
