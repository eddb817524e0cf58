package dev.interdict.lsm;

import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The engine as it is used: a process of its own, that can be frozen, killed and started again. */
final class EngineProcess {
  static final Path SOCKET = Path.of("/run/interdict/admin.sock");
  private static final Path LOG = Path.of("/run/vm/results/engine.log");
  private static final Duration START = Duration.ofMinutes(2);

  private final Process process;

  private EngineProcess(Process process) {
    this.process = process;
  }

  /** Starts the engine and waits until it answers. */
  static EngineProcess start() {
    try {
      Files.deleteIfExists(SOCKET);
      EngineProcess engine = new EngineProcess(launch());
      engine.awaitAnswer();
      return engine;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Process launch(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add("dev.interdict.engine.Main");
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(LOG.toFile()))
        .start();
  }

  /** Takes everything of the engine out of the kernel. */
  static void uninstall() {
    try {
      EngineProcess uninstall = new EngineProcess(launch("uninstall"));
      uninstall.await();
      if (uninstall.process.exitValue() != 0) {
        throw new AssertionError("uninstall failed: " + log());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitAnswer() {
    long end = System.nanoTime() + START.toNanos();
    while (System.nanoTime() < end && process.isAlive()) {
      if (Files.exists(SOCKET)) {
        try (Admin admin = new Admin(SOCKET)) {
          var ignored = admin.status();
          return;
        } catch (StatusRuntimeException notYet) {
          // The socket is there before the service is.
        }
      }
      Guest.sleep(Duration.ofMillis(50));
    }
    process.destroyForcibly();
    throw new AssertionError("the engine did not start: " + log());
  }

  private static String log() {
    try {
      return Files.readString(LOG);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Stops it as it stands: its processors, its heartbeat, its answers. */
  void freeze() {
    Guest.run("kill", "-STOP", Long.toString(process.pid()));
  }

  void thaw() {
    Guest.run("kill", "-CONT", Long.toString(process.pid()));
  }

  /** SIGKILL. */
  void kill() {
    process.destroyForcibly();
    await();
  }

  /** SIGTERM: what is pinned stays in force. */
  void stop() {
    process.destroy();
    await();
  }

  private void await() {
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new AssertionError("the engine does not end");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  long pid() {
    return process.pid();
  }
}
