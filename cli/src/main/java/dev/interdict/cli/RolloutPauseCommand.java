package dev.interdict.cli;

import dev.interdict.v1.PauseRolloutRequest;
import dev.interdict.v1.PauseRolloutResponse;
import dev.interdict.v1.RolloutServiceGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict rollout pause}. */
@Command(
    name = "pause",
    mixinStandardHelpOptions = true,
    description = "Stay at a step, for a day at most; gates that fail end it all the same.")
final class RolloutPauseCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The name of policy and candidate.")
  String policy;

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    PauseRolloutRequest request = PauseRolloutRequest.newBuilder().setPolicy(policy).build();
    PauseRolloutResponse response =
        engine.ask(RolloutServiceGrpc::newBlockingStub, service -> service.pauseRollout(request));
    output.print(
        Trees.of(response), out -> RolloutTable.print(response.getRollout(), output.style(), out));
    return ExitCode.OK;
  }
}
