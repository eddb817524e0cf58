package dev.interdict.cli;

import dev.interdict.decisions.DecisionFile;
import dev.interdict.engine.Outlets;
import dev.interdict.metrics.MetricsAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** Whom an engine tells what it does; options of the command that runs one. */
final class OutletOptions {
  @Option(
      names = "--decision-log",
      paramLabel = "FILE",
      description =
          "Write denials and would-denials, and what is warned of at misses, as JSON lines; journal:"
              + " into the host's (default: none).")
  Path decisionLog;

  @Option(
      names = "--decision-log-format",
      paramLabel = "FORMAT",
      defaultValue = "interdict",
      description =
          "What a line is: interdict, or ocsf, an event of the Open Cybersecurity Schema Framework"
              + " (default: ${DEFAULT-VALUE}).")
  String format;

  @Option(
      names = "--decision-log-mib",
      paramLabel = "N",
      defaultValue = "16",
      description = "Rotate the file before it is larger (default: ${DEFAULT-VALUE}).")
  int mib;

  @Option(
      names = "--decision-log-files",
      paramLabel = "N",
      defaultValue = "8",
      description = "Keep at most so many, the newest included (default: ${DEFAULT-VALUE}).")
  int files;

  @Option(
      names = "--decision-log-fold",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = {
        "Attempts that are alike: the first at once, the others as one line with their number each"
            + " so many seconds; 0: a line for each (default: ${DEFAULT-VALUE})."
      })
  int foldSeconds;

  @Option(
      names = "--metrics",
      paramLabel = "WHERE",
      description =
          "Serve metrics for Prometheus at unix:/PATH or 127.0.0.1:PORT (default: nowhere).")
  String metrics;

  Outlets outlets() {
    DecisionFile.Format parsed =
        parse(Setting.DECISION_LOG_FORMAT.option(), format, DecisionFile.Format::of);
    within(Setting.DECISION_LOG_MIB, mib);
    within(Setting.DECISION_LOG_FILES, files);
    within(Setting.DECISION_LOG_FOLD, foldSeconds);
    return new Outlets(
        decisionLog == null
            ? null
            : new DecisionFile.Config(
                decisionLog, (long) mib << 20, files, Duration.ofSeconds(foldSeconds), parsed),
        metrics == null ? null : parse("--metrics", metrics, MetricsAddress::parse),
        null);
  }

  private static <T> T parse(String option, String value, Function<String, T> parser) {
    try {
      return parser.apply(value);
    } catch (IllegalArgumentException e) {
      throw new Failure(
          ExitCode.USAGE, option + " " + Text.word(value) + ": " + Text.line(e.getMessage()), null);
    }
  }

  private static void within(Setting setting, int value) {
    if (!setting.admits(value)) {
      throw new Failure(
          ExitCode.USAGE,
          "%s %d: it is %s".formatted(setting.option(), value, setting.range()),
          null);
    }
  }
}
