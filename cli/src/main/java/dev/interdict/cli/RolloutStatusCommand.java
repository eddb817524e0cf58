package dev.interdict.cli;

import dev.interdict.v1.GetRolloutRequest;
import dev.interdict.v1.GetRolloutResponse;
import dev.interdict.v1.RolloutServiceGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict rollout status}. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Show the rollout that is under way: its step, its gates, and who is in it.")
final class RolloutStatusCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", arity = "0..1", description = "Only if it is of this policy.")
  String policy = "";

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    GetRolloutRequest request =
        GetRolloutRequest.newBuilder().setPolicy(policy == null ? "" : policy).build();
    GetRolloutResponse found =
        engine.ask(RolloutServiceGrpc::newBlockingStub, service -> service.getRollout(request));
    output.print(
        Trees.of(found),
        out -> {
          if (found.hasRollout()) {
            RolloutTable.print(found.getRollout(), output.style(), out);
          } else {
            out.println("no rollout is under way");
            out.println("next: interdict history says what became of the last one");
          }
        });
    return ExitCode.OK;
  }
}
