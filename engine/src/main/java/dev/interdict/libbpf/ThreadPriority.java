package dev.interdict.libbpf;

/**
 * The kernel's priority of a thread; Java's own priorities mean nothing on Linux.
 *
 * <p>No real-time priority: on a kernel that does not preempt itself such a thread stays behind a
 * task that waits in a hook on its processor, also while another processor is free; a thread of the
 * usual scheduling class is moved there.
 */
public final class ThreadPriority {
  /** Of nice values. */
  static final int BEST = -20;

  private static final int CALLING = 0;

  private ThreadPriority() {}

  /**
   * Lets the calling thread run before all others of the usual scheduling class.
   *
   * @return false if the process may not: it needs CAP_SYS_NICE
   */
  public static boolean raise() {
    return LibC.nice(CALLING, BEST);
  }

  /** Lets the calling thread run as everybody's do. */
  public static void usual() {
    LibC.nice(CALLING, 0);
  }
}
