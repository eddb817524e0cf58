package dev.interdict.libbpf;

/** {@code CLOCK_BOOTTIME}: the clock that both the kernel's programs and the engine can read. */
public final class BootClock {
  private BootClock() {}

  /** Nanoseconds since boot, suspended time included. */
  public static long nowNs() {
    return LibC.bootTimeNs();
  }
}
