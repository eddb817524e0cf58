package dev.interdict.cli;

import dev.interdict.v1.AllowOlderRequest;
import dev.interdict.v1.AllowOlderResponse;
import dev.interdict.v1.BundleServiceGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict bundle allow-older}. */
@Command(
    name = "allow-older",
    mixinStandardHelpOptions = true,
    description = {
      "Take the next bundle of a source whatever its serial, once, and ask for it now.",
      "Have the older bundle served first."
    })
final class BundleAllowOlderCommand implements Callable<Integer> {
  @Parameters(paramLabel = "SOURCE", description = "The source, as interdict status names it.")
  String source;

  @Mixin Message message;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    AllowOlderResponse response =
        engine.ask(
            BundleServiceGrpc::newBlockingStub,
            service ->
                service.allowOlder(
                    AllowOlderRequest.newBuilder()
                        .setName(source)
                        .setMessage(message.text)
                        .build()));
    output.print(
        Trees.of(response),
        out ->
            out.printf(
                "%s: its next bundle is taken whatever its serial%nnext: interdict status%n",
                Text.word(source)));
    return ExitCode.OK;
  }
}
