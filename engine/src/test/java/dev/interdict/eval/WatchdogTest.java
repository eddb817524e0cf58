package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class WatchdogTest {
  private static final Duration LIMIT = Duration.ofMillis(100);

  /** Else load, which anybody can make, would look like a policy that fails. */
  @Test
  void anEvaluationThatGetsNoProcessorIsNotLate() throws Exception {
    try (Watchdog.Guard guard = Watchdog.SHARED.guard(LIMIT)) {
      guard.begin();
      Thread.sleep(LIMIT.multipliedBy(25));
      assertFalse(guard.end());
    }
  }

  @Test
  void oneThatUsesMoreThanItsLimitIsEnded() {
    try (Watchdog.Guard guard = Watchdog.SHARED.guard(LIMIT)) {
      guard.begin();
      while (!Thread.currentThread().isInterrupted()) {
        Thread.onSpinWait();
      }
      assertTrue(guard.end());
      assertFalse(Thread.currentThread().isInterrupted(), "its interrupt was left behind");
    }
  }
}
