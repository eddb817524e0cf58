package dev.interdict.admin;

import dev.interdict.files.OwnPath;
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
  private SocketFile() {}

  /**
   * Makes the directory, and takes away a socket that nobody listens on.
   *
   * @param socket absolute
   * @throws IOException if somebody listens there, what is there is no socket, or others can put
   *     one there
   */
  public static void prepare(Path socket) throws IOException {
    Path directory = socket.getParent();
    // The directory is closed before the socket exists: there is no moment at which others could
    // connect.
    OwnPath.make(
        directory,
        PosixFilePermissions.fromString("rwxr-x---"),
        "who could put a socket of their own there");
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
