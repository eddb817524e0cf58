package dev.interdict.engine;

import dev.interdict.control.Unit;
import dev.interdict.policy.Policy.Scope;
import dev.interdict.verdict.UnitPlace;
import java.io.IOException;
import java.io.UncheckedIOException;
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

  private final Path root;
  private final Function<String, OptionalLong> id;

  /**
   * @param root where cgroups are mounted
   * @param id number of a cgroup by its path below that
   */
  Units(Path root, Function<String, OptionalLong> id) {
    this.root = root;
    this.id = id;
  }

  /** Whether units are those of the whole host. */
  static boolean isWholeHost(Scope scope) {
    return scope.cgroups().isEmpty() || scope.cgroups().contains("/");
  }

  /**
   * At most {@link #UNITS_MAX}, those that come first first.
   *
   * @param scopes of both policies; one that is for the whole host counts for both
   */
  List<Unit> of(Collection<Scope> scopes, UnitPlace place) {
    List<String> paths = new ArrayList<>();
    if (scopes.stream().anyMatch(Units::isWholeHost)) {
      below("", LEVEL, paths);
    } else {
      List<String> cgroups =
          scopes.stream().flatMap(scope -> scope.cgroups().stream()).distinct().toList();
      cgroups.stream()
          .filter(path -> cgroups.stream().noneMatch(other -> path.startsWith(other + "/")))
          .forEach(path -> below(path, 1, paths));
    }
    List<Unit> units = new ArrayList<>();
    for (String path : paths) {
      OptionalLong number = id.apply(path);
      if (number.isPresent()) { // else it has gone meanwhile
        units.add(new Unit(path, 100.0 * place.of(number.getAsLong()) / UnitPlace.ALL));
      }
    }
    units.sort(Comparator.comparingDouble(Unit::percent).thenComparing(Unit::cgroup));
    return units;
  }

  private void below(String path, int levels, List<String> paths) {
    if (paths.size() >= UNITS_MAX) {
      return;
    }
    paths.add(path.isEmpty() ? "/" : path);
    if (levels == 0) {
      return;
    }
    Path folder = root.resolve(path.isEmpty() ? "." : path.substring(1));
    try (DirectoryStream<Path> children =
        Files.newDirectoryStream(
            folder, child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))) {
      for (Path child : children) {
        below(path + "/" + child.getFileName(), levels - 1, paths);
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      // It is not there, or has gone meanwhile.
    } catch (DirectoryIteratorException e) { // the same, while it was read
      return;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list the cgroups of " + folder, e);
    }
  }
}
