package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** What maps, programs and links have in common: descriptors, pins and an info structure. */
final class Pinned {
  private Pinned() {}

  static int open(String what, Path path) {
    Native.requireLibBpf();
    try (Arena arena = Arena.ofConfined()) {
      int fd = BpfCalls.bpf_obj_get(arena.allocateFrom(path.toString()));
      if (fd < 0) {
        throw new BpfException(what, path.toString(), -fd);
      }
      return fd;
    }
  }

  static void pin(String what, int fd, Path path) {
    try (Arena arena = Arena.ofConfined()) {
      int result = BpfCalls.bpf_obj_pin(fd, arena.allocateFrom(path.toString()));
      if (result < 0) {
        throw new BpfException(what, path.toString(), -result, remedy(-result));
      }
    }
  }

  private static String remedy(int errno) {
    return switch (errno) {
      case Errno.EINVAL, Errno.EPERM ->
          "the directory must be on a bpffs, and you root: mount -t bpf bpf /sys/fs/bpf";
      case Errno.EEXIST -> "something is pinned there already: interdict uninstall removes it";
      default -> Errno.remedy(errno);
    };
  }

  /** Older kernels fill less than {@code bytes}: the rest stays zero. */
  static MemorySegment info(String what, String name, int fd, int bytes, Arena arena) {
    MemorySegment info = arena.allocate(bytes, 8);
    info(what, name, fd, info, arena);
    return info;
  }

  /** Fills {@code info}, which may say where there is room for more. */
  static void info(String what, String name, int fd, MemorySegment info, Arena arena) {
    MemorySegment length = arena.allocateFrom(JAVA_INT, (int) info.byteSize());
    int result = BpfCalls.bpf_obj_get_info_by_fd(fd, info, length);
    if (result < 0) {
      throw new BpfException(what, name, -result);
    }
  }
}
