package dev.interdict.cli;

import dev.interdict.v1.Candidate;
import dev.interdict.v1.CandidateServiceGrpc;
import dev.interdict.v1.Comparison;
import dev.interdict.v1.Decision;
import dev.interdict.v1.Difference;
import dev.interdict.v1.DifferenceKind;
import dev.interdict.v1.GetCandidateRequest;
import dev.interdict.v1.GetCandidateResponse;
import dev.interdict.v1.PolicyFinding;
import java.io.PrintWriter;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code interdict candidate show}. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = {
      "Show what a candidate and the policy in force do not answer alike.",
      "Counted are questions to the engine: one about each thing that policies can tell apart, and",
      "another when the kernel has lost the answer. What the kernel answered by itself is in the",
      "candidate's would-denials."
    })
final class CandidateShowCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The policy's name.")
  String policy;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      description = "So many examples, the most asked first (default: ${DEFAULT-VALUE}).")
  int limit;

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    GetCandidateRequest request = GetCandidateRequest.newBuilder().setPolicy(policy).build();
    GetCandidateResponse found =
        engine.ask(CandidateServiceGrpc::newBlockingStub, service -> service.getCandidate(request));
    output.print(Trees.of(found), out -> tell(found.getCandidate(), out));
    return ExitCode.OK;
  }

  private void tell(Candidate candidate, PrintWriter out) {
    String name = Text.word(candidate.getPolicy().getName());
    if (!candidate.getPolicy().getProblem().isEmpty()) {
      out.println(
          output.style().red(name + " is not asked: ")
              + Text.line(candidate.getPolicy().getProblem()));
      return;
    }
    Comparison comparison = candidate.getComparison();
    out.printf(
        "%s: candidate %d beside %s%n",
        name,
        candidate.getPolicy().getRevision(),
        candidate.getBeside() == 0
            ? "nothing in force: all that it denies is newly denied"
            : "revision " + candidate.getBeside());
    if (candidate.hasComparison()) {
      out.printf(
          "since %s: %d alike, %d newly denied, %d newly allowed, %d undecided%n",
          Trees.instant(comparison.getSince()).truncatedTo(ChronoUnit.SECONDS),
          comparison.getAlike(),
          comparison.getNewlyDenied(),
          comparison.getNewlyAllowed(),
          comparison.getUndecided());
    }
    if (comparison.getUntold() > 0) {
      out.printf(
          "%d of tasks whose cgroup had gone before anybody looked: not compared%n",
          comparison.getUntold());
    }
    out.printf(
        "it would have denied %d attempts%n", candidate.getPolicy().getCounters().getWouldDeny());
    examples(comparison, out);
    String seen =
        "%s --revision %d --beside %d"
            .formatted(name, candidate.getPolicy().getRevision(), candidate.getBeside());
    out.println("next: interdict rollout start " + seen + " --steps 10%:10m,50%:10m,100%");
    out.println("or:   interdict candidate promote " + seen + " --confirm-within 10m");
  }

  private void examples(Comparison comparison, PrintWriter out) {
    List<Difference> shown =
        comparison.getDifferencesList().stream()
            .sorted(Comparator.comparingLong(Difference::getAsked).reversed())
            .limit(Math.max(0, limit))
            .toList();
    if (!shown.isEmpty()) {
      Table table = new Table("DIFFERENCE", "ASKED", "HOOK", "PROGRAM", "OBJECT", "WHY");
      shown.forEach(one -> row(table, one));
      out.print(table.render());
    }
    int left = comparison.getDifferencesCount() - shown.size();
    if (left > 0) {
      out.println("and " + left + " more: --limit, or -o json");
    }
    if (comparison.getOmitted() > 0) {
      out.println(
          "and " + comparison.getOmitted() + " questions of keys that no example was kept of");
    }
  }

  private static void row(Table table, Difference one) {
    Decision example = one.getExample();
    table.row(
        words(one.getKind()),
        one.getAsked(),
        example.getHook(),
        example.hasSubject() ? example.getSubject().getExe() : "",
        example.getObject(),
        example.getFindingsList().stream()
            .flatMap(CandidateShowCommand::reasons)
            .distinct()
            .collect(Collectors.joining("; ")));
  }

  private static Stream<String> reasons(PolicyFinding finding) {
    return Stream.of(finding.getDenyList(), finding.getKillList(), finding.getWarnList())
        .flatMap(List::stream);
  }

  private static String words(DifferenceKind kind) {
    return switch (kind) {
      case DIFFERENCE_KIND_NEWLY_DENIED -> "newly denied";
      case DIFFERENCE_KIND_NEWLY_ALLOWED -> "newly allowed";
      case DIFFERENCE_KIND_UNDECIDED -> "undecided";
      case DIFFERENCE_KIND_UNSPECIFIED, UNRECOGNIZED -> "unknown to this interdict";
    };
  }
}
