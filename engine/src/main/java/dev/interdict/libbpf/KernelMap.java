package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;

/** A {@link BpfMap} in the kernel, held by a file descriptor. */
public final class KernelMap implements BpfMap {
  private static final int INFO_BYTES = 88;
  private static final int NAME_OFFSET = 24;

  private final int fd;
  private final boolean owned;
  private final MapInfo info;
  private final Arena arena = Arena.ofShared();
  private MemorySegment memory;

  /**
   * @param name as in the object: the kernel keeps only 15 characters
   * @param owned whether {@link #close} closes {@code fd}
   */
  KernelMap(String name, int fd, boolean owned) {
    this.fd = fd;
    this.owned = owned;
    this.info = readInfo(name, fd);
  }

  /**
   * Makes a map.
   *
   * @param type such as {@link MapInfo#HASH}
   */
  public static KernelMap create(
      String name, int type, int keyBytes, int valueBytes, int maxEntries, int flags) {
    Native.requireLibBpf();
    try (Arena arena = Arena.ofConfined()) {
      // struct bpf_map_create_opts: sz, btf_fd, three type ids, inner_map_fd, map_flags
      MemorySegment opts = arena.allocate(32, 8);
      opts.set(JAVA_LONG, 0, 32L);
      opts.set(JAVA_INT, 28, flags);
      int fd =
          BpfCalls.bpf_map_create(
              type, arena.allocateFrom(name), keyBytes, valueBytes, maxEntries, opts);
      if (fd < 0) {
        throw new BpfException("create map", name, -fd);
      }
      return owned(name, fd);
    }
  }

  /**
   * Opens a pinned map.
   *
   * @throws BpfException {@code ENOENT} if nothing is pinned there
   */
  public static KernelMap openPinned(Path path) {
    int fd = Pinned.open("open pinned map", path);
    return owned(Objects.requireNonNull(path.getFileName()).toString(), fd);
  }

  private static KernelMap owned(String name, int fd) {
    try {
      return new KernelMap(name, fd, true);
    } catch (BpfException e) {
      LibC.close(fd);
      throw e;
    }
  }

  /** Keeps the map alive under {@code path} of a bpffs. */
  public void pin(Path path) {
    Pinned.pin("pin map", fd, path);
  }

  int fd() {
    return fd;
  }

  @Override
  public MapInfo info() {
    return info;
  }

  @Override
  public boolean lookup(MemorySegment key, MemorySegment value) {
    return found("look up in map", BpfCalls.bpf_map_lookup_elem(fd, key, value));
  }

  @Override
  public void update(MemorySegment key, MemorySegment value) {
    int result = BpfCalls.bpf_map_update_elem(fd, key, value, 0);
    if (result < 0) {
      throw new BpfException(
          "update map",
          info.name(),
          -result,
          -result == Errno.E2BIG
              ? "it is full (" + info.maxEntries() + " entries)"
              : Errno.remedy(-result));
    }
  }

  @Override
  public boolean delete(MemorySegment key) {
    return found("delete from map", BpfCalls.bpf_map_delete_elem(fd, key));
  }

  @Override
  public boolean nextKey(MemorySegment key, MemorySegment next) {
    return found("walk map", BpfCalls.bpf_map_get_next_key(fd, key, next));
  }

  @Override
  public void updateBatch(MemorySegment keys, MemorySegment values, int count) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment n = call.allocateFrom(JAVA_INT, count);
      int result = BpfCalls.bpf_map_update_batch(fd, keys, values, n, MemorySegment.NULL);
      if (result < 0) {
        throw new BpfException(
            "update " + count + " entries of map",
            info.name(),
            -result,
            "the first " + n.get(JAVA_INT, 0) + " are done");
      }
    }
  }

  @Override
  public void deleteBatch(MemorySegment keys, int count) {
    try (Arena call = Arena.ofConfined()) {
      int keyBytes = info.keyBytes();
      MemorySegment n = call.allocate(JAVA_INT);
      // The kernel ends a batch at the first key that is absent.
      for (int done = 0; done < count; ) {
        n.set(JAVA_INT, 0, count - done);
        MemorySegment rest = keys.asSlice((long) done * keyBytes);
        int result = BpfCalls.bpf_map_delete_batch(fd, rest, n, MemorySegment.NULL);
        if (result < 0 && -result != Errno.ENOENT) {
          throw new BpfException("delete from map", info.name(), -result);
        }
        done += n.get(JAVA_INT, 0) + (result < 0 ? 1 : 0);
      }
    }
  }

  @Override
  public synchronized MemorySegment memory() {
    if (memory == null) {
      if ((info.flags() & MapInfo.MMAPABLE) == 0) {
        throw new BpfException("map into memory", info.name(), 0, "made without BPF_F_MMAPABLE");
      }
      // Values of a mapped array are 8 bytes aligned; the kernel rounds the whole up to pages.
      long bytes = (long) info.maxEntries() * ((info.valueBytes() + 7) & ~7);
      long page = LibC.pageBytes();
      long pages = (bytes + page - 1) & -page;
      memory = LibC.mmap(info.name(), fd, 0, pages, true, arena).asSlice(0, bytes);
    }
    return memory;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      if (owned) {
        LibC.close(fd);
      }
    }
  }

  private boolean found(String what, int result) {
    if (result == -Errno.ENOENT) {
      return false;
    }
    if (result < 0) {
      throw new BpfException(what, info.name(), -result);
    }
    return true;
  }

  private static MapInfo readInfo(String name, int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Pinned.info("read info of map", name, fd, INFO_BYTES, arena);
      String kernelName = info.getString(NAME_OFFSET);
      return new MapInfo(
          name.isEmpty() ? kernelName : name,
          info.get(JAVA_INT, 0),
          info.get(JAVA_INT, 8),
          info.get(JAVA_INT, 12),
          info.get(JAVA_INT, 16),
          info.get(JAVA_INT, 20),
          info.get(JAVA_INT, 4),
          BpfCalls.libbpf_num_possible_cpus());
    }
  }
}
