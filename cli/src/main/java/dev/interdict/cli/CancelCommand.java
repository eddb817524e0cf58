package dev.interdict.cli;

import dev.interdict.v1.CancelChangeRequest;
import dev.interdict.v1.CancelChangeResponse;
import dev.interdict.v1.LeaseServiceGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict cancel}. */
@Command(
    name = "cancel",
    mixinStandardHelpOptions = true,
    description = "Undo a change that was made with --confirm-within at once.")
final class CancelCommand implements Callable<Integer> {
  @Parameters(paramLabel = "ID", description = "Its number; see interdict status.")
  long id;

  @Mixin Message message;
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    CancelChangeRequest request =
        CancelChangeRequest.newBuilder().setId(id).setMessage(message.text).build();
    CancelChangeResponse response =
        engine.ask(LeaseServiceGrpc::newBlockingStub, service -> service.cancelChange(request));
    output.print(
        Trees.of(response),
        out -> out.println("change " + id + " is undone: what was before is in force"));
    return ExitCode.OK;
  }
}
