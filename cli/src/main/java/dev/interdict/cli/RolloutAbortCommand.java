package dev.interdict.cli;

import dev.interdict.v1.AbortRolloutRequest;
import dev.interdict.v1.AbortRolloutResponse;
import dev.interdict.v1.RolloutServiceGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict rollout abort}. */
@Command(
    name = "abort",
    mixinStandardHelpOptions = true,
    description = "Put back what was in force before, everywhere.")
final class RolloutAbortCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The name of policy and candidate.")
  String policy;

  @Mixin Message message;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    AbortRolloutRequest request =
        AbortRolloutRequest.newBuilder().setPolicy(policy).setMessage(message.text).build();
    AbortRolloutResponse response =
        engine.ask(RolloutServiceGrpc::newBlockingStub, service -> service.abortRollout(request));
    output.print(
        Trees.of(response),
        out ->
            out.println(
                "rollout of " + Text.word(policy) + " aborted; its candidate refuses nothing"));
    return ExitCode.OK;
  }
}
