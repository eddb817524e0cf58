package dev.interdict.cli;

import dev.interdict.v1.GetModeRequest;
import dev.interdict.v1.GetModeResponse;
import dev.interdict.v1.ModeServiceGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code interdict mode get}. */
@Command(
    name = "get",
    mixinStandardHelpOptions = true,
    description = "Show the host's mode and that of each policy.")
final class ModeGetCommand implements Callable<Integer> {
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    GetModeResponse modes =
        engine.ask(
            ModeServiceGrpc::newBlockingStub,
            service -> service.getMode(GetModeRequest.getDefaultInstance()));
    output.print(
        Trees.of(modes),
        out -> {
          out.println("host: " + Modes.word(modes.getHost()));
          out.print(Modes.table(modes.getPoliciesList(), modes.getHost()).render());
        });
    return ExitCode.OK;
  }
}
