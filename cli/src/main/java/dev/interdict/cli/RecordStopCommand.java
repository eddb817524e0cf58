package dev.interdict.cli;

import dev.interdict.v1.Recording;
import dev.interdict.v1.RecordingServiceGrpc;
import dev.interdict.v1.StopRecordingRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code interdict record stop}. */
@Command(
    name = "stop",
    mixinStandardHelpOptions = true,
    description = "End the recording; all of it is on the disk then.")
final class RecordStopCommand implements Callable<Integer> {
  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    Recording ended =
        engine
            .ask(
                RecordingServiceGrpc::newBlockingStub,
                service -> service.stopRecording(StopRecordingRequest.getDefaultInstance()))
            .getRecording();
    output.print(
        Trees.of(ended),
        out -> {
          out.printf(
              "recording %d: %d tuples, asked %d times, %d bytes%n",
              ended.getId(), ended.getTuples(), ended.getAsks(), ended.getBytes());
          if (ended.getLost() > 0) {
            out.println(output.style().yellow("missing: " + ended.getLost() + " times"));
          }
          out.println("next: interdict record export FILE");
        });
    return ExitCode.OK;
  }
}
