package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;

/** A loaded program, held by a file descriptor. */
public final class BpfProgram implements AutoCloseable {
  private static final int INFO_BYTES = 232;
  private static final int TAG_OFFSET = 8;
  private static final int TAG_BYTES = 8;
  private static final int MAP_COUNT_OFFSET = 52;
  private static final int MAP_IDS_OFFSET = 56;
  private static final int NAME_OFFSET = 64;

  /** A program of the kernel's has no more (MAX_USED_MAPS). */
  private static final int MAPS_MAX = 64;

  private final String name;
  private final int fd;
  private final boolean owned;
  private boolean open = true;

  BpfProgram(String name, int fd, boolean owned) {
    this.name = name;
    this.fd = fd;
    this.owned = owned;
  }

  static BpfProgram byId(int id) {
    int fd = BpfCalls.bpf_prog_get_fd_by_id(id);
    if (fd < 0) {
      throw new BpfException("open program", "number " + id, -fd);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Pinned.info("read info of program", "", fd, INFO_BYTES, arena);
      return new BpfProgram(info.getString(NAME_OFFSET), fd, true);
    } catch (BpfException e) {
      LibC.close(fd);
      throw e;
    }
  }

  /** The name in the object; of a program opened by number, its first 15 characters. */
  public String name() {
    return name;
  }

  int fd() {
    return fd;
  }

  /** The kernel's number of it. */
  public int id() {
    try (Arena arena = Arena.ofConfined()) {
      return Pinned.info("read info of program", name, fd, INFO_BYTES, arena).get(JAVA_INT, 4);
    }
  }

  /** The kernel's hash of the instructions, in which maps are all the same: see {@link #maps}. */
  public String tag() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Pinned.info("read info of program", name, fd, INFO_BYTES, arena);
      return HexFormat.of().formatHex(info.asSlice(TAG_OFFSET, TAG_BYTES).toArray(JAVA_BYTE));
    }
  }

  /** The kernel's numbers of the maps that it uses. */
  public Set<Integer> maps() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(INFO_BYTES, 8);
      MemorySegment ids = arena.allocate(JAVA_INT, MAPS_MAX);
      info.set(JAVA_INT, MAP_COUNT_OFFSET, MAPS_MAX);
      info.set(ADDRESS, MAP_IDS_OFFSET, ids);
      Pinned.info("read maps of program", name, fd, info, arena);
      Set<Integer> maps = new HashSet<>();
      for (int i = 0; i < Math.min(MAPS_MAX, info.get(JAVA_INT, MAP_COUNT_OFFSET)); i++) {
        maps.add(ids.getAtIndex(JAVA_INT, i));
      }
      return maps;
    }
  }

  /**
   * What a run of {@code BPF_PROG_TEST_RUN} gave.
   *
   * @param answer the program's return value
   * @param averageNs time of one run
   */
  public record TestRun(int answer, int averageNs) {}

  /**
   * Runs an XDP program on a packet without any interface, {@code repeat} times: for tests and
   * measurements.
   *
   * @param packet from the Ethernet header on
   * @param ifindex what the program sees; must exist in this network namespace
   */
  public TestRun testXdp(byte[] packet, int ifindex, int repeat) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(packet.length, 8);
      MemorySegment.copy(packet, 0, data, JAVA_BYTE, 0, packet.length);
      // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex
      MemorySegment context = arena.allocate(24, 8);
      context.set(JAVA_INT, 4, packet.length);
      context.set(JAVA_INT, 12, ifindex);
      MemorySegment opts = arena.allocate(80, 8);
      opts.set(JAVA_LONG, 0, 80L);
      opts.set(ADDRESS, 8, data);
      opts.set(JAVA_INT, 24, packet.length);
      opts.set(ADDRESS, 32, context);
      opts.set(JAVA_INT, 48, (int) context.byteSize());
      opts.set(JAVA_INT, 60, repeat);
      int result = BpfCalls.bpf_prog_test_run_opts(fd, opts);
      if (result < 0) {
        throw new BpfException("test run program", name, -result);
      }
      return new TestRun(opts.get(JAVA_INT, 56), opts.get(JAVA_INT, 64));
    }
  }

  @Override
  public void close() {
    if (open && owned) {
      open = false;
      LibC.close(fd);
    }
  }
}
