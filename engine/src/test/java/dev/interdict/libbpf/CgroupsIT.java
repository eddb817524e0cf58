package dev.interdict.libbpf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Makes a cgroup of its own below the root, and removes it. */
@Tag("native")
class CgroupsIT {

  @Test
  void aCgroupIsFoundByItsPathAndByItsNumberUntilItIsGone() throws IOException {
    try (Cgroups cgroups = new Cgroups()) {
      Path directory = Files.createTempDirectory(cgroups.root(), "interdict-test");
      byte[] path = ("/" + directory.getFileName()).getBytes(StandardCharsets.UTF_8);
      long id;
      try {
        id = cgroups.id(path).orElseThrow();
        assertEquals((long) Files.getAttribute(directory, "unix:ino"), id);
        assertArrayEquals(path, cgroups.path(id).orElseThrow());
        assertTrue(cgroups.place(id).orElseThrow().whole());
      } finally {
        Files.delete(directory);
      }
      assertTrue(cgroups.path(id).isEmpty());
      assertEquals(OptionalLong.empty(), cgroups.id(path));
    }
  }

  /** A path of 4,200 bytes, which only who goes there step by step can make. */
  @Test
  void aPathThatTheKernelDoesNotTellIsNone() throws Exception {
    try (Cgroups cgroups = new Cgroups()) {
      Path directory = Files.createTempDirectory(cgroups.root(), "interdict-test");
      try {
        String name = "x".repeat(200);
        String deeper = "for i in $(seq 21); do mkdir " + name + " && cd -P ./" + name + "; done; ";
        long id = Long.parseLong(sh(directory, deeper + "stat -c %i ."));
        assertTrue(cgroups.path(id).isEmpty());
        Cgroups.Place above = cgroups.place(id).orElseThrow();
        assertFalse(above.whole());
        String root = cgroups.root() + "/" + directory.getFileName();
        int told = (4095 - root.length()) / (name.length() + 1);
        assertEquals(
            "/" + directory.getFileName() + ("/" + name).repeat(told),
            new String(above.path(), StandardCharsets.UTF_8));
        // One below it, and so deep that several are passed at a time.
        String far = "for i in $(seq 21); do cd -P ./" + name + "; done; ";
        String down = "for i in $(seq 150); do mkdir y && cd -P ./y; done; stat -c %i .";
        long farthest = Long.parseLong(sh(directory, far + down));
        assertArrayEquals(above.path(), cgroups.place(farthest).orElseThrow().path());
      } finally {
        sh(directory.getParent(), "find " + directory.getFileName() + " -depth -type d -delete");
      }
    }
  }

  private static String sh(Path directory, String script) throws Exception {
    Process shell =
        new ProcessBuilder("sh", "-c", script + " 2>/dev/null")
            .directory(directory.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, shell.waitFor(), script);
    return said.strip();
  }

  @Test
  void theRootIsASlashAndNothingLeadsOutOfIt() {
    try (Cgroups cgroups = new Cgroups()) {
      long root = cgroups.id(new byte[] {'/'}).orElseThrow();
      assertArrayEquals(new byte[] {'/'}, cgroups.path(root).orElseThrow());
      byte[] outside = "/../../../etc".getBytes(StandardCharsets.UTF_8);
      assertEquals(OptionalLong.empty(), cgroups.id(outside));
    }
  }

  @Test
  void interfacesHaveNamesAndNumbers() {
    int index = Interfaces.index("lo").orElseThrow();
    assertEquals("lo", Interfaces.name(index).orElseThrow());
    assertEquals(OptionalInt.empty(), Interfaces.index("none"));
    assertTrue(Interfaces.name(99_999).isEmpty());
  }
}
