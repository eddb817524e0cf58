package dev.interdict.libbpf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Names of the errors that the calls used here can return; numbers as on all Linux ports of Java.
 */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int E2BIG = 7;
  public static final int EAGAIN = 11;
  public static final int EACCES = 13;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int EINVAL = 22;
  public static final int EINTR = 4;
  public static final int ENOSPC = 28;
  public static final int ENAMETOOLONG = 36;
  public static final int EOPNOTSUPP = 95;

  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(EPERM, "EPERM"),
          Map.entry(ENOENT, "ENOENT"),
          Map.entry(3, "ESRCH"),
          Map.entry(EINTR, "EINTR"),
          Map.entry(5, "EIO"),
          Map.entry(6, "ENXIO"),
          Map.entry(E2BIG, "E2BIG"),
          Map.entry(8, "ENOEXEC"),
          Map.entry(9, "EBADF"),
          Map.entry(EAGAIN, "EAGAIN"),
          Map.entry(12, "ENOMEM"),
          Map.entry(EACCES, "EACCES"),
          Map.entry(14, "EFAULT"),
          Map.entry(EBUSY, "EBUSY"),
          Map.entry(EEXIST, "EEXIST"),
          Map.entry(18, "EXDEV"),
          Map.entry(ENODEV, "ENODEV"),
          Map.entry(20, "ENOTDIR"),
          Map.entry(21, "EISDIR"),
          Map.entry(EINVAL, "EINVAL"),
          Map.entry(24, "EMFILE"),
          Map.entry(ENOSPC, "ENOSPC"),
          Map.entry(34, "ERANGE"),
          Map.entry(ENAMETOOLONG, "ENAMETOOLONG"),
          Map.entry(38, "ENOSYS"),
          Map.entry(EOPNOTSUPP, "EOPNOTSUPP"),
          Map.entry(111, "ECONNREFUSED"),
          Map.entry(116, "ESTALE"),
          Map.entry(524, "ENOTSUPP"));

  private Errno() {}

  /** Such as {@code EPERM}; {@code errno 200} where the name is not known here. */
  public static String name(int errno) {
    String name = NAMES.get(errno);
    return name == null ? "errno " + errno : name;
  }

  private static boolean isRoot() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    } catch (IOException e) {
      return false; // no /proc: the advice is as good for who is not
    }
  }

  /** What usually helps against {@code errno}; empty if that depends. */
  static String remedy(int errno) {
    return switch (errno) {
      case EPERM, EACCES ->
          isRoot()
              ? "this kernel or container forbids it to root: it takes CAP_BPF, CAP_PERFMON and"
                  + " CAP_NET_ADMIN, and a kernel that is not locked down"
              : "run as root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN)";
      case 12 -> "not enough memory: kernels before 5.11 count maps against ulimit -l";
      case 24 -> "raise ulimit -n";
      default -> "";
    };
  }
}
