package dev.interdict.cli;

import dev.interdict.v1.ListRecordingsRequest;
import dev.interdict.v1.ListRecordingsResponse;
import dev.interdict.v1.Recording;
import dev.interdict.v1.RecordingServiceGrpc;
import java.io.PrintWriter;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code interdict record list}. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "Show the recordings of this host; together they have at most 256 MiB.")
final class RecordListCommand implements Callable<Integer> {
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    ListRecordingsResponse found =
        engine.ask(
            RecordingServiceGrpc::newBlockingStub,
            service -> service.listRecordings(ListRecordingsRequest.getDefaultInstance()));
    output.print(Trees.of(found), out -> table(found, out));
    return ExitCode.OK;
  }

  private static void table(ListRecordingsResponse found, PrintWriter out) {
    if (found.getRecordingsCount() == 0) {
      out.println("no recordings");
      return;
    }
    Table table = new Table("ID", "STARTED", "LAST", "STATE", "BYTES", "TUPLES", "LOST", "WITHOUT");
    for (Recording one : found.getRecordingsList()) {
      // Of one that another engine began nobody knows it.
      boolean counted = one.getUnderWay() || one.getAsks() > 0 || one.getLost() > 0;
      table.row(
          one.getId(),
          Trees.instant(one.getStarted()).truncatedTo(ChronoUnit.SECONDS),
          Trees.instant(one.getLast()).truncatedTo(ChronoUnit.SECONDS),
          one.getUnderWay() ? "under way" : "over",
          one.getBytes(),
          counted ? one.getTuples() : "-",
          counted ? one.getLost() : "-",
          one.getRedactedCount() == 0 ? "-" : String.join(", ", one.getRedactedList()));
    }
    out.print(table.render());
  }
}
