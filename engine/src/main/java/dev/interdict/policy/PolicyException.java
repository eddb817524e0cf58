package dev.interdict.policy;

import java.util.List;
import java.util.stream.Collectors;

/** A policy cannot be used; nothing was changed. */
public final class PolicyException extends Exception {
  private final transient List<Diagnostic> diagnostics;

  /**
   * @param diagnostics all findings, at least one of them an error
   */
  public PolicyException(List<Diagnostic> diagnostics) {
    super(diagnostics.stream().map(Diagnostic::toString).collect(Collectors.joining("\n")));
    this.diagnostics = List.copyOf(diagnostics);
  }

  /** All findings, errors and warnings, by file and line. */
  public List<Diagnostic> diagnostics() {
    return diagnostics;
  }
}
