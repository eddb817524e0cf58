package dev.interdict.admin;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** The place of a UNIX socket that an engine listens on. */
public final class SocketFile {
  /** Group and others, as in {@code chmod go-w}. */
  private static final int OTHERS_WRITE = 0022;

  private SocketFile() {}

  /**
   * Makes the directory, and takes away a socket that nobody listens on.
   *
   * @param socket absolute
   * @throws IOException if somebody listens there, or what is there is no socket
   */
  public static void prepare(Path socket) throws IOException {
    Path directory = socket.getParent();
    if (!Files.isDirectory(directory)) {
      // The directory is closed before the socket exists: there is no moment at which others could
      // connect.
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));
    }
    if (((Integer) Files.getAttribute(directory, "unix:mode") & OTHERS_WRITE) != 0) {
      throw new IOException(
          directory
              + " can be written to by others, who could put a socket of their own there; chmod go-w "
              + directory);
    }
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .isOther()) {
      throw new IOException(socket + " exists and is no socket; remove it or name another path");
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(UnixDomainSocketAddress.of(socket));
    } catch (ConnectException e) {
      Files.delete(socket);
      return;
    }
    throw new IOException("another engine listens on " + socket + "; stop it first");
  }
}
