package dev.interdict.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The program {@code interdict}. */
@Command(
    name = "interdict",
    description = "Policy-driven runtime enforcement for Linux.",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    synopsisSubcommandLabel = "COMMAND",
    header = {
      "Try it:",
      "  interdict doctor                      what this host can do",
      "  interdict policy new my-policy        a policy that passes its own test",
      "  interdict watch                       decisions as they are made",
      ""
    },
    footer = {
      "",
      "Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 invalid policy or configuration,",
      "4 engine not reachable, 5 refused, 6 timed out."
    },
    subcommands = {
      EngineCommand.class,
      DoctorCommand.class,
      PolicyCommand.class,
      ImportCommand.class,
      BundleCommand.class,
      ConfigCommand.class,
      CandidateCommand.class,
      RolloutCommand.class,
      ModeCommand.class,
      HistoryCommand.class,
      DiffCommand.class,
      RollbackCommand.class,
      ConfirmCommand.class,
      CancelCommand.class,
      BreakGlassCommand.class,
      RecordCommand.class,
      ReplayCommand.class,
      WatchCommand.class,
      TopCommand.class,
      WhyCommand.class,
      StatusCommand.class,
      MetricsCommand.class,
      TryCommand.class,
      DemoCommand.class,
      UninstallCommand.class,
      CompletionCommand.class,
      VersionCommand.class
    })
public final class Main implements Runnable {
  /** When to use colours. */
  enum Colour {
    AUTO,
    ALWAYS,
    NEVER;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Option(
      names = "--color",
      scope = ScopeType.INHERIT,
      paramLabel = "WHEN",
      defaultValue = "auto",
      description = "Colours: ${COMPLETION-CANDIDATES} (default: auto; NO_COLOR turns them off).")
  Colour colour = Colour.AUTO;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of an unexpected error.")
  boolean debug;

  @CommandLine.Spec CommandLine.Model.CommandSpec spec;

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, false, System.out.charset());
    PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
    int code = run(commandLine().setOut(out).setErr(err), args);
    if (out.checkError() && code == ExitCode.OK) {
      err.println("error: the output could not be written");
      code = ExitCode.REFUSED;
    }
    System.exit(code);
  }

  /** The JVM ends with 1 where an error of its own gets out, which is an answer of ours. */
  static int run(CommandLine command, String... args) {
    try {
      return command.execute(args);
    } catch (OutOfMemoryError e) {
      command
          .getErr()
          .println("error: out of memory; give it more, such as: JAVA_TOOL_OPTIONS=-Xmx4g");
      return ExitCode.REFUSED;
    } catch (Error e) {
      return report(e, command);
    }
  }

  /** All commands, not yet run. */
  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setAbbreviatedOptionsAllowed(false)
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(Main::usage)
        .setExecutionExceptionHandler((e, command, parsed) -> report(e, command));
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }

  /** The option that makes another Interdict use colours as this one does. */
  static String colour(CommandLine command) {
    return "--color=" + (style(command).colours() ? "always" : "never");
  }

  static Style style(CommandLine command) {
    Colour wanted = root(command).colour;
    boolean colour = wanted == Colour.AUTO ? Ansi.AUTO.enabled() : wanted == Colour.ALWAYS;
    return new Style(colour, System.out.charset().equals(StandardCharsets.UTF_8));
  }

  private static Main root(CommandLine command) {
    CommandLine top = command;
    while (top.getParent() != null) {
      top = top.getParent();
    }
    return top.getCommand();
  }

  /** One line and where to read more: the whole help would push the error off the screen. */
  private static int usage(CommandLine.ParameterException thrown, String[] args) {
    CommandLine command = thrown.getCommandLine();
    if (command.getUnmatchedArguments().equals(List.of("help"))) {
      command.usage(command.getOut()); // as other programs have it
      return ExitCode.OK;
    }
    PrintWriter err = command.getErr();
    err.println(style(command).red("error:") + " " + Text.line(thrown.getMessage()));
    boolean which =
        !command.getSubcommands().isEmpty() && command.getUnmatchedArguments().isEmpty();
    if (which) {
      command.usage(err);
    } else if (!CommandLine.UnmatchedArgumentException.printSuggestions(thrown, err)) {
      err.println("  see: " + command.getCommandSpec().qualifiedName() + " --help");
    }
    return ExitCode.USAGE;
  }

  private static int report(Throwable thrown, CommandLine command) {
    PrintWriter err = command.getErr();
    command.getOut().flush();
    Style style = style(command);
    if (thrown instanceof Failure failure) {
      if (failure.getMessage() != null) {
        err.println(style.red("error:") + " " + failure.getMessage());
      }
      if (failure.hint() != null) {
        err.println("  " + failure.hint());
      }
      return failure.exitCode();
    }
    if (root(command).debug) {
      thrown.printStackTrace(err);
    } else {
      err.println(style.red("error:") + " unexpected: " + Text.line(String.valueOf(thrown)));
      err.println("  run it with --debug for the trace, and report it");
    }
    return ExitCode.REFUSED;
  }
}
