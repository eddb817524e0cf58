package dev.interdict.cli;

import dev.interdict.attach.Pins;
import dev.interdict.engine.EngineLock;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code interdict uninstall}. */
@Command(
    name = "uninstall",
    mixinStandardHelpOptions = true,
    description = {
      "End all enforcement: remove every link, program and map from the kernel.",
      "Applied policies stay on disk and come back with the next engine, unless --purge."
    })
final class UninstallCommand implements Callable<Integer> {
  @Mixin InstalledPaths installed;

  private EnginePaths paths;

  @Mixin Output output;

  @Option(names = "--purge", description = "Remove applied policies, modes and caches, too.")
  boolean purge;

  @Override
  public Integer call() {
    paths = installed.settle();
    if (engineAnswers()) {
      throw new Failure(
          ExitCode.REFUSED,
          "an engine listens on " + Text.word(paths.socket.toString()),
          "stop it first: it holds its maps and would attach its programs again");
    }
    List<String> removed = new ArrayList<>();
    try {
      EngineLock lock = lock();
      try {
        removeAll(removed);
      } finally {
        if (lock != null) {
          lock.close();
        }
      }
    } catch (IOException | UncheckedIOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "not all could be removed: " + Text.line(e.getMessage()),
          "run it as root; what is listed under " + Text.word(paths.pins.toString()) + " is left");
    }
    output.print(Map.of("removed", removed), out -> tell(removed, out));
    return ExitCode.OK;
  }

  private void removeAll(List<String> removed) throws IOException {
    new Pins(paths.pins)
        .uninstall()
        .forEach(pin -> removed.add(paths.pins.resolve(pin).toString()));
    if (purge) {
      for (Path directory : List.of(paths.state, paths.cache)) {
        if (remove(directory)) {
          removed.add(directory.toString());
        }
      }
    }
  }

  /** An engine that is starting has no socket yet; nor may one start meanwhile. */
  private EngineLock lock() throws IOException {
    if (!Files.isDirectory(paths.state)) {
      return null; // no engine without one
    }
    EngineLock lock = EngineLock.tryTake(paths.state);
    if (lock == null) {
      throw new Failure(
          ExitCode.REFUSED,
          "an engine runs, or is starting, with the state in " + Text.word(paths.state.toString()),
          "stop it first: it holds its maps and would attach its programs again");
    }
    return lock;
  }

  private static void tell(List<String> removed, PrintWriter out) {
    removed.forEach(path -> out.println("removed " + Text.word(path)));
    out.println(removed.isEmpty() ? "nothing was installed" : "nothing is enforced any more");
  }

  private boolean engineAnswers() {
    if (!Files.exists(paths.socket)) {
      return false;
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return probe.connect(UnixDomainSocketAddress.of(paths.socket));
    } catch (IOException e) {
      return false; // a socket that an engine left when it was killed
    }
  }

  private static boolean remove(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return false;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    return true;
  }
}
