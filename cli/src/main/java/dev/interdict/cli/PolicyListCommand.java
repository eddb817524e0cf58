package dev.interdict.cli;

import dev.interdict.v1.GetModeRequest;
import dev.interdict.v1.ListPoliciesRequest;
import dev.interdict.v1.ListPoliciesResponse;
import dev.interdict.v1.Mode;
import dev.interdict.v1.ModeServiceGrpc;
import dev.interdict.v1.PolicyInfo;
import dev.interdict.v1.PolicyServiceGrpc;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code interdict policy list}. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "Show all policies, their modes and what they counted.")
final class PolicyListCommand implements Callable<Integer> {
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    ListPoliciesResponse policies =
        engine.ask(
            PolicyServiceGrpc::newBlockingStub,
            service -> service.listPolicies(ListPoliciesRequest.getDefaultInstance()));
    output.print(Trees.of(policies), out -> table(policies, out));
    return ExitCode.OK;
  }

  private void table(ListPoliciesResponse policies, PrintWriter out) {
    if (policies.getPoliciesCount() == 0) {
      out.println("no policies");
      out.println("next: interdict policy new my-policy");
      return;
    }
    Mode host =
        engine
            .ask(
                ModeServiceGrpc::newBlockingStub,
                service -> service.getMode(GetModeRequest.getDefaultInstance()))
            .getHost();
    Table table = new Table("NAME", "MODE", "HOOKS", "DENIED", "WOULD-DENY", "FALLBACK", "APPLIED");
    for (PolicyInfo policy : policies.getPoliciesList()) {
      table.row(
          policy.getName(),
          policy.getProblem().isEmpty() ? Modes.explained(policy.getMode(), host) : "not in force",
          String.join(",", policy.getHooksList()),
          policy.getCounters().getDenied(),
          policy.getCounters().getWouldDeny(),
          policy.getCounters().getFallback(),
          Trees.instant(policy.getApplied()).truncatedTo(java.time.temporal.ChronoUnit.SECONDS));
    }
    out.print(table.render());
    for (PolicyInfo policy : policies.getPoliciesList()) {
      if (!policy.getProblem().isEmpty()) {
        out.println(
            output.style().red(Text.word(policy.getName()) + " is not in force: ")
                + Text.line(policy.getProblem()));
      }
    }
  }
}
