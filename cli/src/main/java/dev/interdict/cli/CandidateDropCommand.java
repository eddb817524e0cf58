package dev.interdict.cli;

import dev.interdict.v1.CandidateServiceGrpc;
import dev.interdict.v1.DropCandidateRequest;
import dev.interdict.v1.DropCandidateResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code interdict candidate drop}. */
@Command(
    name = "drop",
    mixinStandardHelpOptions = true,
    description = "Take a candidate away; the policy in force stays as it is.")
final class CandidateDropCommand implements Callable<Integer> {
  @Parameters(paramLabel = "POLICY", description = "The policy's name.")
  String policy;

  @Option(names = "--revision", paramLabel = "N", description = "Only if it is this one still.")
  long revision;

  @Mixin Message message;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    DropCandidateRequest request =
        DropCandidateRequest.newBuilder()
            .setPolicy(policy)
            .setMessage(message.text)
            .setRevision(revision)
            .build();
    DropCandidateResponse response =
        engine.ask(
            CandidateServiceGrpc::newBlockingStub, service -> service.dropCandidate(request));
    output.print(
        Trees.of(response),
        out -> out.println("the candidate of " + Text.word(policy) + " is dropped"));
    return ExitCode.OK;
  }
}
