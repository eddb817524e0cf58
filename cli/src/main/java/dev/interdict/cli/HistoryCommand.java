package dev.interdict.cli;

import dev.interdict.v1.HistoryEntry;
import dev.interdict.v1.HistoryServiceGrpc;
import dev.interdict.v1.ListChangesRequest;
import dev.interdict.v1.ListChangesResponse;
import dev.interdict.v1.PolicyChange;
import dev.interdict.v1.VerifyHistoryRequest;
import dev.interdict.v1.VerifyHistoryResponse;
import java.io.PrintWriter;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code interdict history}. */
@Command(
    name = "history",
    mixinStandardHelpOptions = true,
    description = "Show what was changed on this host, by whom, and what came of it.",
    footer = {
      "",
      "The last ten revisions of a policy can be compared and brought back:",
      "  interdict diff my-policy 3 4",
      "  interdict rollback my-policy --to 3"
    })
final class HistoryCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "POLICY",
      arity = "0..1",
      description = "Only changes of this policy and of the host.")
  String policy = "";

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "100",
      description = "The latest N changes, at most 1000 (default: ${DEFAULT-VALUE}).")
  int limit;

  @Option(
      names = "--verify",
      description = "Only look whether a line was changed, taken out, put in or cut off.")
  boolean verify;

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    return verify ? verify() : list();
  }

  private int list() {
    ListChangesRequest request =
        ListChangesRequest.newBuilder()
            .setPolicy(policy == null ? "" : policy)
            .setLimit(limit)
            .build();
    ListChangesResponse found =
        engine.ask(HistoryServiceGrpc::newBlockingStub, service -> service.listChanges(request));
    output.print(Trees.of(found), out -> table(found, out));
    return ExitCode.OK;
  }

  private void table(ListChangesResponse found, PrintWriter out) {
    if (found.getEntriesCount() == 0) {
      out.println("no changes");
      return;
    }
    Table table = new Table("ID", "TIME", "POLICY", "CHANGE", "BY", "OUTCOME", "MESSAGE");
    for (HistoryEntry entry : found.getEntriesList()) {
      for (PolicyChange change : entry.getChangesList()) {
        row(table, entry, whose(change), words(change));
      }
      if (entry.getChangesCount() == 0) {
        row(table, entry, "(history)", "changed by others");
      }
    }
    out.print(table.render());
  }

  private static void row(Table table, HistoryEntry entry, String policy, String change) {
    table.row(
        entry.getId(),
        Trees.instant(entry.getTime()).truncatedTo(ChronoUnit.SECONDS),
        policy,
        change,
        entry.getBy(),
        entry.getOutcome().isEmpty() ? "under way or waiting" : entry.getOutcome(),
        entry.getWhy());
  }

  static String whose(PolicyChange change) {
    return change.getPolicy().isEmpty() ? "(host)" : Text.word(change.getPolicy());
  }

  static String words(PolicyChange change) {
    return switch (change.getKind()) {
      case CHANGE_KIND_APPLY -> "revision " + change.getRevision() + " applied";
      case CHANGE_KIND_DELETE -> "deleted";
      case CHANGE_KIND_MODE -> "mode " + Modes.word(change.getMode());
      case CHANGE_KIND_RESET -> "budget reset";
      case CHANGE_KIND_ALLOW_OLDER -> "an older bundle of " + change.getBundle() + " may come";
      case CHANGE_KIND_BREAK_GLASS -> "break-glass";
      case CHANGE_KIND_CANDIDATE -> "revision " + change.getRevision() + " is a candidate";
      case CHANGE_KIND_DROP_CANDIDATE -> "candidate " + change.getRevision() + " dropped";
      case CHANGE_KIND_ROLLOUT -> "rollout of revision " + change.getRevision();
      case CHANGE_KIND_UNSPECIFIED, UNRECOGNIZED -> "unknown to this interdict";
    };
  }

  private int verify() {
    VerifyHistoryResponse found =
        engine.ask(
            HistoryServiceGrpc::newBlockingStub,
            service -> service.verifyHistory(VerifyHistoryRequest.getDefaultInstance()));
    output.print(
        Trees.of(found),
        out ->
            out.println(
                found.getProblem().isEmpty()
                    ? found.getLines() + " lines, all as they were written"
                    : output.style().red("not as it was written: ")
                        + Text.line(found.getProblem())));
    return found.getProblem().isEmpty() ? ExitCode.OK : ExitCode.NO;
  }
}
