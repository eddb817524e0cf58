package dev.interdict.engine;

import dev.interdict.control.Check;
import dev.interdict.worker.Worker;
import java.util.List;
import java.util.stream.Collectors;

/** The engine's threads as {@code interdict doctor} shows them. */
final class ThreadCheck {
  private static final String NAME = "engine threads";

  private ThreadCheck() {}

  static Check of(List<Worker.Health> threads) {
    String dead = list(threads.stream().filter(t -> !t.alive()).toList());
    if (!dead.isEmpty()) {
      return new Check(
          NAME,
          Check.Result.FAILED,
          "dead: " + dead,
          "restart the engine; its log says why. What is enforced stays enforced meanwhile");
    }
    String failing = list(threads.stream().filter(t -> t.failedInRow() > 0).toList());
    return failing.isEmpty()
        ? new Check(
            NAME,
            Check.Result.OK,
            threads.stream().map(Worker.Health::name).collect(Collectors.joining(", ")) + " live",
            "")
        : new Check(
            NAME,
            Check.Result.WARNING,
            "failing: " + failing,
            "the engine's log has the trace; restart the engine if it does not end");
  }

  private static String list(List<Worker.Health> threads) {
    return threads.stream()
        .map(t -> t.name() + " (" + t.lastFailure() + ")")
        .collect(Collectors.joining(", "));
  }
}
