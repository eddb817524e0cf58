package dev.interdict.cli;

import dev.interdict.v1.BundleStatus;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** The sources of bundles in {@code interdict status}. */
final class BundleTable {
  private BundleTable() {}

  static void print(List<BundleStatus> sources, Style style, PrintWriter out) {
    if (sources.isEmpty()) {
      return;
    }
    Table table =
        new Table("BUNDLE", "REVISION", "SERIAL", "POLICIES", "ACTIVATED", "ANSWERED", "TRUST");
    for (BundleStatus source : sources) {
      table.row(
          source.getName(),
          source.getRevision().isEmpty() ? "-" : source.getRevision(),
          source.getSerial() < 0 ? "-" : source.getSerial(),
          source.getPolicies(),
          source.hasActivated() ? seconds(Trees.instant(source.getActivated())) : "-",
          source.hasAnswered() ? seconds(Trees.instant(source.getAnswered())) : "-",
          source.getTrust().isEmpty() ? "-" : source.getTrust());
    }
    out.println();
    out.print(table.render());
    for (BundleStatus source : sources) {
      if (!source.getError().isEmpty()) {
        out.println(style.red(Text.word(source.getName()) + ": ") + Text.line(source.getError()));
        source
            .getDiagnosticsList()
            .forEach(
                d ->
                    out.printf(
                        "  %s:%d:%d: %s%n",
                        Text.line(d.getFile()),
                        d.getLine(),
                        d.getColumn(),
                        Text.line(d.getMessage())));
      }
    }
  }

  private static Instant seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS);
  }
}
