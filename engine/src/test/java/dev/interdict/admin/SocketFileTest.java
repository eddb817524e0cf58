package dev.interdict.admin;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketFileTest {
  @TempDir Path directory;

  private void assertRefused(Path socket, Path open) {
    IOException refused = assertThrows(IOException.class, () -> SocketFile.prepare(socket));
    assertTrue(
        refused.getMessage().startsWith(open + " can be written to by others"),
        refused.getMessage());
  }

  /** Whoever can rename a folder above the socket has callers talk to a socket of his own. */
  @Test
  void noFolderOnTheWayMayBelongToOthers() throws IOException {
    Path open = Files.createDirectory(directory.resolve("open"));
    Path socket = open.resolve("own/interdict.sock");
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertRefused(socket, open);
    Files.setAttribute(open, "unix:mode", 01777);
    SocketFile.prepare(socket);
    assertRefused(open.resolve("interdict.sock"), open);
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwx------"));
    Assumptions.assumeTrue(Files.getOwner(open).getName().equals("root"));
    Files.setAttribute(socket.getParent(), "unix:uid", 65_534);
    assertRefused(socket, socket.getParent());
  }
}
