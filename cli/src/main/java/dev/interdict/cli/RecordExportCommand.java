package dev.interdict.cli;

import dev.interdict.v1.ExportRecordingRequest;
import dev.interdict.v1.ExportRecordingResponse;
import dev.interdict.v1.RecordingServiceGrpc;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code interdict record export}. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = "Write a recording to a file that only you can read, for interdict replay.")
final class RecordExportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "Where to; it must not be there yet.")
  Path file;

  @Option(
      names = "--id",
      paramLabel = "N",
      defaultValue = "0",
      description = "Its number in interdict record list; none: the latest.")
  long id;

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    long bytes = NewFile.write(file, this::fill);
    output.print(
        Map.of("file", file.toString(), "bytes", bytes),
        out -> {
          out.println(Text.word(file.toString()) + ": " + bytes + " bytes");
          out.println("next: interdict replay my-policy/ --against " + Text.word(file.toString()));
        });
    return ExitCode.OK;
  }

  private long fill(OutputStream out) throws IOException {
    ExportRecordingRequest request = ExportRecordingRequest.newBuilder().setId(id).build();
    try {
      return engine.ask(
          RecordingServiceGrpc::newBlockingStub,
          service -> {
            long bytes = 0;
            Iterator<ExportRecordingResponse> parts = service.exportRecording(request);
            while (parts.hasNext()) {
              ExportRecordingResponse part = parts.next();
              write(part, out);
              bytes += part.getContent().size();
            }
            return bytes;
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void write(ExportRecordingResponse part, OutputStream out) {
    try {
      part.getContent().writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
