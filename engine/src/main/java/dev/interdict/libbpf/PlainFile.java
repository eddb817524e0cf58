package dev.interdict.libbpf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Files in places where others write. What is there is looked at when it is open: whoever puts a
 * FIFO in a file's place, before a look or after it, has nobody wait for its other end, as Java's
 * own streams would, whom no interrupt ends.
 */
public final class PlainFile {
  private PlainFile() {}

  /**
   * What stands in a file; links are followed.
   *
   * @param most bytes; what is behind them is left out
   * @throws IOException if it cannot be opened or read, or is none
   */
  public static byte[] read(Path path, int most) throws IOException {
    try {
      int fd = LibC.openToRead(path);
      try {
        Path open = Path.of("/proc/self/fd", Integer.toString(fd));
        if (!Files.readAttributes(open, BasicFileAttributes.class).isRegularFile()) {
          throw new IOException(path + " is no plain file");
        }
        return LibC.read(path.toString(), fd, most);
      } finally {
        LibC.close(fd);
      }
    } catch (BpfException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
