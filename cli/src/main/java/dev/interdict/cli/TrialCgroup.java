package dev.interdict.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

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

  /** As the command's processes see it while they are in it. */
  private String home;

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
    Path kill = folder.resolve("cgroup.kill");
    if (Files.exists(kill)) {
      new TrialCgroup(folder, List.of(folder)).close();
    }
    List<Path> made = new ArrayList<>();
    if (Files.exists(kill)) {
      made.add(folder); // a trial's, too
    }
    for (Path at = folder; !Files.exists(at); at = at.getParent()) {
      made.add(at); // nothing else is taken away when it fails
    }
    TrialCgroup cgroup = new TrialCgroup(folder, made);
    try {
      Files.createDirectories(folder);
      if (!Files.exists(kill)) {
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
    home = cgroup(process.pid());
    return process;
  }

  /** Whether the command, or what it has started and waits for, is now in another cgroup. */
  boolean isLeftBy(Process process) {
    return Stream.concat(Stream.of(process.toHandle()), process.descendants())
        .anyMatch(one -> isElsewhere(one.pid()));
  }

  private boolean isElsewhere(long pid) {
    try {
      return !(cgroup(pid) + "/").startsWith(home + "/");
    } catch (IOException e) {
      return false; // it has ended meanwhile
    }
  }

  /** Of version 2. */
  private static String cgroup(long pid) throws IOException {
    String line = "0::";
    return Files.readAllLines(Path.of("/proc", Long.toString(pid), "cgroup")).stream()
        .filter(each -> each.startsWith(line))
        .findFirst()
        .orElse(line);
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
      if (made.contains(folder)) {
        for (Path one : inside()) {
          Files.delete(one);
        }
      }
      for (Path one : made) {
        Files.deleteIfExists(one);
      }
    } catch (IOException e) {
      // In use; the next trial takes it away.
    }
  }

  /** Cgroups that the command has made in it, the innermost first. */
  private List<Path> inside() throws IOException {
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(one -> Files.isDirectory(one) && !one.equals(folder))
          .sorted(Comparator.reverseOrder())
          .toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
