package dev.interdict.cli;

import dev.interdict.policy.Diagnostic;
import java.util.List;

/** Ends a command with a message and an exit code. */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int exitCode;
  private final String hint;
  private final transient List<Diagnostic> diagnostics;

  /**
   * @param exitCode of {@link ExitCode}
   * @param message what went wrong; null if that has been printed already
   * @param hint what to do; null if there is nothing to say
   */
  Failure(int exitCode, String message, String hint) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
    this.diagnostics = List.of();
  }

  /** An invalid policy; who knows its files prints the findings. */
  Failure(List<Diagnostic> diagnostics) {
    super(null, null);
    this.exitCode = ExitCode.INVALID_POLICY;
    this.hint = null;
    this.diagnostics = List.copyOf(diagnostics);
  }

  int exitCode() {
    return exitCode;
  }

  /** What is wrong with a policy; empty if the failure is another one. */
  List<Diagnostic> diagnostics() {
    return diagnostics;
  }

  String hint() {
    return hint;
  }
}
