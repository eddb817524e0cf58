package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What this host can do, found out by doing it: no version is compared but libbpf's. What a probe
 * makes it removes at once.
 */
public final class KernelProbe {
  private static final int PROG_TYPE_XDP = 6;
  private static final int PROG_TYPE_LSM = 29;
  private static final int BPF_TRACE_FENTRY = 24;
  private static final int BPF_LSM_MAC = 27;
  private static final Path LSM_LIST = Path.of("/sys/kernel/security/lsm");
  private static final Path KERNEL_BTF = Path.of("/sys/kernel/btf/vmlinux");
  private static final Path HIDDEN_SYMBOLS = Path.of("/proc/sys/kernel/kptr_restrict");

  /** A hook that is passed on few occasions: the probe's program returns at once and is gone. */
  private static final String PROBED_HOOK = "bpf_lsm_sb_umount";

  /** {@code r0 = N; exit}, as {@code struct bpf_insn}. */
  private static final byte[] RETURN = {
    (byte) 0xb7, 0, 0, 0, 0, 0, 0, 0, (byte) 0x95, 0, 0, 0, 0, 0, 0, 0
  };

  /**
   * One requirement.
   *
   * @param id stable and greppable, such as {@code bpf-lsm}
   * @param what the requirement, for people
   * @param ok whether it holds
   * @param detail what was found, errors by name
   * @param remedy what to change; empty if it holds
   */
  public record Finding(String id, String what, boolean ok, String detail, String remedy) {}

  private KernelProbe() {}

