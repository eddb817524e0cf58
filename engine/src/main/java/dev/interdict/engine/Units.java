package dev.interdict.engine;

import dev.interdict.control.Unit;
import dev.interdict.policy.Policy.Scope;
import dev.interdict.verdict.UnitPlace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * The units of a host that a rollout tells apart, as {@code unit_of_task()} of {@code
 * subject.bpf.h} does: below the topmost cgroups of a scope each one, and these themselves for
 * tasks that are in none below; without a scope those two levels below the root, and what is above
 * them for the same reason.
 */
final class Units {
  /** {@code UNIT_LEVEL} of {@code limits.h}. */
  private static final int LEVEL = 2;

  /** More are not listed: a scope with so many cgroups is looked at by its share. */
  static final int UNITS_MAX = 10_000;

  /** {@code PF_KTHREAD} of the kernel. */
  private static final long KERNEL_THREAD = 0x200000;

  private final Path root;
  private final Path proc;
  private final Function<String, OptionalLong> id;

  /**
   * @param root where cgroups are mounted
   * @param proc where {@code /proc} is
   * @param id number of a cgroup by its path below that
   */
  Units(Path root, Path proc, Function<String, OptionalLong> id) {
    this.root = root;
    this.proc = proc;
    this.id = id;
  }

  /** Whether units are those of the whole host, as far as the kernel knows. */
  static boolean isWholeHost(Scope scope) {
    return scope.isWholeHost() || scope.isJudged();
  }

  /**
   * One that was found.
   *
   * @param leaf whether all cgroups below belong to it; else only tasks that are in none below
   */
  private record Found(String path, boolean leaf) {}

  /**
   * At most {@link #UNITS_MAX}, those that come first first.
   *
   * @param scopes of both policies; one that is for the whole host counts for both
   * @throws UncheckedIOException if cgroups cannot be read
   */
  List<Unit> of(Collection<Scope> scopes, UnitPlace place) {
    List<Found> all = new ArrayList<>();
    if (scopes.stream().anyMatch(Units::isWholeHost)) {
      below("", LEVEL, all);
    } else {
      List<String> cgroups =
          scopes.stream().flatMap(scope -> scope.cgroups().stream()).distinct().toList();
      cgroups.stream()
          .filter(path -> cgroups.stream().noneMatch(other -> path.startsWith(other + "/")))
          .forEach(path -> below(path, 1, all));
    }
    List<Unit> units = new ArrayList<>();
    for (Found found : all) {
      OptionalLong number = id.apply(found.path());
      if (number.isPresent()) { // else it has gone meanwhile
        double percent = 100.0 * place.of(number.getAsLong()) / UnitPlace.ALL;
        units.add(new Unit(found.path(), percent, isPopulated(found)));
      }
    }
    units.sort(Comparator.comparingDouble(Unit::percent).thenComparing(Unit::cgroup));
    return units;
  }

  private void below(String path, int levels, List<Found> all) {
    if (all.size() >= UNITS_MAX) {
      return;
    }
    all.add(new Found(path.isEmpty() ? "/" : path, levels == 0));
    if (levels == 0) {
      return;
    }
    Path folder = folder(path);
    try (DirectoryStream<Path> children =
        Files.newDirectoryStream(
            folder, child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))) {
      for (Path child : children) {
        below(path + "/" + child.getFileName(), levels - 1, all);
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      // It is not there, or has gone meanwhile.
    } catch (DirectoryIteratorException e) { // the same, while it was read
      return;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list the cgroups of " + folder, e);
    }
  }

  private Path folder(String path) {
    return root.resolve(path.length() < 2 ? "." : path.substring(1));
  }

  private boolean isPopulated(Found unit) {
    Path folder = folder(unit.path());
    try {
      List<String> lines =
          linesOf(folder.resolve(unit.leaf() ? "cgroup.events" : "cgroup.threads"));
      return unit.leaf() ? lines.contains("populated 1") : lines.stream().anyMatch(this::isTask);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot tell whether tasks are in " + folder, e);
    }
  }

  /** Of a cgroup's file; none if it has gone, and the kernel takes the files before the folder. */
  private static List<String> linesOf(Path file) throws IOException {
    try {
      return Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) { // also where it goes between the open and the read
      if (Files.exists(file)) {
        throw e;
      }
      return List.of();
    }
  }

  /** Threads of the kernel itself, of which a host's root is full, are nobody. */
  private boolean isTask(String thread) {
    Path file = proc.resolve(thread).resolve("stat");
    try {
      String stat = Files.readString(file, StandardCharsets.ISO_8859_1); // a name may be any bytes
      String flags = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[6];
      return (Long.parseLong(flags) & KERNEL_THREAD) == 0;
    } catch (IOException e) {
      if (Files.exists(file)) {
        throw new UncheckedIOException("cannot tell whose thread " + thread + " is", e);
      }
      return false; // it has ended meanwhile
    }
  }
}
