package dev.interdict.cli;

import dev.interdict.engine.BreakGlass;
import dev.interdict.libbpf.BpfException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code interdict break-glass}. */
@Command(
    name = "break-glass",
    mixinStandardHelpOptions = true,
    description = {
      "Refuse nothing on this host for a while, at once and past the engine, whether it lives or not.",
      "What would be refused is recorded. It ends by itself. As root."
    })
final class BreakGlassCommand implements Callable<Integer> {
  private static final int MINUTES_MAX = 24 * 60;

  private static final Path LOGIN = Path.of("/proc/self/loginuid");
  private static final long NO_LOGIN = 0xffffffffL;

  @Spec CommandSpec spec;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      defaultValue = "30",
      description = "For so long, 1 to 1440 (default: ${DEFAULT-VALUE}).")
  int minutes;

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      required = true,
      description = "Why, for interdict history.")
  String reason;

  @Option(names = "--end", description = "Put enforcement back.")
  boolean end;

  @Mixin InstalledPaths installed;
  @Mixin Output output;

  @Override
  public Integer call() {
    if (minutes < 1 || minutes > MINUTES_MAX) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--minutes must be from 1 to " + MINUTES_MAX);
    }
    EnginePaths paths = installed.settleAnyhow();
    BreakGlass.Opened opened;
    try {
      opened =
          new BreakGlass(paths.pins, paths.state)
              .open(end ? Duration.ZERO : Duration.ofMinutes(minutes), by(), reason);
    } catch (IOException | UncheckedIOException | BpfException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "nothing was changed: " + Text.line(e.getMessage()),
          Failures.unlessRoot(
              "interdict status and interdict doctor say what is in force; --pins names where it is"
                  + " if not in "
                  + Text.word(paths.pins.toString())));
    }
    output.print(Map.of("until", end ? "" : opened.until().toString()), out -> tell(opened, out));
    if (opened.notNoted() != null) {
      throw new Failure(
          ExitCode.REFUSED,
          "done, but the history will not know of it: " + Text.line(opened.notNoted()),
          "look at the state directory, " + Text.word(paths.state.toString()));
    }
    return ExitCode.OK;
  }

  /** Root, and who has logged in to become it, as far as the host knows. */
  private static String by() {
    String by = System.getProperty("user.name") + ", pid " + ProcessHandle.current().pid();
    try {
      long login = Long.parseLong(Files.readString(LOGIN).strip());
      return login == NO_LOGIN ? by : by + ", login uid " + login;
    } catch (IOException | NumberFormatException e) {
      return by; // no audit in this kernel
    }
  }

  private void tell(BreakGlass.Opened opened, PrintWriter out) {
    out.println(
        end
            ? "enforcement is back"
            : "nothing is refused on this host until "
                + opened.until()
                + ", with or without an engine");
    out.println(end ? "next: interdict status" : "next: interdict break-glass --end --reason TEXT");
  }
}
