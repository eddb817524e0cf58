package dev.interdict.cli;

import dev.interdict.v1.Candidate;
import dev.interdict.v1.CandidateServiceGrpc;
import dev.interdict.v1.Comparison;
import dev.interdict.v1.ListCandidatesRequest;
import dev.interdict.v1.ListCandidatesResponse;
import java.io.PrintWriter;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code interdict candidate list}. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "Show all candidates and how they compare.")
final class CandidateListCommand implements Callable<Integer> {
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    ListCandidatesResponse found =
        engine.ask(
            CandidateServiceGrpc::newBlockingStub,
            service -> service.listCandidates(ListCandidatesRequest.getDefaultInstance()));
    output.print(Trees.of(found), out -> table(found, out));
    return ExitCode.OK;
  }

  private static void table(ListCandidatesResponse found, PrintWriter out) {
    if (found.getCandidatesCount() == 0) {
      out.println("no candidates");
      out.println("next: interdict policy apply --candidate my-policy/");
      return;
    }
    Table table =
        new Table(
            "NAME",
            "REVISION",
            "BESIDE",
            "ALIKE",
            "NEWLY-DENIED",
            "NEWLY-ALLOWED",
            "UNDECIDED",
            "APPLIED");
    for (Candidate one : found.getCandidatesList()) {
      Comparison comparison = one.getComparison();
      table.row(
          one.getPolicy().getName(),
          one.getPolicy().getProblem().isEmpty() ? one.getPolicy().getRevision() : "not asked",
          one.getBeside() == 0 ? "nothing" : one.getBeside(),
          comparison.getAlike(),
          comparison.getNewlyDenied(),
          comparison.getNewlyAllowed(),
          comparison.getUndecided(),
          Trees.instant(one.getPolicy().getApplied()).truncatedTo(ChronoUnit.SECONDS));
    }
    out.print(table.render());
  }
}
