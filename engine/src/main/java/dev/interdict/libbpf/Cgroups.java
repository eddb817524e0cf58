package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Numbers and paths of cgroups, version 2, wherever that is mounted. Safe for use by many threads.
 *
 * <p>A cgroup's number is its handle in the file system, and the kernel finds it by that without a
 * walk, which needs CAP_DAC_READ_SEARCH. Names are bytes, so Java's file API, whose names depend on
 * the locale, is not used.
 */
public final class Cgroups implements AutoCloseable {
  private static final int FILEID_KERNFS = 0xfe;

  /** So many at a time, then one by one: users nest cgroups as deep as they like. */
  private static final int STEPS = 64;

  /** struct file_handle: length of the handle, its type, the handle. */
  private static final int HANDLE_BYTES = 16;

  private final byte[] root;
  private final int mount;

  /**
   * Where a cgroup is.
   *
   * @param path from {@code /} on
   * @param whole whether it is the cgroup's own; if not, that of the nearest above it whose path
   *     the kernel tells: it tells none of more than 4,095 bytes
   */
  public record Place(byte[] path, boolean whole) {}

  /**
   * Finds the mount point.
   *
   * @throws BpfException if no cgroup version 2 is mounted
   */
  public Cgroups() {
    Path path =
        Mounts.find("cgroup2")
            .orElseThrow(
                () ->
                    new BpfException(
                        "find cgroups",
                        "",
                        0,
                        "no cgroup2 is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup"));
    root = path.toString().getBytes(StandardCharsets.UTF_8);
    mount = LibC.openDirectory(path);
  }

  /** Where it is mounted. */
  public Path root() {
    return Path.of(new String(root, StandardCharsets.UTF_8));
  }

  /**
   * The number of the cgroup {@code path}, which starts with {@code /}; empty if there is none, or
   * if the path leads elsewhere by {@code ..}.
   */
  public OptionalLong id(byte[] path) {
    String text = new String(path, StandardCharsets.ISO_8859_1);
    if (!text.startsWith("/") || List.of(text.split("/", -1)).contains("..")) {
      return OptionalLong.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(root.length + path.length + 1L);
      MemorySegment.copy(root, 0, name, JAVA_BYTE, 0, root.length);
      MemorySegment.copy(path, 0, name, JAVA_BYTE, root.length, path.length);
      MemorySegment handle = arena.allocate(HANDLE_BYTES, 8);
      handle.set(JAVA_INT, 0, Long.BYTES);
      boolean found = LibC.nameToHandle(name, handle, arena.allocate(JAVA_LONG));
      return found && handle.get(JAVA_INT, 4) == FILEID_KERNFS
          ? OptionalLong.of(handle.get(JAVA_LONG, 8))
          : OptionalLong.empty();
    }
  }

  /**
   * The path, from {@code /} on, of the cgroup with this number; empty if it is gone, or if it
   * cannot be told: the kernel tells none of more than 4,095 bytes.
   */
  public Optional<byte[]> path(long id) {
    return place(id).filter(Place::whole).map(Place::path);
  }

  /** Where the cgroup with this number is; empty if it is gone, or if nothing can be told of it. */
  public Optional<Place> place(long id) {
    int fd = open(id);
    if (fd < 0) {
      return Optional.empty();
    }
    int[] errno = new int[1];
    try {
      Optional<byte[]> path = LibC.readlink(link(fd), errno);
      if (path.isEmpty() && errno[0] == Errno.ENAMETOOLONG) {
        fd = ascend(fd, "../".repeat(STEPS), false);
        fd = ascend(fd, "..", true);
        return LibC.readlink(link(fd), errno)
            .flatMap(above -> below(root, above))
            .map(above -> new Place(above, false));
      }
      return path.flatMap(own -> below(root, own)).map(own -> new Place(own, true));
    } finally {
      LibC.close(fd);
    }
  }

  private int open(long id) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(HANDLE_BYTES, 8);
      handle.set(JAVA_INT, 0, Long.BYTES);
      handle.set(JAVA_INT, 4, FILEID_KERNFS);
      handle.set(JAVA_LONG, 8, id);
      return LibC.openByHandle(mount, handle);
    }
  }

  private static String link(int fd) {
    return "/proc/self/fd/" + fd;
  }

  /**
   * Goes from {@code fd}, which it closes, as often as the path is too long.
   *
   * @param into whether also into the first whose path is not
   * @return the last one; {@code fd} itself if it cannot be left
   */
  private static int ascend(int fd, String up, boolean into) {
    int at = fd;
    for (int above; (above = LibC.openDirectory(at, up)) >= 0; ) {
      boolean tooLong = isTooLong(above);
      LibC.close(tooLong || into ? at : above);
      at = tooLong || into ? above : at;
      if (!tooLong) {
        break;
      }
    }
    return at;
  }

  private static boolean isTooLong(int fd) {
    int[] errno = new int[1];
    return LibC.readlink(link(fd), errno).isEmpty() && errno[0] == Errno.ENAMETOOLONG;
  }

  /**
   * Of the mount point {@code root}; empty if it is not there: of a mount that was taken away the
   * kernel tells a shorter path.
   */
  static Optional<byte[]> below(byte[] root, byte[] directory) {
    int depth = root.length;
    if (directory.length < depth || !Arrays.equals(root, 0, depth, directory, 0, depth)) {
      return Optional.empty();
    }
    if (directory.length == depth) {
      return Optional.of(new byte[] {'/'});
    }
    return directory[depth] == '/'
        ? Optional.of(Arrays.copyOfRange(directory, depth, directory.length))
        : Optional.empty();
  }

  @Override
  public void close() {
    LibC.close(mount);
  }
}
