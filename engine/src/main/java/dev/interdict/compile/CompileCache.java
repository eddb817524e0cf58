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
 * Compiled policies on disk, {@code compiled/KEY/} as {@link CompiledPolicyFile} writes them. What
 * is in here is believed, so the directory must be its owner's alone. Safe for use by many threads
 * and processes.
 */
final class CompileCache {
  /* About 0.2 MiB each; the oldest go first. */
  private static final int ENTRIES_MAX = 256;

  private final Path directory;

  CompileCache(Path root) {
    directory = root.resolve("compiled");
  }

  /** The policy kept under {@code key}; null if it is not here, or damaged. */
  CompiledPolicy get(String key) {
    Path entry = directory.resolve(key);
    try {
      if (!isPrivate()) {
        return null;
      }
      CompiledPolicy policy = CompiledPolicyFile.read(entry);
      Files.setLastModifiedTime(entry, FileTime.from(Instant.now()));
      return policy;
    } catch (IOException e) {
      return null; // compiled again, and written again
    }
  }

  /**
   * Keeps the policy under {@code key}, lower-case hex.
   *
   * @throws IOException if it cannot be written, or others may write to the directory
   */
  void put(String key, CompiledPolicy policy) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(directory.toAbsolutePath().getParent());
      var mode = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
      Files.createDirectories(directory, mode);
    }
    if (!isPrivate()) {
      throw new IOException(
          directory + " belongs to somebody else, or others may write to it: remove it");
    }
    prune();
    Path entry = directory.resolve(key);
    CompiledPolicyFile.delete(entry); // damaged, or it would have been found
    try {
      CompiledPolicyFile.write(policy, entry);
    } catch (IOException e) {
      if (get(key) == null) { // else another process was faster
        throw e;
      }
    }
  }

  private boolean isPrivate() throws IOException {
    Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    int mode = (int) Files.getAttribute(directory, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    return Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(self)
        && (mode & 0022) == 0;
  }

  private void prune() throws IOException {
    List<Path> entries;
    try (Stream<Path> all = Files.list(directory)) {
      entries = all.sorted(Comparator.comparing(CompileCache::lastUse).reversed()).toList();
    }
    for (Path old : entries.subList(Math.min(ENTRIES_MAX, entries.size()), entries.size())) {
      CompiledPolicyFile.delete(old);
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
