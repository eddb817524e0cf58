package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The kernel's handle of one attachment. The program runs until the last reference is gone: this
 * one, and the pin.
 */
public final class BpfLink implements AutoCloseable {
  private static final int INFO_BYTES = 32;
  private static final int BPF_TRACE_RAW_TP = 23;
  private static final int BPF_LSM_MAC = 27;
  private static final int BPF_XDP = 37;
  private static final int XDP_FLAGS_SKB_MODE = 2;
  private static final int XDP_FLAGS_DRV_MODE = 4;

  private final String name;
  private final int fd;
  private boolean open = true;

  private BpfLink(String name, int fd) {
    this.name = name;
    this.fd = fd;
  }

  /** Lets {@code program} run at the LSM hook of its section. */
  public static BpfLink attachLsm(BpfProgram program) {
    return create("attach program", program, 0, BPF_LSM_MAC, 0);
  }

  /** Lets {@code program} run at the tracepoint of its section. */
  public static BpfLink attachTracepoint(BpfProgram program) {
    return create("attach program", program, 0, BPF_TRACE_RAW_TP, 0);
  }

  /**
   * Lets {@code program} run on packets that arrive at an interface of the calling thread's network
   * namespace.
   *
   * @param generic after the kernel has built its packet, on every driver; else in the driver
   * @throws BpfException {@code EOPNOTSUPP} or {@code EINVAL} if the driver cannot, {@code EBUSY}
   *     if another program is there
   */
  public static BpfLink attachXdp(BpfProgram program, int ifindex, boolean generic) {
    int flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
    String what = (generic ? "attach (generic) to interface " : "attach to interface ") + ifindex;
    return create(what, program, ifindex, BPF_XDP, flags);
  }

  /** Opens a pinned link. */
  public static BpfLink openPinned(Path path) {
    return new BpfLink(path.toString(), Pinned.open("open pinned link", path));
  }

  private static BpfLink create(
      String what, BpfProgram program, int target, int attachType, int flags) {
    Messages.clear();
    try (Arena arena = Arena.ofConfined()) {
      // struct bpf_link_create_opts, up to flags
      MemorySegment opts = arena.allocate(16, 8);
      opts.set(JAVA_LONG, 0, 16L);
      opts.set(JAVA_INT, 8, flags);
      int fd =
          BpfCalls.bpf_link_create(
              program.fd(), target, attachType, flags == 0 ? MemorySegment.NULL : opts);
      if (fd < 0) {
        throw new BpfException(what, program.name(), -fd, Messages.orElse(Errno.remedy(-fd)));
      }
      return new BpfLink(program.name(), fd);
    }
  }

  /** Puts another program in the old one's place, so that no packet meets neither. XDP only. */
  public void replace(BpfProgram program) {
    int result = BpfCalls.bpf_link_update(fd, program.fd(), MemorySegment.NULL);
    if (result < 0) {
      throw new BpfException("replace program of link", name, -result);
    }
  }

  /** Keeps the attachment alive under {@code path} of a bpffs. */
  public void pin(Path path) {
    Pinned.pin("pin link", fd, path);
  }

  /** The program that runs; its own handle, to be closed. */
  public BpfProgram program() {
    try (Arena arena = Arena.ofConfined()) {
      int id = Pinned.info("read info of link", name, fd, INFO_BYTES, arena).get(JAVA_INT, 8);
      return BpfProgram.byId(id);
    }
  }

  /** The interface that an XDP link is on; 0 if that is gone. */
  public int ifindex() {
    try (Arena arena = Arena.ofConfined()) {
      return Pinned.info("read info of link", name, fd, INFO_BYTES, arena).get(JAVA_INT, 16);
    }
  }

  /** Drops this reference; without a pin the program no longer runs afterwards. */
  @Override
  public void close() {
    if (open) {
      open = false;
      LibC.close(fd);
    }
  }
}
