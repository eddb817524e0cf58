package dev.interdict.control;

import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.LintNotes;
import java.util.List;
import java.util.stream.Collectors;

/** A policy's sources have errors. */
public final class InvalidPolicyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient List<Diagnostic> diagnostics;

  /**
   * @param diagnostics every finding, warnings too; not empty
   */
  public InvalidPolicyException(List<Diagnostic> diagnostics) {
    super(
        "the policy has errors:\n"
            + diagnostics.stream().map(Diagnostic::toString).collect(Collectors.joining("\n")));
    this.diagnostics = List.copyOf(diagnostics);
  }

  /** Whether only its trial failed: that depends on the host and the moment, too. */
  public boolean isOfTrial() {
    return diagnostics.stream()
        .filter(d -> d.severity() == Diagnostic.Severity.ERROR)
        .allMatch(d -> d.code().equals(LintNotes.NO_ANSWER));
  }

  /** Every finding, in the order it was found. */
  public List<Diagnostic> diagnostics() {
    return diagnostics;
  }
}
