package dev.interdict.lsm;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The attack tool of {@code bpf/vm/attack}, run in a cgroup and as a user of one's choice. */
final class Attack {
  static final Path TOOL = Path.of("/opt/attack/attack");
  static final Path VICTIM = Path.of("/opt/attack/victim");

  private final Process process;

  private Attack(Process process) {
    this.process = process;
  }

  /** The command line of a run as root. */
  static String in(String cgroup, String command) {
    return "-g " + Guest.cgroup(cgroup) + " " + command;
  }

  /** The command line of a run as somebody without privileges. */
  static String in(String cgroup, int uid, String command) {
    return "-g " + Guest.cgroup(cgroup) + " -u " + uid + " " + command;
  }

  /** Starts a run; the caller awaits it. */
  static Attack start(String commandLine) {
    return start(commandLine, "");
  }

  /** Starts a run that reads {@code input}. */
  static Attack start(String commandLine, String input) {
    List<String> words = new ArrayList<>();
    words.add(TOOL.toString());
    words.addAll(List.of(commandLine.split(" ", -1)));
    try {
      Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
      feed(process, input);
      return new Attack(process);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs one to its end. */
  static Answer run(String commandLine) {
    return start(commandLine).await(Guest.STUCK);
  }

  /**
   * Runs all, one after the other, from one process: in the emulated machine, starting programs is
   * what takes time.
   *
   * @return an answer for each, in order
   */
  static List<Answer> batch(List<String> commandLines) {
    try {
      Process process =
          new ProcessBuilder(TOOL.toString(), "batch")
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      Thread.ofVirtual().start(() -> feed(process, String.join("\n", commandLines) + "\n"));
      List<Answer> answers = new ArrayList<>();
      for (String line : process.inputReader().lines().toList()) {
        if (line.startsWith("run ")) {
          answers.add(Answer.NONE);
        } else if (line.startsWith("result=")) {
          answers.set(answers.size() - 1, Answer.parse(line));
        }
      }
      if (answers.size() != commandLines.size()) {
        throw new AssertionError(
            "the attack tool ended after %d of %d runs"
                .formatted(answers.size(), commandLines.size()));
      }
      return answers;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void feed(Process process, String input) {
    try (var writer = process.outputWriter()) {
      writer.write(input);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The tool's own list: {@code kind name [detail]}, for each word of that kind. */
  static List<String[]> list(String kind) {
    return Stream.of(Guest.run(TOOL.toString(), "list").split("\n", -1))
        .map(line -> line.split(" ", -1))
        .filter(words -> words[0].equals(kind))
        .toList();
  }

  /**
   * The run's last line.
   *
   * @throws AssertionError if it goes on for longer than {@code limit}: it hangs, and is killed
   */
  Answer await(Duration limit) {
    return Answer.parse(output(limit).lines().reduce("", (first, second) -> second));
  }

  /** All that the run printed on both streams; see {@link #await}. */
  String output(Duration limit) {
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("it hangs: " + process.info().commandLine().orElse("?"));
      }
      return new String(process.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** The exit status of a run that {@link #output} has awaited. */
  int status() {
    return process.exitValue();
  }
}
