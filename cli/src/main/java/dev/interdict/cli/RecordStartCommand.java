package dev.interdict.cli;

import com.google.protobuf.Duration;
import dev.interdict.v1.Recording;
import dev.interdict.v1.RecordingServiceGrpc;
import dev.interdict.v1.StartRecordingRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code interdict record start}. */
@Command(
    name = "start",
    mixinStandardHelpOptions = true,
    description = {
      "Begin to record what the engine is asked.",
      "It is asked about what the kernel has no verdict on; a recording has what policies in force"
          + " can tell apart, and says what it has not seen."
    },
    footer = {"", "Without paths of files:", "  interdict record start --redact file.path"})
final class RecordStartCommand implements Callable<Integer> {
  private static final long MINUTES_MAX = 366L * 24 * 60;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      defaultValue = "0",
      description = "Stop by itself after so long (default: at interdict record stop).")
  long minutes;

  @Option(
      names = "--redact",
      paramLabel = "FACT",
      description =
          "Leave out a fact, such as file.path, or all below one, such as process.exe; can be"
              + " repeated. Replay cannot tell what rests on it.")
  List<String> redact = new ArrayList<>();

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    if (minutes < 0 || minutes > MINUTES_MAX) {
      throw new CommandLine.ParameterException(
          output.spec.commandLine(),
          "--minutes is a number up to " + MINUTES_MAX + "; 0: no limit");
    }
    StartRecordingRequest request =
        StartRecordingRequest.newBuilder()
            .setLimit(Duration.newBuilder().setSeconds(TimeUnit.MINUTES.toSeconds(minutes)))
            .addAllRedact(redact)
            .build();
    Recording begun =
        engine
            .ask(RecordingServiceGrpc::newBlockingStub, service -> service.startRecording(request))
            .getRecording();
    output.print(
        Trees.of(begun),
        out -> {
          out.println(
              "recording "
                  + begun.getId()
                  + (begun.hasEnds()
                      ? " goes on until " + Trees.instant(begun.getEnds())
                      : " goes on"));
          out.println("next: interdict record stop, then interdict record export FILE");
        });
    return ExitCode.OK;
  }
}
