package dev.interdict.libbpf;

/** The kernel's priority of a thread; Java's own priorities mean nothing on Linux. */
public enum ThreadPriority {
  /** Before all threads of the usual scheduling class: SCHED_RR, the lowest of its priorities. */
  REAL_TIME,
  /** A larger share than others of that class: nice -20. */
  RAISED,
  /** Like everybody. */
  NONE;

  /**
   * Gives the calling thread the best of these that the process may have; without CAP_SYS_NICE it
   * is none. Threads and processes that it starts have none.
   */
  public static ThreadPriority raise() {
    if (LibC.realTime()) {
      return REAL_TIME;
    }
    return LibC.nice(0) ? RAISED : NONE;
  }
}
