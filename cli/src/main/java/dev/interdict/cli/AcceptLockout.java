package dev.interdict.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Whom an operator lets lock him out; an option of commands by which a policy begins to refuse. */
final class AcceptLockout {
  @Option(
      names = "--accept-lockout",
      paramLabel = "POLICY",
      description = {
        "Go on although this policy denies what the host, or each program of its scope,",
        "needs; may be repeated."
      })
  private List<String> policies = new ArrayList<>();

  @Spec(Spec.Target.MIXEE)
  CommandSpec spec;

  /**
   * Of a command that is about one policy.
   *
   * @throws CommandLine.ParameterException if another one was named: its lockout would go unseen
   */
  boolean of(String policy) {
    for (String named : policies) {
      if (!named.equals(policy)) {
        throw new CommandLine.ParameterException(
            spec.commandLine(),
            "--accept-lockout names "
                + Text.word(named)
                + ", and this is about "
                + Text.word(policy));
      }
    }
    return !policies.isEmpty();
  }

  List<String> all() {
    return policies;
  }
}
