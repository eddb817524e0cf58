package dev.interdict.cli;

import dev.interdict.v1.ModeServiceGrpc;
import dev.interdict.v1.ResetBudgetRequest;
import dev.interdict.v1.ResetBudgetResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict mode reset}. */
@Command(
    name = "reset",
    mixinStandardHelpOptions = true,
    description = "Let a policy refuse again after its budget was used up, or take its alarm back.")
final class ModeResetCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The policy whose budget is used up.")
  String policy;

  @Mixin Message message;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    ResetBudgetResponse response =
        engine.ask(
            ModeServiceGrpc::newBlockingStub,
            service ->
                service.resetBudget(
                    ResetBudgetRequest.newBuilder()
                        .setPolicy(policy)
                        .setMessage(message.text)
                        .build()));
    output.print(
        Trees.of(response),
        out ->
            out.printf(
                "%s: %s, with a new budget%nnext: interdict watch --policy %s%n",
                Text.word(policy),
                Modes.word(response.getMode().getEffective()),
                Text.word(policy)));
    return ExitCode.OK;
  }
}
