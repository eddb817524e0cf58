package dev.interdict.policy;

/**
 * One finding about a policy's sources.
 *
 * @param severity error or warning
 * @param file path inside the policy's folder, such as {@code policy.yaml}
 * @param line from 1; 0 if the finding is about the whole file
 * @param column from 1, in characters; 0 if unknown
 * @param code stable and greppable, such as {@code yaml.unknown-key} or {@code rego_type_error}
 * @param message what is wrong, and where known what to write instead
 */
public record Diagnostic(
    Severity severity, String file, int line, int column, String code, String message) {

  /** Whether the policy can be used in spite of it. */
  public enum Severity {
    ERROR,
    WARNING
  }

  /** The same, in other words. */
  public Diagnostic with(String other) {
    return new Diagnostic(severity, file, line, column, code, other);
  }

  /** {@code file:line:column: message [code]}, as compilers print. */
  @Override
  public String toString() {
    return file + ":" + line + ":" + column + ": " + message + " [" + code + "]";
  }
}
