package dev.interdict.eval;

import java.time.Duration;

/**
 * What one evaluation may use.
 *
 * @param time processor time; the thread is interrupted when it is spent
 * @param memoryBytes of the module's memory, data and input included; a multiple of 65,536
 */
public record Limits(Duration time, int memoryBytes) {

  /** 50 ms: a decision takes some microseconds, and a task may be waiting. 64 MiB. */
  public static final Limits DEFAULT = new Limits(Duration.ofMillis(50), 64 << 20);

  public Limits {
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException("time limit " + time + " is not positive");
    }
    if (memoryBytes < 1 << 20 || memoryBytes % 65536 != 0 || memoryBytes > 1 << 30) {
      throw new IllegalArgumentException(
          "memory limit " + memoryBytes + " is not a multiple of 65536 from 1 MiB to 1 GiB");
    }
  }
}
