package dev.interdict.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code interdict completion}. */
@Command(
    name = "completion",
    mixinStandardHelpOptions = true,
    description = {
      "Print the completion script for a shell.",
      "Use it at once, in bash and zsh: source <(interdict completion); in fish: interdict"
          + " completion fish | source"
    })
final class CompletionCommand implements Callable<Integer> {
  /** Whose language the script is in. */
  enum Shell {
    BASH,
    ZSH,
    FISH;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Parameters(
      arity = "0..1",
      paramLabel = "SHELL",
      defaultValue = "bash",
      description =
          "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, which zsh can source, too; zsh is"
              + " for a file _interdict in its fpath).")
  Shell shell;

  @Spec CommandSpec spec;

  @Override
  public Integer call() {
    CommandLine root = spec.root().commandLine();
    String bash = AutoComplete.bash("interdict", root);
    spec.commandLine()
        .getOut()
        .print(
            switch (shell) {
              case BASH -> bash;
              // The file is a function that completes; the first time it makes itself into one.
              case ZSH ->
                  "#compdef interdict\n"
                      + bash
                      + "\n_bash_complete -o default -F _complete_interdict\n";
              case FISH -> FishCompletion.script(root);
            });
    return ExitCode.OK;
  }
}
