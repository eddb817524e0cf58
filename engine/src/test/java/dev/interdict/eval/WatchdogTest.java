package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
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

  /** It may be the first one of a policy, on a host that has hardly any time for it. */
  @Test
  void oneThatGoesOnShowsSignsOfLife() throws Exception {
    CountDownLatch signs = new CountDownLatch(3);
    try (Watchdog.Guard guard = Watchdog.SHARED.guard(Duration.ofHours(1), signs::countDown)) {
      guard.begin();
      while (signs.getCount() > 0) {
        Thread.onSpinWait();
      }
      assertFalse(guard.end());
    }
  }

  /** Else an engine that is stuck would look alive. */
  @Test
  void oneThatGetsNoFurtherShowsNone() throws Exception {
    AtomicInteger signs = new AtomicInteger();
    try (Watchdog.Guard guard =
        Watchdog.SHARED.guard(Duration.ofHours(1), signs::incrementAndGet)) {
      guard.begin();
      Thread.sleep(LIMIT.multipliedBy(25));
      int some = signs.get(); // it went to sleep, and has woken up
      assertTrue(some <= 3, some + " signs");
      assertFalse(guard.end());
    }
  }

  /** Its limit, and no multiple of it: so much is what a policy may take from all others. */
  @Test
  void oneThatUsesMoreThanItsLimitIsEnded() {
    try (Watchdog.Guard guard = Watchdog.SHARED.guard(LIMIT)) {
      guard.begin();
      long before = Watchdog.usedNs();
      while (!Thread.currentThread().isInterrupted()) {
        Thread.onSpinWait();
      }
      long used = Watchdog.usedNs() - before;
      assertTrue(guard.end());
      assertFalse(Thread.currentThread().isInterrupted(), "its interrupt was left behind");
      assertTrue(used < 10 * LIMIT.toNanos(), used + " ns of processor");
    }
  }
}
