package dev.interdict.cli;

import dev.interdict.v1.CandidateServiceGrpc;
import dev.interdict.v1.Mode;
import dev.interdict.v1.PromoteCandidateRequest;
import dev.interdict.v1.PromoteCandidateResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict candidate promote}. */
@Command(
    name = "promote",
    mixinStandardHelpOptions = true,
    description = {
      "Bring a candidate into force in place of the policy of its name.",
      "What it has decided counts, and the mode that was set for the policy stays."
    })
final class CandidatePromoteCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The policy's name.")
  String policy;

  @Mixin Message message;
  @Mixin SeenCandidate seen;
  @Mixin ConfirmWithin confirmWithin;
  @Mixin AcceptLockout acceptLockout;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    PromoteCandidateRequest.Builder request =
        PromoteCandidateRequest.newBuilder()
            .setPolicy(policy)
            .setAcceptLockout(acceptLockout.of(policy))
            .setMessage(message.text)
            .setRevision(seen.revision())
            .setBeside(seen.beside());
    if (confirmWithin.given()) {
      request.setConfirmWithin(confirmWithin.proto());
    }
    PromoteCandidateResponse response =
        engine.ask(
            CandidateServiceGrpc::newBlockingStub,
            service -> service.promoteCandidate(request.build()));
    String name = Text.word(policy);
    output.print(
        Trees.of(response),
        out -> {
          out.printf(
              "%s: revision %d is in force, %s%n",
              name,
              response.getPolicy().getRevision(),
              response.getPolicy().getMode().getEffective() == Mode.MODE_ENFORCE
                  ? "enforcing"
                  : "in audit");
          ConfirmWithin.tell(response.getPendingId(), response.getPendingUntil(), out);
          out.println("next: interdict watch --policy " + name);
        });
    return ExitCode.OK;
  }
}
