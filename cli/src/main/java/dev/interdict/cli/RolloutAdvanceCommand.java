package dev.interdict.cli;

import dev.interdict.v1.AdvanceRolloutRequest;
import dev.interdict.v1.AdvanceRolloutResponse;
import dev.interdict.v1.RolloutServiceGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code interdict rollout advance}. */
@Command(
    name = "advance",
    mixinStandardHelpOptions = true,
    description = "Make the next step before its time, if all gates pass.")
final class RolloutAdvanceCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The name of policy and candidate.")
  String policy;

  @Option(
      names = "--now",
      description = "Whatever the gates say: for an emergency. It stands in the history.")
  boolean now;

  @Mixin Message message;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    AdvanceRolloutRequest request =
        AdvanceRolloutRequest.newBuilder()
            .setPolicy(policy)
            .setNow(now)
            .setMessage(message.text)
            .build();
    AdvanceRolloutResponse response =
        engine.ask(RolloutServiceGrpc::newBlockingStub, service -> service.advanceRollout(request));
    output.print(
        Trees.of(response),
        out -> {
          if (response.hasRollout()) {
            RolloutTable.print(response.getRollout(), output.style(), out);
          } else {
            out.println(Text.word(policy) + ": the candidate is in force; interdict status");
          }
        });
    return ExitCode.OK;
  }
}
