package dev.interdict.cli;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What can be set for an engine: each by an option of {@code interdict engine} and by a key of its
 * configuration file, of the same name. The one list of both.
 */
enum Setting {
  STATE(Kind.PATH),
  CACHE(Kind.PATH),
  PINS(Kind.PATH),
  SOCKET(Kind.PATH),
  BUNDLES(Kind.PATH),
  DECISION_LOG(Kind.LOG),
  DECISION_LOG_FORMAT(Kind.FORMAT),
  DECISION_LOG_MIB(1, 4096),
  DECISION_LOG_FILES(2, 1000),
  DECISION_LOG_FOLD(0, 3600),
  METRICS(Kind.METRICS);

  /** What a value looks like. */
  enum Kind {
    PATH,
    LOG,
    NUMBER,
    FORMAT,
    METRICS
  }

  private final Kind kind;
  private final int least;
  private final int most;

  Setting(Kind kind) {
    this.kind = kind;
    this.least = 0;
    this.most = 0;
  }

  Setting(int least, int most) {
    this.kind = Kind.NUMBER;
    this.least = least;
    this.most = most;
  }

  /** In the file. */
  String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** On the command line. */
  String option() {
    return "--" + key();
  }

  Kind kind() {
    return kind;
  }

  /** The smallest number. */
  int least() {
    return least;
  }

  /** Whether a number is one of those that can be set. */
  boolean admits(long number) {
    return number >= least && number <= most;
  }

  /** What a number must be, for messages. */
  String range() {
    return "a number from " + least + " to " + most;
  }

  static List<String> keys() {
    return Stream.of(values()).map(Setting::key).toList();
  }
}
