package dev.interdict.cli;

import dev.interdict.v1.DecisionServiceGrpc;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.Outcome;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.WatchDecisionsRequest;
import dev.interdict.v1.WatchDecisionsResponse;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code interdict watch}. */
@Command(
    name = "watch",
    mixinStandardHelpOptions = true,
    description = "Print decisions as they are made: denials, and what enforcing would deny.",
    footer = {"", "Repeat a filter to widen it; different filters must all hold."})
final class WatchCommand implements Callable<Integer> {
  /** One line, or a document, per decision. */
  enum Format {
    COMPACT,
    JSON,
    YAML;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What to show; the engine's outcomes in the words of people. */
  enum Shown {
    ALLOWED(Outcome.OUTCOME_ALLOWED),
    DENIED(Outcome.OUTCOME_DENIED),
    WOULD_DENY(Outcome.OUTCOME_WOULD_DENY);

    private final Outcome outcome;

    Shown(Outcome outcome) {
      this.outcome = outcome;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** The words of people, and an error that lists them. */
  static final class ShownConverter implements CommandLine.ITypeConverter<Shown> {
    @Override
    public Shown convert(String word) {
      for (Shown shown : Shown.values()) {
        if (shown.toString().equalsIgnoreCase(word.replace('_', '-'))) {
          return shown;
        }
      }
      throw new CommandLine.TypeConversionException(
          "it is allowed, denied or would-deny, not \"" + Text.line(word) + "\"");
    }
  }

  private static final long MAX_UID = 0xffff_ffffL;

  @Spec CommandSpec spec;
  @Mixin Engine engine;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "compact",
      description = "compact, json (one line each) or yaml (default: ${DEFAULT-VALUE}).")
  Format format;

  @Option(
      names = "--outcome",
      converter = ShownConverter.class,
      description = "allowed, denied or would-deny (default: all but allowed).")
  List<Shown> outcomes = new ArrayList<>();

  @Option(names = "--all", description = "First-time allows too.")
  boolean all;

  @Option(names = "--hook", description = "Such as file_open.")
  List<String> hooks = new ArrayList<>();

  @Option(names = "--policy", description = "A policy that objects.")
  List<String> policies = new ArrayList<>();

  @Option(names = "--uid", description = "User id of the process.")
  List<Long> uids = new ArrayList<>();

  @Option(names = "--exe", paramLabel = "GLOB", description = "Path of the executable.")
  List<String> executables = new ArrayList<>();

  @Option(names = "--cgroup", paramLabel = "PATH", description = "A cgroup with all below it.")
  List<String> cgroups = new ArrayList<>();

  @Option(
      names = "--last",
      paramLabel = "N",
      description =
          "Begin with the latest N that are kept, 4096 at most (default: ${DEFAULT-VALUE}).",
      defaultValue = "0")
  int last;

  @Option(names = "--no-follow", description = "End after them.")
  boolean noFollow;

  @Option(names = "--count", paramLabel = "N", description = "End after N decisions.")
  long count = Long.MAX_VALUE;

  @Override
  public Integer call() {
    if (last < 0 || count < 1) {
      throw usage(last < 0 ? "--last is 0 or more" : "--count is 1 or more");
    }
    if (uids.stream().anyMatch(uid -> uid < 0 || uid > MAX_UID)) {
      throw usage("--uid is a user id, from 0 to " + MAX_UID);
    }
    policies.forEach(this::require);
    PrintWriter out = spec.commandLine().getOut();
    CompactLine line = new CompactLine(Main.style(spec.commandLine()));
    return engine.ask(
        DecisionServiceGrpc::newBlockingStub,
        service -> {
          Iterator<WatchDecisionsResponse> events = service.watchDecisions(request());
          long rest = count;
          while (rest > 0 && !out.checkError() && events.hasNext()) {
            WatchDecisionsResponse event = events.next();
            print(event, line, out);
            rest -= event.hasDecision() ? 1 : 0;
          }
          return ExitCode.OK;
        },
        null);
  }

  private CommandLine.ParameterException usage(String message) {
    return new CommandLine.ParameterException(spec.commandLine(), message);
  }

  /** Of a policy that is not there, nothing would ever be heard. */
  private void require(String policy) {
    engine.ask(
        PolicyServiceGrpc::newBlockingStub,
        service -> service.getPolicy(GetPolicyRequest.newBuilder().setName(policy).build()));
  }

  private void print(WatchDecisionsResponse event, CompactLine line, PrintWriter out) {
    if (event.hasHeartbeat()) {
      return;
    }
    if (format == Format.COMPACT) {
      out.println(event.hasLost() ? line.lost(event.getLost()) : line.of(event.getDecision()));
    } else {
      Map<String, Object> tree =
          event.hasLost() ? Map.of("lost", event.getLost()) : Trees.of(event.getDecision());
      out.print(
          Output.streamed(format == Format.YAML ? Output.Format.YAML : Output.Format.JSON, tree));
    }
    out.flush();
  }

  private WatchDecisionsRequest request() {
    WatchDecisionsRequest.Builder request =
        WatchDecisionsRequest.newBuilder()
            .addAllHooks(hooks)
            .addAllPolicies(policies)
            .addAllUids(uids.stream().map(Long::intValue).toList())
            .addAllExecutables(executables)
            .addAllCgroups(cgroups)
            .setLast(last)
            .setNoFollow(noFollow);
    for (Shown shown : all ? List.of(Shown.values()) : outcomes) {
      request.addOutcomes(shown.outcome);
    }
    return request.build();
  }
}
