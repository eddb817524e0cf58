package dev.interdict.cli;

import dev.interdict.v1.GetStatusRequest;
import dev.interdict.v1.GetStatusResponse;
import dev.interdict.v1.HookStatus;
import dev.interdict.v1.Mode;
import dev.interdict.v1.NodeServiceGrpc;
import dev.interdict.v1.PendingChange;
import dev.interdict.v1.ThreadStatus;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code interdict status}. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Show what is attached, in force, counted and lost, and where bundles come from.")
final class StatusCommand implements Callable<Integer> {
  /** Counters of answers without a decision. */
  static final List<String> WITHOUT_ANSWER =
      List.of("gave_up", "stale", "cannot", "crowded", "no_waiter", "at_once");

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    GetStatusResponse status =
        engine.ask(
            NodeServiceGrpc::newBlockingStub,
            node -> node.getStatus(GetStatusRequest.getDefaultInstance()));
    output.print(Trees.of(status), out -> table(status, out));
    return ExitCode.OK;
  }

  private void table(GetStatusResponse status, PrintWriter out) {
    Duration up = Duration.between(Trees.instant(status.getStarted()), Instant.now());
    out.printf(
        "engine    %s, pid %d, up %s, kernel %s%n",
        Text.word(status.getVersion()), status.getPid(), up(up), Text.word(status.getKernel()));
    out.printf("mode      %s%n", mode(status.getMode()));
    out.printf("policies  %d in force", status.getPolicies());
    out.println(
        status.getProblems() == 0
            ? ""
            : output.style().red(", " + status.getProblems() + " not: interdict policy list"));
    if (status.hasPending()) {
      PendingChange pending = status.getPending();
      out.printf(
          "waiting   change %d, %s %s: undone at %s, unless you: interdict confirm %1$d%n",
          pending.getId(),
          HistoryCommand.whose(pending.getChange()),
          HistoryCommand.words(pending.getChange()),
          Trees.instant(pending.getUntil()).truncatedTo(ChronoUnit.SECONDS));
    }
    if (!status.getRollout().isEmpty()) {
      out.printf(
          "rollout   %s, in %d %% of the units: interdict rollout status%n",
          Text.word(status.getRollout()), status.getRolloutPercent());
    }
    out.printf("verdicts  %d processes, %d packets%n", status.getVerdicts(), status.getFlows());
    out.printf("threads   %s%n", threads(status.getThreadsList()));
    out.printf(
        "watchers  %d, lost %d decisions in all%n%n",
        status.getWatchers(), status.getWatcherLost());
    Table hooks =
        new Table("HOOK", "ATTACHED", "HITS", "MISSES", "DENIED", "WOULD-DENY", "GAVE-UP", "LOST");
    for (HookStatus hook : status.getHooksList()) {
      hooks.row(
          hook.getHook(),
          hook.getAttached() ? "yes" : "no",
          counter(hook, "hits"),
          counter(hook, "misses"),
          counter(hook, "denied"),
          counter(hook, "would_deny"),
          WITHOUT_ANSWER.stream().mapToLong(name -> counter(hook, name)).sum(),
          counter(hook, "lost_decide") + counter(hook, "lost_observe"));
    }
    out.print(hooks.render());
    Map<String, List<String>> missing = new TreeMap<>();
    for (HookStatus hook : status.getHooksList()) {
      if (!hook.getAttached()) {
        missing.computeIfAbsent(hook.getDetail(), d -> new ArrayList<>()).add(hook.getHook());
      }
    }
    missing.forEach(
        (detail, names) -> out.println(String.join(", ", names) + ": " + Text.line(detail)));
    for (String gap : status.getGapsList()) {
      out.println(output.style().red("not guarded") + "  " + Text.line(gap));
    }
    BundleTable.print(status.getBundlesList(), output.style(), out);
    if (!status.getCountersMap().isEmpty()) {
      out.println();
      new TreeMap<>(status.getCountersMap())
          .forEach((name, count) -> out.printf("%-28s %d%n", Text.word(name), count));
    }
  }

  private String threads(List<ThreadStatus> threads) {
    return threads.stream()
        .map(
            thread -> {
              String name = Text.word(thread.getName());
              if (!thread.getAlive()) {
                return output.style().red(name + " DEAD: " + Text.line(thread.getLastFailure()));
              }
              return thread.getFailedInRow() > 0
                  ? output.style().red(name + " failing: " + Text.line(thread.getLastFailure()))
                  : thread.getFailed() > 0
                      ? name + " (failed " + thread.getFailed() + " times)"
                      : name;
            })
        .collect(Collectors.joining(", "));
  }

  private String mode(Mode mode) {
    return mode == Mode.MODE_AUDIT
        ? output.style().yellow("audit: nothing on this host is refused")
        : "enforce: each policy's own mode counts";
  }

  private static long counter(HookStatus hook, String name) {
    return hook.getCountersOrDefault(name, 0);
  }

  private static String up(Duration up) {
    return up.toString().substring(2).replaceAll("\\.\\d+", "").toLowerCase(Locale.ROOT);
  }
}
