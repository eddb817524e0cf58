package dev.interdict.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.files.OwnPath.NotOwnException;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnPathTest {
  private static final String WHY = "who matter";

  @TempDir Path temporary;
  private Path folder;
  private Path file;

  @BeforeEach
  void files() throws IOException {
    folder = Files.createDirectory(temporary.toRealPath().resolve("folder"));
    file = Files.createFile(folder.resolve("file"));
    mode(folder, 0755);
    mode(file, 0644);
  }

  private static void mode(Path path, int mode) throws IOException {
    Files.setAttribute(path, "unix:mode", mode);
  }

  private static void refused(Path who, Path path) {
    NotOwnException thrown =
        assertThrows(NotOwnException.class, () -> OwnPath.resolve(path, WHY), path.toString());
    assertTrue(thrown.getMessage().startsWith(who + " can be"), thrown.getMessage());
  }

  @Test
  void linksMustBeFollowedAndTheFoldersOfBothEndsCount() throws IOException {
    Path other = Files.createDirectory(temporary.resolve("other"));
    mode(other, 0755);
    Path link = Files.createSymbolicLink(other.resolve("link"), Path.of("../folder/./file"));
    assertEquals(file, OwnPath.resolve(link, WHY));
    mode(other, 0777);
    refused(other.toRealPath(), link);
    mode(other, 01777);
    assertEquals(file, OwnPath.resolve(link, WHY), "nobody else can turn a link there");
    mode(folder, 0775);
    refused(folder, link);
  }

  @Test
  void whatIsReadMayNotStandWhereOthersCanPutTheNext() throws IOException {
    mode(folder, 01777);
    refused(folder, file);
    Path inner = Files.createDirectory(folder.resolve("inner"));
    mode(inner, 0755);
    assertEquals(inner, OwnPath.folder(inner, WHY));
    mode(folder, 0755);
    mode(file, 0646);
    refused(file, file);
  }

  /** As the kernel has it: of the folder that was reached, not of the one that was named. */
  @Test
  void dotsBehindALinkMustLeadFromWhereItLeads() throws IOException {
    Path deep = Files.createDirectories(folder.resolve("a/b"));
    mode(folder.resolve("a"), 0755);
    mode(deep, 0755);
    Path link = Files.createSymbolicLink(temporary.resolve("short"), deep);
    assertEquals(file, OwnPath.resolve(link.resolve("../../file"), WHY));
  }

  @Test
  void aLoopMustEnd() throws IOException {
    Path loop = folder.resolve("loop");
    Files.createSymbolicLink(loop, loop);
    assertThrows(FileSystemLoopException.class, () -> OwnPath.resolve(loop, WHY));
  }

  @Test
  void foldersMustBeMadeInOwnOnesOnly() throws IOException {
    Path made = folder.resolve("x/y");
    mode(folder, 0775);
    assertThrows(
        NotOwnException.class,
        () -> OwnPath.make(made, PosixFilePermissions.fromString("rwx------"), WHY));
    assertFalse(Files.exists(folder.resolve("x")));
    mode(folder, 0755);
    assertEquals(made, OwnPath.make(made, PosixFilePermissions.fromString("rwx------"), WHY));
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
  }
}
