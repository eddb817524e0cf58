package dev.interdict.lsm;

import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The engine as it is used: a process of its own, that can be frozen, killed and started again. */
final class EngineProcess {
  static final Path SOCKET = Path.of("/run/interdict/admin.sock");
  private static final int SIGQUIT = 3;
  private static final int SIGKILL = 9;
  private static final int SIGTERM = 15;
  private static final int SIGCONT = 18;
  private static final int SIGSTOP = 19;
  private static final MethodHandle KILL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("kill"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private static final Path LOG = Path.of("/run/vm/results/engine.log");

  /** The usual one many times: the emulated machine is ten times slower, and may share its host. */
  static final Duration DEADLINE = Duration.ofSeconds(5);

  private final Process process;

  private EngineProcess(Process process) {
    this.process = process;
  }

  /** Starts the engine and waits until it answers. */
  static EngineProcess start(Duration deadline) {
    try {
      Files.deleteIfExists(SOCKET);
      EngineProcess engine = new EngineProcess(launch(deadline));
      engine.awaitAnswer();
      return engine;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Process launch(Duration deadline, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-Dinterdict.deadline.ms=" + deadline.toMillis());
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
      EngineProcess uninstall = new EngineProcess(launch(DEADLINE, "uninstall"));
      uninstall.await();
      if (uninstall.process.exitValue() != 0) {
        throw new AssertionError("uninstall failed: " + log());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitAnswer() {
    long end = System.nanoTime() + Guest.STUCK.toNanos();
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
    String how = "it does not answer";
    if (process.isAlive()) {
      signal(SIGQUIT); // its threads go into the log
      Guest.sleep(Duration.ofSeconds(3));
      process.destroyForcibly();
    } else {
      how = "it ended with status " + process.exitValue();
    }
    throw new AssertionError("the engine did not start: " + how + ": " + log());
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
    signal(SIGSTOP);
  }

  void thaw() {
    signal(SIGCONT);
  }

  /**
   * Without a program, which a policy may refuse to run, and without the JDK, which kills nobody
   * whose {@code stat} in /proc it may not open.
   */
  private void signal(int number) {
    try {
      int failed = (int) KILL.invokeExact((int) process.pid(), number);
      if (failed != 0) {
        throw new AssertionError("kill(" + process.pid() + ", " + number + ") failed");
      }
    } catch (Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** SIGKILL. */
  void kill() {
    end(SIGKILL);
  }

  /** SIGTERM: what is pinned stays in force. */
  void stop() {
    end(SIGTERM);
  }

  private void end(int signal) {
    if (process.isAlive()) {
      signal(signal);
    }
    await();
  }

  private void await() {
    try {
      if (!process.waitFor(Guest.STUCK.toSeconds(), TimeUnit.SECONDS)) {
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
