package dev.interdict.eval;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * By which of the names that policies mention a file is known. A hard link, a bind mount or another
 * mount namespace gives a file a second path; a rule that names the first must hold all the same.
 * So each name is resolved to the file it leads to now, and an event on that file is judged under
 * this name too.
 *
 * <p>The files are looked up when this is made and with each {@link #refresh}, never while a task
 * waits. Safe for use by many threads.
 *
 * <p>A file system that tells user space another device number than the kernel uses (btrfs
 * subvolumes, overlayfs) has no aliases.
 */
public final class Aliases {
  private final Set<String> names;
  private volatile Map<FileId, List<byte[]>> byFile;

  /**
   * A file, as the kernel's side names it.
   *
   * @param device the kernel's {@code dev_t}: major {@code << 20 |} minor
   */
  public record FileId(int device, long inode) {}

  Aliases(Set<String> names) {
    this.names = new TreeSet<>(names);
    byFile = resolve();
  }

  /** The names that lead to the file; empty if none does. */
  List<byte[]> of(int device, long inode) {
    Map<FileId, List<byte[]>> now = byFile;
    return now.isEmpty() ? List.of() : now.getOrDefault(new FileId(device, inode), List.of());
  }

  /**
   * Looks where the names lead now.
   *
   * @return files that a name leads to since this look: what was decided about them is no longer
   *     worth anything
   */
  public Set<FileId> refresh() {
    Map<FileId, List<byte[]>> before = byFile;
    Map<FileId, List<byte[]>> now = resolve();
    Set<FileId> fresh = new HashSet<>(now.keySet());
    fresh.removeAll(before.keySet());
    byFile = now;
    return fresh;
  }

  private Map<FileId, List<byte[]>> resolve() {
    Map<FileId, List<byte[]>> found = new HashMap<>();
    for (String name : names) {
      FileId file = find(name);
      if (file != null) {
        found
            .computeIfAbsent(file, f -> new ArrayList<>())
            .add(name.getBytes(StandardCharsets.UTF_8));
      }
    }
    return found;
  }

  private static FileId find(String name) {
    try {
      Map<String, Object> found = Files.readAttributes(Path.of(name), "unix:dev,ino");
      return new FileId(kernelDevice((Long) found.get("dev")), (Long) found.get("ino"));
    } catch (IOException | InvalidPathException e) {
      return null; // no file of this name now
    }
  }

  /** From the form of {@code struct stat} (sysmacros.h) to that of {@code kdev_t.h}. */
  static int kernelDevice(long device) {
    long major = ((device >>> 8) & 0xfff) | ((device >>> 32) & ~0xfffL);
    long minor = (device & 0xff) | ((device >>> 12) & ~0xffL);
    return (int) ((major << 20) | (minor & 0xfffff));
  }
}
