package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The ELF file with all programs and maps: opened without privilege, changed in memory, then loaded
 * as a whole or not at all. Not for use by several threads.
 *
 * <p>Maps and programs got from it are valid until {@link #close}, unless they are pinned and
 * opened again.
 */
public final class BpfObject implements AutoCloseable {
  /** The most the verifier of any kernel writes; not touched, so not paid for, unless it fails. */
  private static final long LOG_BYTES = 16 << 20;

  private final Arena arena = Arena.ofShared();
  private final String name;
  private final MemorySegment object;
  private final Map<String, MemorySegment> programs = new LinkedHashMap<>();
  private final Map<String, MemorySegment> maps = new LinkedHashMap<>();
  private boolean loaded;

  private BpfObject(String name, byte[] elf) {
    this.name = name;
    MemorySegment bytes = arena.allocate(elf.length, 8);
    MemorySegment.copy(elf, 0, bytes, JAVA_BYTE, 0, elf.length);
    MemorySegment opts = arena.allocate(16, 8);
    opts.set(JAVA_LONG, 0, 16L);
    opts.set(ADDRESS, 8, arena.allocateFrom(name));
    object = LibBpf.bpf_object__open_mem(name, bytes, elf.length, opts);
    for (MemorySegment p = next(true, MemorySegment.NULL); !isNull(p); p = next(true, p)) {
      programs.put(LibBpf.bpf_program__name(p), p);
    }
    for (MemorySegment m = next(false, MemorySegment.NULL); !isNull(m); m = next(false, m)) {
      maps.put(LibBpf.bpf_map__name(m), m);
    }
  }

  /**
   * Parses an object; nothing reaches the kernel.
   *
   * @param name for messages, and the prefix of internal maps
   * @throws BpfException if libbpf is missing or too old, or the bytes are no BPF object
   */
  public static BpfObject open(String name, byte[] elf) {
    Native.requireLibBpf();
    return new BpfObject(name, elf);
  }

  /** Names of all programs, in the order of the object. */
  public Set<String> programs() {
    return java.util.Collections.unmodifiableSet(programs.keySet());
  }

  /** Names of all maps, in the order of the object. */
  public Set<String> maps() {
    return java.util.Collections.unmodifiableSet(maps.keySet());
  }

  /** The object's type information. */
  public Btf btf() {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment size = call.allocate(JAVA_INT);
      MemorySegment raw = LibBpf.btf__raw_data(name, LibBpf.bpf_object__btf(name, object), size);
      return Btf.parse(raw.reinterpret(size.get(JAVA_INT, 0)).toArray(JAVA_BYTE));
    }
  }

  /** Whether {@link #load} loads this program; all are at first. */
  public void autoload(String program, boolean on) {
    check("switch program", program, LibBpf.bpf_program__set_autoload(program(program, false), on));
  }

  /** Sets the size of a map (bytes, for a ring) before {@link #load}. */
  public void maxEntries(String map, int entries) {
    check("set size of map", map, LibBpf.bpf_map__set_max_entries(find(map), entries));
  }

  /** Lets the programs use {@code existing} instead of a new map. */
  public void reuse(String map, KernelMap existing) {
    check("reuse map", map, LibBpf.bpf_map__reuse_fd(find(map), existing.fd()));
  }

  /** Does not create a map that no loaded program uses. */
  public void skip(String map) {
    check("skip map", map, LibBpf.bpf_map__set_autocreate(find(map), false));
  }

  /** What the object asks for; with id 0. */
  public MapInfo declared(String map) {
    MemorySegment m = find(map);
    return new MapInfo(
        map,
        LibBpf.bpf_map__type(m),
        LibBpf.bpf_map__key_size(m),
        LibBpf.bpf_map__value_size(m),
        LibBpf.bpf_map__max_entries(m),
        LibBpf.bpf_map__map_flags(m),
        0,
        BpfCalls.libbpf_num_possible_cpus());
  }

  /**
   * Creates the maps and loads the programs.
   *
   * @throws VerifierException if a program was refused, with the verifier's log
   * @throws BpfException if something else failed. In both cases nothing stays in the kernel
   */
  public void load() {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment log = LibC.mmapAnonymous(LOG_BYTES, call);
      for (MemorySegment program : programs.values()) {
        // Only on failure does libbpf load again with the log switched on.
        check("set log", name, LibBpf.bpf_program__set_log_buf(program, log, LOG_BYTES));
      }
      Messages.clear();
      int result = LibBpf.bpf_object__load(object);
      if (result < 0) {
        throw failure(-result, log.getString(0));
      }
      loaded = true;
    }
  }

  private BpfException failure(int errno, String log) {
    String said = Messages.text();
    // libbpf names the program in its message: prog 'lsm_exec': BPF program load failed: ...
    int start = said.indexOf("prog '");
    if (start < 0) {
      return new BpfException("load object", name, errno, Messages.orElse(Errno.remedy(errno)));
    }
    String program = said.substring(start + 6, said.indexOf('\'', start + 6));
    if (log.isBlank() && errno == Errno.EPERM) {
      return new BpfException("load program", program, errno);
    }
    return new VerifierException(program, errno, log.isBlank() ? said : log);
  }

  /** A map of the loaded object. */
  public KernelMap map(String map) {
    requireLoaded(map);
    return new KernelMap(map, LibBpf.bpf_map__fd(find(map)), false);
  }

  /** A program of the loaded object. */
  public BpfProgram program(String program) {
    int fd = LibBpf.bpf_program__fd(program(program, true));
    if (fd < 0) {
      throw new BpfException("use program", program, 0, "it was not loaded: autoload is off");
    }
    return new BpfProgram(program, fd, false);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      LibBpf.bpf_object__close(object);
      arena.close();
    }
  }

  private MemorySegment program(String program, boolean needsLoaded) {
    if (needsLoaded) {
      requireLoaded(program);
    }
    MemorySegment found = programs.get(program);
    if (found == null) {
      throw new BpfException("find program", program, 0, "object " + name + " has " + programs());
    }
    return found;
  }

  private MemorySegment find(String map) {
    MemorySegment found = maps.get(map);
    if (found == null) {
      throw new BpfException(
          "find map", map, 0, "object " + name + " has " + new TreeSet<>(maps.keySet()));
    }
    return found;
  }

  private MemorySegment next(boolean program, MemorySegment previous) {
    return program
        ? LibBpf.bpf_object__next_program(object, previous)
        : LibBpf.bpf_object__next_map(object, previous);
  }

  private static boolean isNull(MemorySegment pointer) {
    return pointer.address() == 0;
  }

  private void requireLoaded(String what) {
    if (!loaded) {
      throw new BpfException("use", what, 0, "object " + name + " is not loaded");
    }
  }

  private static void check(String what, String on, int result) {
    if (result < 0) {
      throw new BpfException(what, on, -result);
    }
  }
}
