package dev.interdict.libbpf;

/**
 * The kernel's priority of a thread; Java's own priorities mean nothing on Linux.
 *
 * <p>No real-time priority: on a kernel that does not preempt itself such a thread stays behind a
 * task that waits in a hook on its processor, also while another processor is free; a thread of the
 * usual scheduling class is moved there.
 */
public final class ThreadPriority {
  private ThreadPriority() {}

  /**
   * Lets the calling thread run before all others of the usual scheduling class.
   *
   * @return false if the process may not: it needs CAP_SYS_NICE
   */
  public static boolean raise() {
    return LibC.nice(0);
  }
}
