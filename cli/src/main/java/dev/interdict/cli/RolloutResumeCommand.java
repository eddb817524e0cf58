package dev.interdict.cli;

import dev.interdict.v1.ResumeRolloutRequest;
import dev.interdict.v1.ResumeRolloutResponse;
import dev.interdict.v1.RolloutServiceGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict rollout resume}. */
@Command(
    name = "resume",
    mixinStandardHelpOptions = true,
    description = "Go on after a pause: the step begins anew.")
final class RolloutResumeCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The name of policy and candidate.")
  String policy;

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    ResumeRolloutRequest request = ResumeRolloutRequest.newBuilder().setPolicy(policy).build();
    ResumeRolloutResponse response =
        engine.ask(RolloutServiceGrpc::newBlockingStub, service -> service.resumeRollout(request));
    output.print(
        Trees.of(response), out -> RolloutTable.print(response.getRollout(), output.style(), out));
    return ExitCode.OK;
  }
}
