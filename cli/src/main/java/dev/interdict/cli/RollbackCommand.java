package dev.interdict.cli;

import dev.interdict.v1.HistoryServiceGrpc;
import dev.interdict.v1.RollbackPolicyRequest;
import dev.interdict.v1.RollbackPolicyResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code interdict rollback}. */
@Command(
    name = "rollback",
    mixinStandardHelpOptions = true,
    description = {
      "Bring a revision that a policy had back into force, as a new one.",
      "Also of a policy that was deleted. The mode that was set for the policy stays."
    })
final class RollbackCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The policy's name.")
  String policy;

  @Option(
      names = "--to",
      paramLabel = "REVISION",
      defaultValue = "0",
      description = "Its number in interdict history; none: the latest with another content.")
  long revision;

  @Mixin Message message;
  @Mixin ConfirmWithin confirmWithin;
  @Mixin AcceptLockout acceptLockout;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    RollbackPolicyRequest.Builder request =
        RollbackPolicyRequest.newBuilder()
            .setPolicy(policy)
            .setRevision(revision)
            .setAcceptLockout(acceptLockout.of(policy))
            .setMessage(message.text);
    if (confirmWithin.given()) {
      request.setConfirmWithin(confirmWithin.proto());
    }
    RollbackPolicyResponse response =
        engine.ask(
            HistoryServiceGrpc::newBlockingStub,
            service -> service.rollbackPolicy(request.build()));
    String name = Text.word(policy);
    output.print(
        Trees.of(response),
        out -> {
          out.printf(
              "%s %s: revision %d is in force%n",
              name,
              Trees.word(response.getResult().getValueDescriptor()),
              response.getPolicy().getRevision());
          ConfirmWithin.tell(response.getPendingId(), response.getPendingUntil(), out);
          out.println("next: interdict diff " + name);
        });
    return ExitCode.OK;
  }
}
