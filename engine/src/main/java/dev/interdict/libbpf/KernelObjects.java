package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * What of BPF the kernel holds at the moment, whoever made it: to show that nothing of ours is
 * left.
 */
public final class KernelObjects {
  private static final int INFO_BYTES = 88;
  private static final int PROGRAM_NAME = 64;
  private static final int MAP_NAME = 24;

  /** What an object is. */
  public enum Kind {
    PROGRAM,
    MAP,
    LINK
  }

  /**
   * One object.
   *
   * @param id the kernel's number, not used again
   * @param name the first 15 characters of its name; a link has its program's number instead
   */
  public record KernelObject(Kind kind, int id, String name) {}

  private KernelObjects() {}

  /**
   * All objects, by kind and number. What comes or goes meanwhile may be missing.
   *
   * @throws BpfException {@code EPERM} without privilege
   */
  public static List<KernelObject> list() {
    Native.requireLibBpf();
    List<KernelObject> all = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment next = arena.allocate(JAVA_INT);
        int id = 0;
        for (int result = next(kind, id, next); result == 0; result = next(kind, id, next)) {
          id = next.get(JAVA_INT, 0);
          add(kind, id, all);
        }
      }
    }
    return all;
  }

  private static int next(Kind kind, int id, MemorySegment next) {
    int result =
        switch (kind) {
          case PROGRAM -> BpfCalls.bpf_prog_get_next_id(id, next);
          case MAP -> BpfCalls.bpf_map_get_next_id(id, next);
          case LINK -> BpfCalls.bpf_link_get_next_id(id, next);
        };
    if (result < 0 && result != -Errno.ENOENT) {
      throw new BpfException("list BPF objects", "", -result);
    }
    return result;
  }

  private static void add(Kind kind, int id, List<KernelObject> all) {
    IntUnaryOperator open =
        switch (kind) {
          case PROGRAM -> BpfCalls::bpf_prog_get_fd_by_id;
          case MAP -> BpfCalls::bpf_map_get_fd_by_id;
          case LINK -> BpfCalls::bpf_link_get_fd_by_id;
        };
    int fd = open.applyAsInt(id);
    if (fd < 0) {
      return; // gone meanwhile
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Pinned.info("read info of", kind + " " + id, fd, INFO_BYTES, arena);
      String name =
          switch (kind) {
            case PROGRAM -> info.getString(PROGRAM_NAME);
            case MAP -> info.getString(MAP_NAME);
            case LINK -> "program " + info.get(JAVA_INT, 8);
          };
      all.add(new KernelObject(kind, id, name));
    } finally {
      LibC.close(fd);
    }
  }
}
