package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.Shell;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The admin socket where nothing in /tmp may be executed. Mounts, in folders of its own. */
@Tag("native")
class SocketCheckIT {
  private static final String MARK = "the check says ";

  @TempDir Path folder;
  private Path noexec;

  @BeforeEach
  void mount() throws Exception {
    noexec = Files.createDirectory(folder.resolve("noexec"));
    Shell.run("mount", "-t", "tmpfs", "-o", "noexec,size=8m", "tmpfs", noexec.toString());
  }

  @AfterEach
  void unmount() {
    Shell.run("umount", noexec.toString());
  }

  @Test
  void theLibraryIsUnpackedInTheStateDirectory() throws Exception {
    Path state = Files.createDirectory(folder.resolve("state"));
    assertEquals("OK", check(state).lines().findFirst().orElseThrow());
    try (var left = Files.list(state)) {
      assertEquals(0, left.count(), "and not left there");
    }
  }

  @Test
  void whereThatIsNoexecTooTheDoctorSaysWhatToDo() {
    String said = check(noexec);
    assertTrue(said.startsWith("FAILED"), said);
    assertTrue(said.contains("without noexec"), said);
  }

  /** In a process of its own, because a library is loaded once. */
  private String check(Path state) {
    String said =
        Shell.run(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Djava.io.tmpdir=" + noexec,
            "-cp",
            System.getProperty("java.class.path"),
            Probe.class.getName(),
            state.toString());
    // What the libraries have to say goes to the same place.
    return said.substring(said.indexOf(MARK) + MARK.length());
  }

  /** Prints what the check says. */
  static final class Probe {
    private Probe() {}

    public static void main(String[] arguments) {
      var check = SocketCheck.of(Path.of(arguments[0]));
      System.out.println(MARK + check.result() + "\n" + check.detail() + "\n" + check.remedy());
    }
  }
}
