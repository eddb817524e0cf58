package dev.interdict.libbpf;

/**
 * A call into the kernel or into libbpf that failed: what was tried, on which object, the errno by
 * name and, where known, what to change.
 */
public class BpfException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int errno;

  /**
   * @param what what was tried, such as {@code pin map}
   * @param on the object's name or path
   * @param errno positive; 0 if the failure has none
   * @param remedy what to change, a sentence; empty if unknown
   */
  public BpfException(String what, String on, int errno, String remedy) {
    super(message(what, on, errno, remedy));
    this.errno = errno;
  }

  /** As above, with the remedy that is usual for {@code errno}. */
  public BpfException(String what, String on, int errno) {
    this(what, on, errno, Errno.remedy(errno));
  }

  /** The errno of the failing call; 0 if it has none. */
  public int errno() {
    return errno;
  }

  private static String message(String what, String on, int errno, String remedy) {
    StringBuilder text = new StringBuilder("cannot ").append(what);
    if (!on.isEmpty()) {
      text.append(" ").append(on);
    }
    if (errno != 0) {
      text.append(": ").append(Errno.name(errno));
    }
    if (!remedy.isEmpty()) {
      text.append(": ").append(remedy);
    }
    return text.toString();
  }
}
