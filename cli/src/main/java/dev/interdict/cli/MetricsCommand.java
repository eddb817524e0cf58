package dev.interdict.cli;

import dev.interdict.metrics.Alerts;
import dev.interdict.metrics.Dashboard;
import dev.interdict.metrics.Metric;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code interdict metrics}. */
@Command(
    name = "metrics",
    mixinStandardHelpOptions = true,
    header = {
      "Try it:",
      "  interdict engine --metrics unix:/run/interdict/metrics.sock",
      "  interdict metrics alerts > /etc/prometheus/rules/interdict.yaml",
      "  interdict metrics dashboard > interdict.json",
      ""
    },
    description = "What an engine with --metrics serves, and what is made of it.")
final class MetricsCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "which command?");
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Print the metrics as a table: name, type, labels, what they say.")
  int list() {
    return print(Metric.markdown());
  }

  @Command(
      name = "alerts",
      mixinStandardHelpOptions = true,
      description = "Print alerting rules for Prometheus.")
  int alerts() {
    return print(Alerts.yaml());
  }

  @Command(
      name = "dashboard",
      mixinStandardHelpOptions = true,
      description = "Print a dashboard for Grafana: Dashboards, New, Import.")
  int dashboard() {
    return print(Dashboard.json());
  }

  private int print(String text) {
    spec.commandLine().getOut().print(text);
    return ExitCode.OK;
  }
}
