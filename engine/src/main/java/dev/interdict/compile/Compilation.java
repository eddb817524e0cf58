package dev.interdict.compile;

import dev.interdict.policy.Diagnostic;
import java.util.List;

/**
 * What compiling a policy has given.
 *
 * @param diagnostics all findings, by file and line
 * @param compiled null if one of them is an error
 */
public record Compilation(List<Diagnostic> diagnostics, CompiledPolicy compiled) {

  /** Whether there is a policy to use. */
  public boolean succeeded() {
    return compiled != null;
  }
}
