package dev.interdict.cli;

import dev.interdict.v1.ExportRecordingRequest;
import dev.interdict.v1.ExportRecordingResponse;
import dev.interdict.v1.RecordingServiceGrpc;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
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
    try {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (IOException e) {
      throw unwritable(e);
    }
    long bytes;
    try {
      bytes = fill();
    } catch (Throwable e) {
      file.toFile().delete(); // half of it is none
      throw e;
    }
    output.print(
        Map.of("file", file.toString(), "bytes", bytes),
        out -> {
          out.println(Text.word(file.toString()) + ": " + bytes + " bytes");
          out.println("next: interdict replay my-policy/ --against " + Text.word(file.toString()));
        });
    return ExitCode.OK;
  }

  private long fill() {
    ExportRecordingRequest request = ExportRecordingRequest.newBuilder().setId(id).build();
    return engine.ask(
        RecordingServiceGrpc::newBlockingStub,
        service -> {
          try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.WRITE)) {
            long bytes = 0;
            Iterator<ExportRecordingResponse> parts = service.exportRecording(request);
            while (parts.hasNext()) {
              ExportRecordingResponse part = parts.next();
              part.getContent().writeTo(out);
              bytes += part.getContent().size();
            }
            return bytes;
          } catch (IOException e) {
            throw unwritable(e);
          }
        });
  }

  private Failure unwritable(IOException e) {
    return new Failure(
        ExitCode.REFUSED,
        "cannot write " + Text.word(file.toString()) + ": " + reason(e),
        "name another file");
  }

  private static String reason(IOException e) {
    return switch (e) {
      case FileAlreadyExistsException there -> "it is there already";
      case java.nio.file.NoSuchFileException none -> "there is no such folder";
      case java.nio.file.AccessDeniedException denied -> "permission denied";
      default -> Text.line(String.valueOf(e.getMessage()));
    };
  }
}
