package dev.interdict.libbpf;

/** The kernel's priority of a thread; Java's own priorities mean nothing on Linux. */
public final class ThreadPriority {
  private static final int FIRST = -20;

  private ThreadPriority() {}

  /**
   * Lets the calling thread run before all others of the usual scheduling class.
   *
   * @return false if the process may not: it needs CAP_SYS_NICE
   */
  public static boolean raise() {
    return LibC.nice(FIRST);
  }
}
