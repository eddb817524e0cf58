package dev.interdict.eval;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Takes out of a class cache what nobody uses any more. A file's time is when it was last used, to
 * the day. Modules and marks go when that is long ago or there are too many of them; a shared class
 * goes with the last module that names it; the folder of another translator goes when nobody has
 * opened it for as long.
 *
 * <p>Safe beside other processes: whatever is missing is made anew by who needs it, and what is
 * younger than a day may belong to a module that is about to be written.
 */
final class StaleCode {
  static final Duration KEPT = Duration.ofDays(30);

  /** Modules and marks: several times what an engine can have in force. */
  static final int ENTRIES_MAX = 2048;

  /** How exact the times are, and how often there is a look. */
  static final Duration DAY = Duration.ofDays(1);

  private static final String STAMP = "pruned";
  private static final String MODULE = "[0-9a-f]{64}";
  private static final String ENTRY = MODULE + "|tried-.*|new-.*\\.tmp";

  private final ClassCache cache;
  private final Path directory;
  private final Instant now;
  private final TreeMap<String, Instant> used = new TreeMap<>();

  private StaleCode(ClassCache cache, Path directory, Instant now) throws IOException {
    this.cache = cache;
    this.directory = directory;
    this.now = now;
    for (Path file : list(directory)) {
      used.put(file.getFileName().toString(), time(file));
    }
  }

  /** Says that a file or folder is in use. */
  static void touch(Path file) {
    try {
      Instant now = Instant.now();
      if (time(file).isBefore(now.minus(DAY))) {
        Files.setLastModifiedTime(file, FileTime.from(now));
      }
    } catch (IOException e) {
      // Gone, or another's: at worst it is made anew.
    }
  }

  /** Whether it is time to; the first time is a day after the first question. */
  static boolean isDue(Path directory) throws IOException {
    Path stamp = directory.resolve(STAMP);
    try {
      Files.createFile(stamp);
      return false;
    } catch (FileAlreadyExistsException e) {
      boolean due = time(stamp).isBefore(Instant.now().minus(DAY));
      touch(stamp); // others need not look, too
      return due;
    }
  }

  /**
   * Does it.
   *
   * @throws IOException if the folder cannot be read
   */
  static void prune(ClassCache cache, Path directory) throws IOException {
    StaleCode stale = new StaleCode(cache, directory, Instant.now());
    stale.others();
    stale.entries();
    stale.shared();
  }

  private boolean isOlder(String name, Duration age) {
    return used.get(name).isBefore(now.minus(age));
  }

  private void entries() throws IOException {
    List<String> entries = new ArrayList<>(used.keySet());
    entries.removeIf(name -> !name.matches(ENTRY));
    entries.sort(Comparator.comparing(used::get).reversed());
    for (int i = 0; i < entries.size(); i++) {
      String name = entries.get(i);
      if (i >= ENTRIES_MAX || isOlder(name, name.endsWith(".tmp") ? DAY : KEPT)) {
        remove(name);
      }
    }
  }

  private void shared() throws IOException {
    Set<String> wanted = new HashSet<>(Set.of(STAMP));
    for (String name : List.copyOf(used.keySet())) {
      if (name.matches(MODULE)) {
        wanted.addAll(cache.shared(name));
      }
    }
    for (String name : List.copyOf(used.keySet())) {
      if (!name.matches(ENTRY) && !wanted.contains(name) && isOlder(name, DAY)) {
        remove(name);
      }
    }
  }

  private void remove(String name) throws IOException {
    Files.deleteIfExists(directory.resolve(name));
    used.remove(name);
  }

  private void others() throws IOException {
    for (Path other : list(directory.toAbsolutePath().getParent())) {
      boolean translator = other.getFileName().toString().matches("[0-9a-f]{16}");
      if (translator
          && Files.isDirectory(other, LinkOption.NOFOLLOW_LINKS)
          && time(other).isBefore(now.minus(KEPT))) {
        for (Path file : list(other)) {
          Files.deleteIfExists(file);
        }
        Files.deleteIfExists(other);
      }
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  /** Of what has gone meanwhile, long ago. */
  private static Instant time(Path file) {
    try {
      return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant();
    } catch (IOException e) {
      return Instant.EPOCH;
    }
  }
}
