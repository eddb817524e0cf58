package dev.interdict.policy;

import java.util.List;
import java.util.Map;

/**
 * What {@link PolicyParser} found in a {@link PolicySource}.
 *
 * @param policy the policy, or null if there were errors
 * @param tests Rego tests by file name: for {@code policy test}, never for the engine
 * @param cases the text of {@code cases.yaml}, or null
 * @param lowered name of the Rego module that was made from YAML rules, or null
 * @param notes for {@code policy lint}
 * @param diagnostics all findings, by file and line
 */
public record ParsedPolicy(
    Policy policy,
    Map<String, String> tests,
    byte[] cases,
    String lowered,
    SourceMap sourceMap,
    LintNotes notes,
    List<Diagnostic> diagnostics) {

  /**
   * The policy.
   *
   * @throws PolicyException if there were errors
   */
  public Policy orThrow() throws PolicyException {
    if (policy == null) {
      throw new PolicyException(diagnostics);
    }
    return policy;
  }
}
