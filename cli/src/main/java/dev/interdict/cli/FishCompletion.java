package dev.interdict.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.OptionSpec;

/** What fish completes: the commands, each one's options, and the words that an option takes. */
final class FishCompletion {
  /** What an option's value that is written apart is taken for: a word of the command. */
  private static final String AT =
      """
      # Completion of interdict for fish.
      function __interdict_command --description 'the words so far that are no options'
          set -l words (commandline -opc)
          string match -v -- '-*' $words[2..-1]
      end
      function __interdict_at --description 'whether they are these'
          test "$(__interdict_command | string join ' ')" = "$argv"
      end
      function __interdict_below --description 'whether they begin with these'
          string match -q -- "$argv*" "$(__interdict_command | string join ' ')"
      end
      """;

  private final StringBuilder script = new StringBuilder(AT);

  private FishCompletion() {}

  /** The script, for all commands below {@code root}, which is called interdict. */
  static String script(CommandLine root) {
    FishCompletion completion = new FishCompletion();
    completion.command(root, "");
    return completion.script.toString();
  }

  private void command(CommandLine command, String path) {
    for (OptionSpec option : command.getCommandSpec().options()) {
      if (!option.hidden()) {
        option(option, path);
      }
    }
    command
        .getSubcommands()
        .forEach(
            (name, sub) -> {
              if (!sub.getCommandSpec().usageMessage().hidden()) {
                line("__interdict_at" + path, List.of("-f", "-a", name), summary(sub));
                command(sub, path + " " + name);
              }
            });
  }

  private void option(OptionSpec option, String path) {
    List<String> words = new ArrayList<>();
    for (String name : option.names()) {
      words.add(name.startsWith("--") ? "-l" : "-s");
      words.add(name.replaceFirst("^--?", ""));
    }
    if (option.arity().max() > 0) {
      // Fish takes the words, or else names of files.
      words.add(option.completionCandidates() == null ? "-r" : "-x");
      if (option.completionCandidates() != null) {
        words.add("-a");
        words.add(quoted(String.join(" ", option.completionCandidates())));
      }
    }
    // What all commands take need be said once.
    if (path.isEmpty() || !option.inherited()) {
      line(
          option.scopeType() == CommandLine.ScopeType.INHERIT ? "" : "__interdict_below" + path,
          words,
          Help.Ansi.OFF.string(String.join(" ", option.description())));
    }
  }

  private static String summary(CommandLine command) {
    String[] description = command.getCommandSpec().usageMessage().description();
    return description.length == 0 ? "" : Help.Ansi.OFF.string(description[0]);
  }

  private void line(String condition, List<String> words, String description) {
    script.append("complete -c interdict ");
    if (!condition.isEmpty()) {
      script.append("-n ").append(quoted(condition)).append(' ');
    }
    script.append(String.join(" ", words));
    if (!description.isEmpty()) {
      script.append(" -d ").append(quoted(description));
    }
    script.append('\n');
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
