package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the program does with what a process has from outside: rights, folders, its output. */
class ProcessTest {
  @TempDir Path directory;

  /**
   * Runs the program. Root is held to the permissions of files as others are: it has none of the
   * capabilities that look past them.
   */
  private Cli run(ProcessBuilder.Redirect out, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    if (new com.sun.security.auth.module.UnixSystem().getUid() == 0) {
      Collections.addAll(command, "setpriv", "--bounding-set=-dac_override,-dac_read_search", "--");
    }
    Collections.addAll(
        command,
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        Main.class.getName());
    Collections.addAll(command, args);
    Path err = directory.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out).redirectError(err.toFile());
    builder.environment().put("XDG_CACHE_HOME", directory.resolve("cache").toString());
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Cli(process.waitFor(), said, Files.readString(err));
  }

  private Path policy() throws IOException {
    return Files.writeString(directory.resolve("policy.yaml"), PolicyCommandsTest.VALID);
  }

  private static Path forbid(Path folder, String permissions) throws IOException {
    return Files.setPosixFilePermissions(
        Files.createDirectories(folder), PosixFilePermissions.fromString(permissions));
  }

  @AfterEach
  void allow() throws IOException {
    for (String name : List.of("run", "cache")) {
      if (Files.exists(directory.resolve(name))) {
        forbid(directory.resolve(name), "rwx------");
      }
    }
  }

  @Test
  void aSocketInAFolderThatIsClosedMustNotBeTakenForMissing() throws Exception {
    Path socket = forbid(directory.resolve("run"), "---------").resolve("admin.sock");
    Cli list = run(ProcessBuilder.Redirect.PIPE, "policy", "list", "--socket", socket.toString());
    assertEquals(ExitCode.UNREACHABLE, list.code(), list.err());
    assertEquals(
        "error: the engine cannot be reached at %s: permission denied\n  run it as root\n"
            .formatted(socket),
        list.err());
  }

  @Test
  void aCacheThatCannotBeWrittenMustNotFailACheckOrALint() throws Exception {
    forbid(directory.resolve("cache"), "r-x------");
    String policy = policy().toString();
    Cli check = run(ProcessBuilder.Redirect.PIPE, "policy", "check", policy);
    assertEquals(ExitCode.OK, check.code(), check.err());
    assertTrue(check.out().startsWith("shadow: ok"), check.out());
    assertEquals(List.of(), files(directory.resolve("cache")));
    Cli lint = run(ProcessBuilder.Redirect.PIPE, "policy", "lint", policy);
    assertFalse(lint.err().contains("error:"), lint.err());
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Test
  void outputThatCannotBeWrittenMustNotEndWell() throws Exception {
    Cli show =
        run(
            ProcessBuilder.Redirect.appendTo(Path.of("/dev/full").toFile()),
            "policy",
            "show",
            policy().toString());
    assertEquals(ExitCode.REFUSED, show.code());
    assertEquals("error: the output could not be written\n", show.err());
  }
}