  /** All requirements, in the order in which they are to be met. */
  public static List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    Finding libbpf = libbpf();
    findings.add(libbpf);
    findings.add(kernelBtf());
    findings.add(kernelSymbols());
    findings.add(bpffs());
    findings.add(cgroup2());
    findings.add(lsmList());
    if (libbpf.ok) {
      findings.add(ringBuffer());
      findings.add(lsmProgram());
      findings.add(namespaceHook());
      findings.add(xdpProgram());
    }
    return List.copyOf(findings);
  }

  private static Finding libbpf() {
    return attempt(
        "libbpf",
        "libbpf %d.%d or newer".formatted(Native.LIBBPF_MAJOR, Native.LIBBPF_MINOR),
        "apt-get install libbpf1",
        () -> {
          Native.requireLibBpf();
          return "libbpf " + Native.libbpfVersion();
        });
  }

  private static Finding kernelBtf() {
    boolean ok = Files.isReadable(KERNEL_BTF);
    return new Finding(
        "kernel-btf",
        "type information of the kernel",
        ok,
        KERNEL_BTF + (ok ? "" : " cannot be read"),
        ok ? "" : "use a kernel with CONFIG_DEBUG_INFO_BTF=y, as distributions ship");
  }

  /** The programs watch the kernel's counts of renames and mounts while they read a path. */
  private static Finding kernelSymbols() {
    String value;
    try {
      value = Files.readString(HIDDEN_SYMBOLS).strip();
    } catch (IOException e) {
      value = "unknown: " + e.getMessage();
    }
    boolean ok = value.equals("0") || value.equals("1");
    return new Finding(
        "kernel-symbols",
        "addresses of kernel symbols, without which no file has a path",
        ok,
        "kernel.kptr_restrict is " + value,
        ok ? "" : "sysctl -w kernel.kptr_restrict=1, and the same in /etc/sysctl.d");
  }

  private static Finding bpffs() {
    Optional<Path> mount = Mounts.find("bpf");
    return new Finding(
        "bpffs",
        "a mounted bpffs, to keep enforcing without the engine",
        mount.isPresent(),
        mount.map(m -> "at " + m).orElse("none is mounted"),
        mount.isPresent() ? "" : "mount -t bpf bpf /sys/fs/bpf");
  }

  private static Finding cgroup2() {
    Optional<Path> mount = Mounts.find("cgroup2");
    return new Finding(
        "cgroup2",
        "cgroup version 2, for the scope of policies",
        mount.isPresent(),
        mount.map(m -> "at " + m).orElse("none is mounted"),
        mount.isPresent() ? "" : "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
  }

  private static Finding lsmList() {
    String what = "bpf among the active security modules";
    String list;
    try {
      list = Files.readString(LSM_LIST).strip();
    } catch (IOException e) {
      return new Finding(
          "lsm-list",
          what,
          false,
          LSM_LIST + " cannot be read",
          "mount -t securityfs securityfs /sys/kernel/security; if that fails, this kernel has no"
              + " security modules");
    }
    boolean ok = List.of(list.split(",", -1)).contains("bpf");
    return new Finding(
        "lsm-list",
        what,
        ok,
        "active: " + list,
        ok
            ? ""
            : "add to GRUB_CMDLINE_LINUX in /etc/default/grub: lsm="
                + list
                + ",bpf - then update-grub and reboot");
  }

  private static Finding ringBuffer() {
    return attempt(
        "ring-buffer",
        "BPF ring buffers",
        "use a kernel from 5.8 on, and root",
        () -> {
          KernelMap.create("probe", MapInfo.RINGBUF, 0, 0, LibC.pageBytes(), 0).close();
          return "one was made";
        });
  }

  private static Finding lsmProgram() {
    return attempt(
        "bpf-lsm",
        "BPF programs at security hooks (exec, file_open, file_change, socket_connect, …)",
        "a kernel with CONFIG_BPF_LSM=y, bpf among the active security modules, and root; where the"
            + " machine's owner forbids it, use another host or interdict demo's virtual machine",
        () -> {
          try (BpfProgram program = load(PROG_TYPE_LSM, 0)) {
            BpfLink.attachLsm(program).close();
            return "a program was loaded and attached for a moment";
          }
        });
  }

  private static Finding namespaceHook() {
    boolean ok = hasLsmHook("userns_create");
    return new Finding(
        "user-namespaces",
        "a security hook where user namespaces are made (user_namespace)",
        ok,
        ok ? "this kernel has it" : "this kernel has none",
        ok ? "" : "use Linux 6.1 or newer; policies for other hooks do without");
  }

  /** Whether this kernel asks BPF programs at the LSM hook {@code name}, such as file_truncate. */
  public static boolean hasLsmHook(String name) {
    try (Arena arena = Arena.ofConfined()) {
      return BpfCalls.libbpf_find_vmlinux_btf_id(arena.allocateFrom(name), BPF_LSM_MAC) > 0;
    }
  }

  private static Finding xdpProgram() {
    return attempt(
        "xdp",
        "BPF programs on packets (xdp_ingress)",
        "a kernel with CONFIG_XDP_SOCKETS or any other XDP user, and root",
        () -> {
          load(PROG_TYPE_XDP, 2).close();
          return "a program was loaded";
        });
  }

  private static Finding attempt(String id, String what, String remedy, Supplier<String> probe) {
    try {
      return new Finding(id, what, true, probe.get(), "");
    } catch (BpfException e) {
      return new Finding(id, what, false, e.getMessage(), remedy);
    }
  }

  /** Whether the kernel has a function that programs may call or trace. */
  public static boolean hasFunction(String name) {
    try (Arena arena = Arena.ofConfined()) {
      return BpfCalls.libbpf_find_vmlinux_btf_id(arena.allocateFrom(name), BPF_TRACE_FENTRY) > 0;
    }
  }

  /** Loads a program that returns {@code answer}. */
  private static BpfProgram load(int type, int answer) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment instructions = arena.allocate(RETURN.length, 8);
      MemorySegment.copy(RETURN, 0, instructions, JAVA_BYTE, 0, RETURN.length);
      instructions.set(JAVA_INT, 4, answer);
      // struct bpf_prog_load_opts, up to attach_btf_id
      MemorySegment opts = arena.allocate(40, 8);
      opts.set(JAVA_LONG, 0, 40L);
      if (type == PROG_TYPE_LSM) {
        int hook = BpfCalls.libbpf_find_vmlinux_btf_id(arena.allocateFrom(PROBED_HOOK), 0);
        if (hook < 0) {
          throw new BpfException("find hook", PROBED_HOOK, -hook, "the kernel has no BPF LSM");
        }
        opts.set(JAVA_INT, 12, BPF_LSM_MAC);
        opts.set(JAVA_INT, 32, hook);
      }
      int fd =
          BpfCalls.bpf_prog_load(
              type,
              arena.allocateFrom("interdict_probe"),
              arena.allocateFrom("GPL"),
              instructions,
              RETURN.length / 8,
              opts);
      if (fd < 0) {
        throw new BpfException("load program", "interdict_probe", -fd);
      }
      return new BpfProgram("interdict_probe", fd, true);
    }
  }
}
