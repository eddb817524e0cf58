package dev.interdict.cli;

import dev.interdict.policy.FileTrouble;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A folder that was not there before. */
final class NewFolder {
  private NewFolder() {}

  /** Fills it. */
  @FunctionalInterface
  interface Content {
    void write() throws IOException;
  }

  /**
   * Makes the folder and fills it.
   *
   * @throws Failure if it is there already, or cannot be made or filled
   */
  static void make(Path folder, Content content) {
    String shown = Text.word(folder.toString());
    try {
      Files.createDirectory(folder);
      fill(folder, content);
    } catch (FileAlreadyExistsException e) {
      throw new Failure(ExitCode.REFUSED, shown + " exists already", "choose another name");
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED, "cannot make " + shown + ": " + Text.line(FileTrouble.why(e)), null);
    }
  }

  /** All of it or nothing: half a folder would keep the next attempt from making it. */
  private static void fill(Path folder, Content content) throws IOException {
    try {
      content.write();
    } catch (IOException e) {
      try (Stream<Path> made = Files.walk(folder)) {
        made.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
      } catch (IOException | UncheckedIOException more) {
        e.addSuppressed(more);
      }
      throw e;
    }
  }
}
