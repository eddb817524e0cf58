package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineLockTest {
  @TempDir Path folder;

  /** The engine's umask, such as 022, would let all users read what is kept here. */
  @Test
  void theStateDirectoryMustBeItsOwnersAlone() throws IOException {
    Path state = folder.resolve("state");
    try (EngineLock lock = EngineLock.take(state)) {
      assertNotNull(lock);
      assertEquals(
          "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(state)));
    }
  }

  @Test
  void oneThatWasThereBecomesItsOwnersAloneButNoFolderOfOthers() throws IOException {
    Path made = Files.createDirectory(folder.resolve("made"));
    Path shared = Files.createDirectory(folder.resolve("shared"));
    Files.writeString(shared.resolve("of-others"), "x");
    for (Path state : List.of(made, shared)) {
      Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwxr-xr-x"));
      EngineLock.take(state).close();
    }
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
    assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(shared)));
    Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxr-xr-x"));
    EngineLock.take(made).close();
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
  }

  @Test
  void onlyOneMustHaveItAndTheNextAfterIt() throws IOException {
    try (EngineLock lock = EngineLock.take(folder)) {
      assertNotNull(lock);
      assertNull(EngineLock.tryTake(folder));
      String why = assertThrows(IOException.class, () -> EngineLock.take(folder)).getMessage();
      assertTrue(why.contains("another engine runs here"), why);
    }
    try (EngineLock next = EngineLock.tryTake(folder)) {
      assertNotNull(next);
    }
  }
}
