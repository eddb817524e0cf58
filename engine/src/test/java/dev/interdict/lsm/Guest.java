package dev.interdict.lsm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The virtual machine in which these tests run: its cgroups, its files, its commands. They are
 * never run on the machine that builds: there, nothing here does anything.
 */
final class Guest {
  /** Files that attacks are about. */
  static final Path FILES = Path.of("/trial/files");

  /** The cgroup, with all below it, that the trial policies cover. */
  static final String COVERED = "/trial";

  /** A cgroup that no policy covers. */
  static final String UNCOVERED = "/uncovered";

  /**
   * Longer than anything takes that is not stuck: the machine is emulated, and may share its
   * processors with two more.
   */
  static final Duration STUCK = Duration.ofMinutes(5);

  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

  private Guest() {}

  /** Skips the test outside the virtual machine. */
  static void require() {
    assumeTrue(
        Files.exists(Path.of("/run/vm/command")),
        "these tests attach to the whole kernel; run them with bpf/vm/run");
  }

  /** The cgroup's directory, made if it is not there. */
  static Path cgroup(String path) {
    try {
      return Files.createDirectories(CGROUPS.resolve(path.substring(1)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file that everybody may read, write and run, with this content. */
  static Path file(Path path, String content) {
    try {
      if (!Files.isDirectory(path.getParent())) { // one that is there may be sticky
        directory(path.getParent());
      }
      Files.writeString(path, content);
      return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes into a file that is there, such as a setting of the kernel. */
  static void write(Path path, String content) {
    try {
      Files.writeString(path, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A folder in which everybody may do everything. */
  static Path directory(Path path) {
    try {
      Files.createDirectories(path);
      return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets nobody take away what is another's in this folder. */
  static void sticky(Path folder) {
    try {
      Files.setAttribute(folder, "unix:mode", 01777);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Runs a command to its end.
   *
   * @return what it printed on both streams
   * @throws AssertionError if it ends with another status than 0, or takes longer than {@link
   *     #STUCK}
   */
  static String run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (!process.waitFor(STUCK.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new AssertionError(String.join(" ", command) + " failed: " + output);
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Waits until it is so.
   *
   * @throws AssertionError if it is not within a minute and more
   */
  static void eventually(BooleanSupplier so) {
    for (int i = 0; !so.getAsBoolean(); i++) {
      if (i == 2400) {
        throw new AssertionError("it never came to be");
      }
      sleep(Duration.ofMillis(25));
    }
  }

  /** Waits without an event to wait for. */
  static void sleep(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
