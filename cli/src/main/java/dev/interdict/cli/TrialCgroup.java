package dev.interdict.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A cgroup for one command. It waits in there, frozen, until it is let go: what starts it is not
 * yet under the policy on trial, and all that it does itself is.
 */
final class TrialCgroup implements AutoCloseable {
  /** For a process to come in or to go; longer than either takes on a busy machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Duration LOOK = Duration.ofMillis(5);

  private final Path folder;
  private final List<Path> made;

  private TrialCgroup(Path folder, List<Path> made) {
    this.folder = folder;
    this.made = made;
  }

  /**
   * Makes it, with those above it that are not there. One that a trial before has left is emptied.
   *
   * @param root where cgroups of version 2 are mounted
   * @param place from there, with a slash before it
   */
  static TrialCgroup make(Path root, String place) throws IOException, InterruptedException {
    Path folder = root.resolve(place.substring(1));
    List<Path> made = new ArrayList<>(List.of(folder)); // also one that was left is ours to take
    for (Path at = folder.getParent(); !Files.exists(at); at = at.getParent()) {
      made.add(at);
    }
    TrialCgroup cgroup = new TrialCgroup(folder, made);
    try {
      Files.createDirectories(folder);
      if (!Files.exists(folder.resolve("cgroup.kill"))) {
        throw new IOException("a trial needs cgroup.kill, and so Linux 5.14");
      }
      if (!cgroup.empty()) {
        throw new IOException(folder + " still holds processes that do not end");
      }
      return cgroup;
    } catch (IOException | InterruptedException e) {
      cgroup.remove();
      throw e;
    }
  }

  /**
   * Starts a command up to where it becomes itself; {@link #release} lets it go on.
   *
   * @throws IOException if it could not be put into the cgroup
   */
  Process start(List<String> command) throws IOException, InterruptedException {
    write("cgroup.freeze", "1");
    List<String> line =
        new ArrayList<>(
            List.of(
                "bash",
                "-c",
                "echo $$ > \"$0\" && exec \"$@\"",
                folder.resolve("cgroup.procs").toString()));
    line.addAll(command);
    Process process = new ProcessBuilder(line).inheritIO().start();
    long begun = System.nanoTime();
    while (!(is("populated 1") && is("frozen 1"))) {
      if (!process.isAlive() || System.nanoTime() - begun > PATIENCE.toNanos()) {
        process.destroyForcibly();
        throw new IOException("the command could not be put into the cgroup " + folder);
      }
      Thread.sleep(LOOK);
    }
    return process;
  }

  /** From now on the command runs. */
  void release() throws IOException {
    write("cgroup.freeze", "0");
  }

  void kill() throws IOException {
    write("cgroup.kill", "1");
  }

  /**
   * Ends all that is in it.
   *
   * @return whether that has worked within some time: who waits in the kernel dies late
   */
  boolean empty() throws IOException, InterruptedException {
    kill();
    long begun = System.nanoTime();
    while (!is("populated 0")) {
      if (System.nanoTime() - begun > PATIENCE.toNanos()) {
        return false;
      }
      Thread.sleep(LOOK);
    }
    return true;
  }

  private boolean is(String event) throws IOException {
    return Files.readAllLines(folder.resolve("cgroup.events")).contains(event);
  }

  private void write(String file, String value) throws IOException {
    Files.writeString(folder.resolve(file), value);
  }

  /** Ends what is in it and takes it away, if that goes: it must not hide how the trial ended. */
  @Override
  public void close() {
    try {
      empty();
    } catch (IOException e) {
      // It may be gone. Who is left keeps it from being removed.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    remove();
  }

  private void remove() {
    try {
      for (Path one : made) {
        Files.deleteIfExists(one);
      }
    } catch (IOException e) {
      // In use; the next trial takes it away.
    }
  }
}
