package dev.interdict.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * Another content for a file. Where that can be, it is whole at any moment: what was written, or
 * what comes in its place. Who may only write to it, by its group, can put nothing in its place
 * that belongs to its owner: there it is written over.
 */
final class FileReplacement {
  private FileReplacement() {}

  /** Gives {@code next} the owner, group and rights that a file has. */
  @FunctionalInterface
  interface Heir {
    void inherit(Path next, Map<String, Object> attributes) throws IOException;
  }

  /**
   * Replaces what is in {@code file}.
   *
   * @throws IOException if that cannot be done; the file is as it was, but for a disk that fails
   *     while it is written over
   */
  static void replace(Path file, String text) throws IOException {
    replace(file, text, FileReplacement::inherit);
  }

  static void replace(Path file, String text, Heir heir) throws IOException {
    Path next;
    try {
      next = Files.createTempFile(file.getParent(), "." + file.getFileName(), ".tmp");
    } catch (AccessDeniedException e) {
      writeOver(file, text); // of the folder one may change nothing
      return;
    }
    try {
      Files.writeString(next, text);
      if (inherits(next, file, heir)) {
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
      } else {
        writeOver(file, text); // there is room: it has just been written beside it
      }
    } finally {
      Files.deleteIfExists(next);
    }
  }

  private static boolean inherits(Path next, Path file, Heir heir) throws IOException {
    Map<String, Object> old = Files.readAttributes(file, "unix:mode,uid,gid");
    try {
      heir.inherit(next, old);
      return true;
    } catch (FileSystemException e) {
      return false; // only root gives files away
    }
  }

  private static void inherit(Path next, Map<String, Object> old) throws IOException {
    if (!Files.getAttribute(next, "unix:uid").equals(old.get("uid"))
        || !Files.getAttribute(next, "unix:gid").equals(old.get("gid"))) {
      Files.setAttribute(next, "unix:uid", old.get("uid"));
      Files.setAttribute(next, "unix:gid", old.get("gid"));
    }
    Files.setAttribute(next, "unix:mode", old.get("mode"));
  }

  /** What was longer is cut off last. */
  private static void writeOver(Path file, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.truncate(bytes.limit());
    }
  }
}
