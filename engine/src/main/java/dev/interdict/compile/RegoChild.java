package dev.interdict.compile;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The Rego compiler in a JVM of its own that ends with the answer: what it needs of memory and
 * compiled code never stays in the engine, and a policy that drives the compiler mad takes nothing
 * else along. Safe for use by many threads.
 */
final class RegoChild implements RegoRunner {
  /* A large policy takes 10 s on a slow machine, 100 s in an emulated one. */
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int ANSWER_BYTES_MAX = 64 << 20;

  /** Where it is not installed, as in a small container, the child keeps the engine's pace. */
  private static final Path NICE = Path.of("/usr/bin/nice");

  @Override
  public byte[] run(byte[] request) throws IOException {
    Process child =
        new ProcessBuilder(command()).redirectInput(ProcessBuilder.Redirect.PIPE).start();
    try (var watch = new Watch(child)) {
      StringBuilder complaint = new StringBuilder();
      Thread errors = Thread.ofVirtual().start(() -> collect(child.getErrorStream(), complaint));
      Thread input = Thread.ofVirtual().start(() -> feed(child.getOutputStream(), request));
      byte[] answer = child.getInputStream().readNBytes(ANSWER_BYTES_MAX);
      boolean ended = child.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      errors.join(Duration.ofSeconds(1));
      input.join(Duration.ofSeconds(1));
      if (watch.expired() || !ended) {
        throw new IOException(
            "the Rego compiler has not answered within " + PATIENCE.toSeconds() + " s");
      }
      if (child.exitValue() != 0) {
        throw new IOException(
            complaint.isEmpty()
                ? "the Rego compiler ended with status " + child.exitValue()
                : complaint.toString().strip());
      }
      return answer;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the Rego compiler ran", e);
    } finally {
      child.destroyForcibly();
    }
  }

  private static List<String> command() {
    List<String> command = new ArrayList<>();
    int nice = ownNice();
    if (nice < 0 && Files.isExecutable(NICE)) { // everybody's pace is enough for a compiler
      command.addAll(List.of(NICE.toString(), "-n", Integer.toString(-nice)));
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Short-lived: a small heap, one collector thread, and no time lost on the second compiler.
    command.addAll(
        List.of(
            "-Xmx768m", "-Xss8m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), CompilerMain.class.getName()));
    return command;
  }

  /** The 19th field of proc(5), counted from the one behind the name in brackets. */
  private static int ownNice() {
    try {
      String stat =
          Files.readString(Path.of("/proc/thread-self/stat"), StandardCharsets.ISO_8859_1);
      return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19 - 3]);
    } catch (IOException e) {
      return 0;
    }
  }

  private static void feed(OutputStream stdin, byte[] request) {
    try (stdin) {
      stdin.write(request);
    } catch (IOException e) {
      // It ended before it had read everything; its status and its complaint say why.
    }
  }

  private static void collect(InputStream stderr, StringBuilder into) {
    try (stderr) {
      into.append(new String(stderr.readNBytes(1 << 16), StandardCharsets.UTF_8));
    } catch (IOException e) {
      into.append(e.getMessage());
    }
  }

  /** Kills the child when patience ends, so that reading its answer cannot wait for ever. */
  private static final class Watch implements AutoCloseable {
    private final Thread thread;
    private volatile boolean expired;

    Watch(Process child) {
      thread =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      Thread.sleep(PATIENCE);
                      expired = true;
                      child.destroyForcibly();
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  });
    }

    boolean expired() {
      return expired;
    }

    @Override
    public void close() {
      thread.interrupt();
    }
  }
}
