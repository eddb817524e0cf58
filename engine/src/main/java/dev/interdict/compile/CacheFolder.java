package dev.interdict.compile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A directory of results, each under the digest of all it rests on. What is in here is believed, so
 * the directory must be its owner's alone. Safe for use by many threads and processes.
 */
final class CacheFolder {
  private final Path directory;
  private final int entriesMax;

  /**
   * @param entriesMax beyond them the oldest go first
   */
  CacheFolder(Path directory, int entriesMax) {
    this.directory = directory;
    this.entriesMax = entriesMax;
  }

  /** Reads one entry. */
  @FunctionalInterface
  interface Reader<T> {
    T read(Path entry) throws IOException;
  }

  /** Removes one entry. */
  @FunctionalInterface
  interface Remover {
    void remove(Path entry) throws IOException;
  }

  /**
   * Where the entry is.
   *
   * @param key lower-case hex
   */
  Path entry(String key) {
    return directory.resolve(key);
  }

  /**
   * What {@code reader} finds under {@code key}; null if it is not here, damaged, or not to be
   * believed: the caller makes it again. An entry that was of use is not the next to go.
   */
  <T> T get(String key, Reader<T> reader) {
    try {
      if (!isPrivate()) {
        return null;
      }
      T value = reader.read(entry(key));
      Files.setLastModifiedTime(entry(key), FileTime.from(Instant.now()));
      return value;
    } catch (IOException e) {
      return null;
    }
  }

  /** Whether what is in here can be believed: it is ours, and nobody else can write to it. */
  private boolean isPrivate() throws IOException {
    Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    int mode = (int) Files.getAttribute(directory, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    return Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(self)
        && (mode & 0022) == 0;
  }

  /**
   * Makes the directory, and room for one more entry.
   *
   * @throws IOException if it cannot be made, or others may write to it
   */
  void makeRoom(Remover remover) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(directory.toAbsolutePath().getParent());
      var mode = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
      Files.createDirectories(directory, mode);
    }
    if (!isPrivate()) {
      throw new IOException(
          directory + " belongs to somebody else, or others may write to it: remove it");
    }
    List<Path> entries;
    try (Stream<Path> all = Files.list(directory)) {
      entries = all.sorted(Comparator.comparing(CacheFolder::lastUse).reversed()).toList();
    }
    for (Path old : entries.subList(Math.min(entriesMax, entries.size()), entries.size())) {
      remover.remove(old);
    }
  }

  private static FileTime lastUse(Path entry) {
    try {
      return Files.getLastModifiedTime(entry);
    } catch (IOException e) {
      return FileTime.from(Instant.EPOCH); // another process has removed it
    }
  }
}
