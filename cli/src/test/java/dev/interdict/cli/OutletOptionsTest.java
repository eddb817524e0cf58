package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.decisions.DecisionFile;
import dev.interdict.engine.Outlets;
import dev.interdict.metrics.Alerts;
import dev.interdict.metrics.Dashboard;
import dev.interdict.metrics.Metric;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class OutletOptionsTest {
  private static Outlets parse(String... arguments) {
    OutletOptions options = new OutletOptions();
    new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("outlets", mixin(options)))
        .parseArgs(arguments);
    return options.outlets();
  }

  private static CommandLine.Model.CommandSpec mixin(OutletOptions options) {
    return CommandLine.Model.CommandSpec.forAnnotatedObject(options);
  }

  @Test
  void nothingMustBeToldUnlessItIsAskedFor() {
    assertEquals(Outlets.NONE, parse());
    assertNull(parse("--decision-log-mib", "3").decisionLog());
  }

  @Test
  void theDecisionLogMustBeAsItsOptionsSay() {
    assertEquals(
        new DecisionFile.Config(
            Path.of("/l/d"), 16L << 20, 8, Duration.ofSeconds(10), DecisionFile.Format.INTERDICT),
        parse("--decision-log", "/l/d").decisionLog());
    assertEquals(
        new DecisionFile.Config(
            Path.of("d"), 4096L << 20, 2, Duration.ZERO, DecisionFile.Format.OCSF),
        parse(
                "--decision-log=d",
                "--decision-log-format=ocsf",
                "--decision-log-mib=4096",
                "--decision-log-files=2",
                "--decision-log-fold=0")
            .decisionLog());
  }

  @Test
  void metricsMustBeServedByThisHostOnly() {
    assertEquals("unix:/run/m", parse("--metrics", "unix:/run/m").metrics().toString());
    assertEquals("127.0.0.1:9417", parse("--metrics", "127.0.0.1:9417").metrics().toString());
    Failure refused = assertThrows(Failure.class, () -> parse("--metrics", "0.0.0.0:9417"));
    assertEquals(ExitCode.USAGE, refused.exitCode());
    assertTrue(refused.getMessage().contains("a port of this host"), refused.getMessage());
  }

  @Test
  void whatIsMadeOfMetricsMustBePrinted() {
    assertEquals(Alerts.yaml(), Cli.run("metrics", "alerts").out());
    assertEquals(Dashboard.json(), Cli.run("metrics", "dashboard").out());
    assertEquals(Metric.markdown(), Cli.run("metrics", "list").out());
    assertEquals(ExitCode.USAGE, Cli.run("metrics").code());
  }

  @Test
  void whatCannotBeMustBeRefused() {
    for (String wrong :
        new String[] {
          "--decision-log-mib=0",
          "--decision-log-mib=4097",
          "--decision-log-files=1",
          "--decision-log-fold=-1"
        }) {
      Failure refused = assertThrows(Failure.class, () -> parse("--decision-log=d", wrong), wrong);
      assertEquals(ExitCode.USAGE, refused.exitCode());
      assertTrue(refused.getMessage().contains("it is a number from"), refused.getMessage());
    }
    Failure refused =
        assertThrows(Failure.class, () -> parse("--decision-log=d", "--decision-log-format=OCSF"));
    assertEquals("--decision-log-format OCSF: it is interdict or ocsf", refused.getMessage());
    assertEquals(ExitCode.USAGE, refused.exitCode());
  }
}
