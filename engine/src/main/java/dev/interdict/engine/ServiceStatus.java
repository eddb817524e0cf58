package dev.interdict.engine;

import dev.interdict.control.PolicyControl;
import dev.interdict.control.PolicyStatus;
import dev.interdict.control.Snapshot;
import dev.interdict.delivery.Deliveries;
import dev.interdict.delivery.SourceStatus;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.worker.Worker;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The engine in one line, for who manages services: what is in force, and what is wrong first.
 *
 * @param threads how each is
 */
record ServiceStatus(
    PolicyControl control,
    Deliveries bundles,
    Supplier<Snapshot> snapshot,
    Supplier<List<Worker.Health>> threads)
    implements Supplier<String> {

  @Override
  public String get() {
    return line(
        control.hostMode(),
        control.list(),
        threads.get(),
        bundles.statuses(),
        snapshot.get().unguarded());
  }

  /** The worst first, since a line is cut at its end. */
  static String line(
      Mode host,
      List<PolicyStatus> policies,
      List<Worker.Health> threads,
      List<SourceStatus> sources,
      List<String> gaps) {
    List<String> wrong = new ArrayList<>();
    wrong(
        wrong,
        "threads that fail: ",
        threads.stream().filter(t -> !t.alive() || t.failedInRow() > 0).map(Worker.Health::name));
    wrong(
        wrong,
        "policies not in force: ",
        policies.stream().filter(p -> p.problem() != null).map(PolicyStatus::name));
    wrong(
        wrong,
        "bundles that fail: ",
        sources.stream().filter(s -> s.error() != null).map(SourceStatus::name));
    wrong.addAll(gaps);
    long inForce = policies.stream().filter(p -> p.problem() == null).count();
    long refuse = policies.stream().filter(p -> p.mode().effective() == Mode.ENFORCE).count();
    String mode = host.name().toLowerCase(Locale.ROOT);
    String state = "host in %s, %d policies in force, %d refuse".formatted(mode, inForce, refuse);
    return wrong.isEmpty() ? state : state + "; wrong: " + String.join("; ", wrong);
  }

  private static void wrong(List<String> all, String what, Stream<String> names) {
    List<String> found = names.toList();
    if (!found.isEmpty()) {
      all.add(what + String.join(", ", found));
    }
  }
}
