package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.Cgroups;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With the kernel's own cgroups, where the test may make some. */
@Timeout(120)
final class TrialCgroupTest {
  @TempDir Path folder;
  private final String above = "/interdict-test-" + ProcessHandle.current().pid();
  private final String place = above + "/inner";
  private Path root;

  @BeforeEach
  void find() {
    try (Cgroups cgroups = new Cgroups()) {
      root = cgroups.root();
    } catch (BpfException e) {
      assumeTrue(false, e.getMessage());
    }
    assumeTrue(Files.isWritable(root), "needs root");
    try {
      Files.createDirectory(root.resolve(above.substring(1)));
      boolean kills = Files.exists(root.resolve(above.substring(1)).resolve("cgroup.kill"));
      Files.delete(root.resolve(above.substring(1)));
      assumeTrue(kills, "Linux 5.14 or newer");
    } catch (IOException e) {
      assumeTrue(false, "cgroups are read-only here");
    }
  }

  @Test
  void aCommandMustWaitInItsCgroupUntilItIsReleased() throws Exception {
    Path seen = folder.resolve("seen");
    try (TrialCgroup cgroup = TrialCgroup.make(root, place)) {
      Process process =
          cgroup.start(List.of("sh", "-c", "cat /proc/self/cgroup > " + seen + "; exit 7"));
      String inside = Files.readString(root.resolve(place.substring(1)).resolve("cgroup.procs"));
      assertEquals(process.pid() + "\n", inside);
      assertFalse(Files.exists(seen), "it has not become the command");
      cgroup.release();
      assertEquals(7, process.waitFor());
      assertTrue(Files.readString(seen).contains(place));
    }
    assertFalse(Files.exists(root.resolve(above.substring(1))), "those above it go as well");
  }

  @Test
  void whatACommandLeavesMustEndWithItAndItsCgroupMustGo() throws Exception {
    try (TrialCgroup cgroup = TrialCgroup.make(root, place)) {
      Process process = cgroup.start(List.of("sh", "-c", "sleep 1000 & exit 0"));
      cgroup.release();
      assertEquals(0, process.waitFor());
    }
    assertFalse(Files.exists(root.resolve(above.substring(1))));
  }

  /** As what starts containers does. */
  @Test
  void cgroupsThatACommandMakesMustGoWithItsOwn() throws Exception {
    String own = root.resolve(place.substring(1)).toString();
    try (TrialCgroup cgroup = TrialCgroup.make(root, place)) {
      Process process =
          cgroup.start(
              List.of(
                  "sh",
                  "-c",
                  "mkdir -p %s/a/b && echo $$ > %s/a/b/cgroup.procs && sleep 0.2"
                      .formatted(own, own)));
      cgroup.release();
      assertEquals(0, process.waitFor());
    }
    assertFalse(Files.exists(root.resolve(above.substring(1))));
  }

  @Test
  void whoLeavesItMustBeSeenAndWhoMovesInItMustNot() throws Exception {
    Path go = folder.resolve("go");
    // It ends by itself, should the test fail: outside of the cgroup nobody else ends it.
    String wait = " && for i in {1..3000}; do [ -e " + go + " ] && break; sleep 0.02; done";
    String own = root.resolve(place.substring(1)).toString();
    for (String moves :
        List.of(
            "echo $$ > " + root + "/cgroup.procs && echo x",
            "(echo 0 > " + root + "/cgroup.procs && echo x" + wait + ")",
            "mkdir " + own + "/a && echo $$ > " + own + "/a/cgroup.procs && echo x")) {
      Files.deleteIfExists(go);
      Path moved = folder.resolve("moved");
      Files.deleteIfExists(moved);
      try (TrialCgroup cgroup = TrialCgroup.make(root, place)) {
        Process process =
            cgroup.start(List.of("bash", "-c", moves.replace("echo x", "touch " + moved) + wait));
        assertFalse(cgroup.isLeftBy(process));
        cgroup.release();
        while (!Files.exists(moved)) {
          assertTrue(process.isAlive());
          Thread.sleep(5);
        }
        assertEquals(!moves.contains("/a"), cgroup.isLeftBy(process), moves);
        Files.createFile(go);
        assertEquals(0, process.waitFor());
      }
    }
  }

  @Test
  void oneThatStillWaitsMustEnd() throws Exception {
    Process process;
    try (TrialCgroup cgroup = TrialCgroup.make(root, place)) {
      process = cgroup.start(List.of("sleep", "1000"));
    }
    assertTrue(process.waitFor() != 0);
  }

  /** As after a trial that was killed. */
  @Test
  void oneThatWasLeftMustBeEmptiedAndTaken() throws Exception {
    Process left = TrialCgroup.make(root, place).start(List.of("sleep", "1000"));
    try (TrialCgroup cgroup = TrialCgroup.make(root, place)) {
      assertTrue(left.waitFor() != 0);
      Process next = cgroup.start(List.of("true"));
      cgroup.release();
      assertEquals(0, next.waitFor());
    }
    Files.deleteIfExists(root.resolve(above.substring(1)));
  }

  @Test
  void whatIsNoCgroupMustBeRefusedAndNotTakenForOne() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    assertThrows(IOException.class, () -> TrialCgroup.make(folder, "/file"));
    assertTrue(Files.isRegularFile(file), "it is somebody's");
    Path other = Files.createDirectories(folder.resolve("other/inside")).getParent();
    assertThrows(IOException.class, () -> TrialCgroup.make(folder, "/other"));
    assertTrue(Files.isDirectory(other.resolve("inside")), "it is somebody's");
    assertThrows(IOException.class, () -> TrialCgroup.make(folder, "/new/inside"));
    assertFalse(Files.exists(folder.resolve("new")), "what was made goes again");
  }
}
