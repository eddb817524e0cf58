package dev.interdict.cli;

import dev.interdict.policy.FileTrouble;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A file that was not there before, and that only its owner can read. */
final class NewFile {
  private NewFile() {}

  /** Fills it. */
  @FunctionalInterface
  interface Content<T> {
    T write(OutputStream out) throws IOException;
  }

  /**
   * Makes the file and fills it. It is opened once: whoever may change its folder meanwhile cannot
   * have something else written to.
   *
   * @throws Failure if it is there already, or cannot be written; half of it is taken away
   */
  static <T> T write(Path file, Content<T> content) {
    try {
      return fill(file, open(file), content);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "cannot write %s: %s"
              .formatted(Text.word(file.toString()), Text.line(FileTrouble.why(e))),
          "name another file");
    }
  }

  /** Of a disk that is full, or is another host's, the end may be the first to tell. */
  static <T> T fill(Path made, OutputStream to, Content<T> content) throws IOException {
    boolean whole = false;
    try (to) {
      T result = content.write(to);
      to.close();
      whole = true;
      return result;
    } finally {
      if (!whole) {
        made.toFile().delete();
      }
    }
  }

  private static OutputStream open(Path file) throws IOException {
    return Channels.newOutputStream(
        Files.newByteChannel(
            file,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))));
  }
}
