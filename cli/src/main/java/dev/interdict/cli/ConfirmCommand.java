package dev.interdict.cli;

import dev.interdict.v1.ConfirmChangeRequest;
import dev.interdict.v1.ConfirmChangeResponse;
import dev.interdict.v1.LeaseServiceGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict confirm}. */
@Command(
    name = "confirm",
    mixinStandardHelpOptions = true,
    description = "Keep a change that was made with --confirm-within.")
final class ConfirmCommand implements Callable<Integer> {
  @Parameters(paramLabel = "ID", description = "Its number; see interdict status.")
  long id;

  @Mixin Message message;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    ConfirmChangeRequest request =
        ConfirmChangeRequest.newBuilder().setId(id).setMessage(message.text).build();
    ConfirmChangeResponse response =
        engine.ask(LeaseServiceGrpc::newBlockingStub, service -> service.confirmChange(request));
    output.print(Trees.of(response), out -> out.println("change " + id + " stays"));
    return ExitCode.OK;
  }
}
