package dev.interdict.cli;

import com.google.protobuf.Duration;
import dev.interdict.v1.RolloutServiceGrpc;
import dev.interdict.v1.StartRolloutRequest;
import dev.interdict.v1.StartRolloutResponse;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code interdict rollout start}. */
@Command(
    name = "start",
    mixinStandardHelpOptions = true,
    description = {
      "Bring the candidate of a policy into force in steps.",
      "The kernel ends it by itself if a step is not followed by another in time."
    },
    footer = {
      "",
      "Gates, with their limits: newly-denied-keys 0 and newly-denied-units 0 (beyond those",
      "at the start), fallbacks 0, evaluation-failures 0, over-rate 0; always 0:",
      "protected-denials, budget-trips."
    })
final class RolloutStartCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The name of policy and candidate.")
  String policy;

  @Option(
      names = "--steps",
      required = true,
      paramLabel = "STEPS",
      converter = RolloutSteps.Converter.class,
      description = "Such as 10%%:10m,50%%:10m,100%%: share of the units, and how long at least.")
  RolloutSteps steps;

  @Option(
      names = "--min-keys",
      paramLabel = "N",
      defaultValue = "100",
      description =
          "Keys both must have been asked about before gates pass (default: ${DEFAULT-VALUE}).")
  long minKeys;

  @Option(
      names = "--gate",
      paramLabel = "GATE=LIMIT",
      description = "Another limit of a gate; may be repeated.")
  Map<String, Long> gates = new TreeMap<>();

  @Option(
      names = "--patience",
      paramLabel = "TIME",
      converter = RolloutSteps.Time.class,
      defaultValue = "1h",
      description = {
        "How long a step is prolonged while its gates cannot tell, 1s to 1d",
        "(default: ${DEFAULT-VALUE}). Then the rollout ends."
      })
  Duration patience;

  @Spec CommandSpec spec;
  @Mixin SeenCandidate seen;
  @Mixin ConfirmWithin confirmWithin;
  @Mixin AcceptLockout acceptLockout;
  @Mixin Message message;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    if (minKeys < 1) {
      throw wrong("--min-keys is " + minKeys + "; it is at least 1");
    }
    StartRolloutRequest.Builder request =
        StartRolloutRequest.newBuilder()
            .setPolicy(policy)
            .setRevision(seen.revision())
            .setBeside(seen.beside())
            .addAllSteps(steps.list())
            .setMinKeys(minKeys)
            .setPatience(patience)
            .setAcceptLockout(acceptLockout.of(policy))
            .setMessage(message.text);
    gates.forEach(
        (gate, limit) -> {
          if (limit < 0) {
            throw wrong("the limit of " + gate + " is " + limit + "; it is at least 0");
          }
          request.putLimits(gate, limit);
        });
    if (confirmWithin.given()) {
      request.setConfirmWithin(confirmWithin.proto());
    }
    StartRolloutResponse response =
        engine.ask(
            RolloutServiceGrpc::newBlockingStub, service -> service.startRollout(request.build()));
    output.print(
        Trees.of(response), out -> RolloutTable.print(response.getRollout(), output.style(), out));
    return ExitCode.OK;
  }

  private CommandLine.ParameterException wrong(String why) {
    return new CommandLine.ParameterException(spec.commandLine(), why);
  }
}
