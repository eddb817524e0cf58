package dev.interdict.cli;

/** What the program's exit tells scripts. Stable. */
final class ExitCode {
  /** Done, or nothing to report. */
  static final int OK = 0;

  /** The answer is no: a test failed, a requirement does not hold, there is no such policy. */
  static final int NO = 1;

  /** Wrong usage. */
  static final int USAGE = 2;

  /** A policy, or the engine's configuration, is invalid, or of the latter others decide, too. */
  static final int INVALID_POLICY = 3;

  /** The engine cannot be reached. */
  static final int UNREACHABLE = 4;

  /** Not permitted, or the host or the engine cannot do it. */
  static final int REFUSED = 5;

  /** No answer in time. */
  static final int TIMEOUT = 6;

  /** The largest of them. */
  static final int LAST = TIMEOUT;

  private ExitCode() {}
}
