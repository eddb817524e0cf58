package dev.interdict.cli;

import dev.interdict.v1.BundleServiceGrpc;
import dev.interdict.v1.DropBundleRequest;
import dev.interdict.v1.DropBundleResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict bundle drop}. */
@Command(
    name = "drop",
    mixinStandardHelpOptions = true,
    description =
        "Take out of force all policies of a source that is not configured any more, and forget it.")
final class BundleDropCommand implements Callable<Integer> {
  @Parameters(paramLabel = "SOURCE", description = "The source, as interdict status names it.")
  String source;

  @Mixin Message message;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    DropBundleResponse response =
        engine.ask(
            BundleServiceGrpc::newBlockingStub,
            service ->
                service.dropBundle(
                    DropBundleRequest.newBuilder()
                        .setName(source)
                        .setMessage(message.text)
                        .build()));
    output.print(
        Trees.of(response),
        out ->
            out.printf(
                "%s: %d %s out of force%nnext: interdict policy list%n",
                Text.word(source),
                response.getPolicies(),
                response.getPolicies() == 1 ? "policy is" : "policies are"));
    return ExitCode.OK;
  }
}
