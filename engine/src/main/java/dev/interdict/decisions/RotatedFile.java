package dev.interdict.decisions;

import dev.interdict.files.OwnPath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/**
 * A file of lines that is rotated by size: {@code FILE} becomes {@code FILE.1} and so on, and the
 * last goes. It is opened anew when somebody else has moved it away. For one thread.
 */
final class RotatedFile implements DecisionFile.Lines {
  private static final String WHY =
      "who could put a file or a link of theirs in the place of the log; name a folder that is"
          + " root's alone, as those above it";

  /** All that anybody may do with a log. */
  private static final Set<PosixFilePermission> MOST = PosixFilePermissions.fromString("rw-r-----");

  /** Of a folder that is made for it. */
  private static final Set<PosixFilePermission> FOLDER =
      PosixFilePermissions.fromString("rwxr-x---");

  private final Path path;
  private final long maxBytes;
  private final int files;
  private final Disk disk;
  private SeekableByteChannel channel;
  private Object identity;
  private boolean torn;

  /** There was no room for what was to be written. */
  static final class DiskFullException extends IOException {
    private static final long serialVersionUID = 1;

    DiskFullException(String message, IOException cause) {
      super(message, cause);
    }
  }

  /** Where the bytes go. */
  interface Disk {
    /**
     * Opens a regular file for adding to its end; makes it, for its owner and group, if need be.
     */
    SeekableByteChannel open(Path file) throws IOException;

    /** Bytes that could still be written beside {@code file}. */
    long room(Path file) throws IOException;

    /** The disk of this machine. */
    Disk REAL =
        new Disk() {
          @Override
          public SeekableByteChannel open(Path file) throws IOException {
            return FileChannel.open(
                file,
                Set.of(
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND,
                    LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(MOST));
          }

          @Override
          public long room(Path file) throws IOException {
            return Files.getFileStore(file.getParent()).getUsableSpace();
          }
        };
  }

  /**
   * A file that is not opened, and not looked at yet: the place may become one that can be relied
   * on, and meanwhile nobody has to do without what writes here.
   *
   * @param maxBytes of each file, if no single {@link #append} is longer
   * @param files how many there are at most, this one included; at least 2
   * @throws IOException if it can never be a log: it is a directory
   */
  RotatedFile(Path path, long maxBytes, int files, Disk disk) throws IOException {
    this.path = path.toAbsolutePath().normalize();
    this.maxBytes = maxBytes;
    this.files = files;
    this.disk = disk;
    Path directory = this.path.getParent();
    if (directory == null || Files.isDirectory(this.path, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(this.path + " is a directory; name a file in it");
    }
  }

  /**
   * Opens it, if it is not open.
   *
   * @throws DiskFullException if there is no room
   * @throws IOException if it cannot be a log now: the message says why
   */
  @Override
  public void ready() throws IOException {
    try {
      open();
    } catch (IOException e) {
      throw full(1) ? new DiskFullException("no room for " + path, e) : e;
    }
  }

  /** What is there may be older than us, or be made by whoever rotates: it is ours, and closed. */
  private void requireOwn(PosixFileAttributes now) throws IOException {
    if (now == null) {
      return;
    }
    if (!now.isRegularFile()) {
      throw new IOException(path + " exists and is no regular file; remove it or name another");
    }
    if (!MOST.containsAll(now.permissions())) {
      Set<PosixFilePermission> less = EnumSet.copyOf(MOST);
      less.retainAll(now.permissions());
      Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
          .setPermissions(less);
    }
    OwnPath.require(path, WHY);
  }

  /** Null if there is no such file. */
  private PosixFileAttributes attributes() throws IOException {
    try {
      return Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /**
   * Writes all of {@code lines}, or nothing of them: what a failure leaves is taken back, and where
   * that fails, too, the next line begins on a new one.
   *
   * @throws DiskFullException if there is no room
   */
  @Override
  public void append(byte[] lines) throws IOException {
    try {
      open();
      if (channel.size() > 0 && channel.size() + lines.length > maxBytes) {
        rotate();
      }
      write(lines);
    } catch (IOException e) {
      throw full(lines.length) ? new DiskFullException("no room for " + path, e) : e;
    }
  }

  /** Not by the message of the exception: that is in the language of the host. */
  private boolean full(int wanted) {
    try {
      return disk.room(path) < wanted;
    } catch (IOException e) {
      return false;
    }
  }

  private void open() throws IOException {
    PosixFileAttributes now = attributes();
    if (channel != null && now != null && now.fileKey().equals(identity)) {
      return;
    }
    close();
    OwnPath.make(path.getParent(), FOLDER, WHY);
    requireOwn(now); // the open of a pipe would wait for its reader
    torn = now != null && now.size() > 0 && !endsWithLine(now.size());
    channel = disk.open(path);
    PosixFileAttributes opened = attributes();
    identity = opened == null ? null : opened.fileKey(); // null: moved at once, and opened again
  }

  /** Whether an engine before this one has written its last line to its end. */
  private boolean endsWithLine(long size) throws IOException {
    ByteBuffer last = ByteBuffer.allocate(1);
    try (SeekableByteChannel reader =
        Files.newByteChannel(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      reader.position(size - 1).read(last);
    }
    return last.get(0) == '\n';
  }

  private void write(byte[] lines) throws IOException {
    long end = channel.size();
    try {
      if (torn) {
        all(new byte[] {'\n'});
        torn = false;
        end++;
      }
      all(lines);
    } catch (IOException e) {
      try {
        channel.truncate(end);
      } catch (IOException again) {
        torn = true;
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private void all(byte[] bytes) throws IOException {
    ByteBuffer left = ByteBuffer.wrap(bytes);
    while (left.hasRemaining()) {
      channel.write(left);
    }
  }

  private void rotate() throws IOException {
    close();
    for (int i = files; Files.deleteIfExists(numbered(i)); i++) {} // of a larger number before
    for (int i = files - 1; i > 0; i--) {
      Path from = numbered(i - 1);
      if (Files.exists(from, LinkOption.NOFOLLOW_LINKS)) {
        Files.move(from, numbered(i), StandardCopyOption.ATOMIC_MOVE);
      }
    }
    open();
  }

  private Path numbered(int i) {
    return i == 0 ? path : path.resolveSibling(path.getFileName() + "." + i);
  }

  @Override
  public void close() throws IOException {
    SeekableByteChannel open = channel;
    channel = null;
    if (open != null) {
      open.close();
    }
  }
}
