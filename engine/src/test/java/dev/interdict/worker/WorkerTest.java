package dev.interdict.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class WorkerTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private final AtomicReference<String> lost = new AtomicReference<>();
  private final Workers workers = new Workers(worker -> lost.set(worker.name()));

  @Test
  void whateverARoundThrowsTheNextOneComes() throws Exception {
    Throwable[] thrown = {
      new IllegalStateException("one"),
      new StackOverflowError("two"),
      new OutOfMemoryError("three"),
      new InterruptedException("four"),
      new AssertionError("five")
    };
    AtomicInteger rounds = new AtomicInteger();
    CountDownLatch done = new CountDownLatch(1);
    Worker worker =
        workers.add(
            "tough",
            () -> {
              int round = rounds.getAndIncrement();
              if (round < thrown.length) {
                WorkerTest.<RuntimeException>raise(thrown[round]);
              }
              done.countDown();
              Thread.sleep(LONG);
            });
    worker.start();
    done.await();
    Worker.Health health = worker.health();
    assertTrue(health.alive());
    assertEquals(4, health.failed(), "an interrupt is no failure");
    assertTrue(health.lastFailure().contains("five"), health.lastFailure());
    worker.close();
    assertFalse(worker.health().alive());
    assertEquals(null, lost.get(), "it was asked to end");
  }

  @Test
  void aVitalWorkerThatOnlyFailsIsLostAndSaysSo() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    Worker worker =
        new Worker(
            "brittle",
            () -> {
              throw new IllegalStateException("always");
            },
            3,
            who -> {
              lost.set(who.name());
              told.countDown();
            });
    worker.start();
    told.await();
    assertTrue(worker.join(LONG));
    assertEquals("brittle", lost.get());
    Worker.Health health = worker.health();
    assertFalse(health.alive());
    assertEquals(3, health.failedInRow());
  }

  @Test
  void aRoundThatEndsWellEndsTheRow() throws Exception {
    AtomicInteger rounds = new AtomicInteger();
    CountDownLatch done = new CountDownLatch(1);
    Worker worker =
        workers.addVital(
            "moody",
            () -> {
              if (rounds.incrementAndGet() == 1) {
                throw new IllegalStateException("once");
              }
              if (rounds.get() == 3) {
                done.countDown();
                Thread.sleep(LONG);
              }
            });
    worker.start();
    done.await();
    assertEquals(0, worker.health().failedInRow());
    assertEquals(1, workers.health().findFirst().orElseThrow().failed());
    worker.close();
  }

  /** However many do not end, an engine that is to stop is waited for by somebody with a clock. */
  @Test
  void manyThatDoNotEndAreWaitedForAsLongAsOne() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    List<Worker> stuck = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      CountDownLatch runs = new CountDownLatch(1);
      Worker worker =
          workers.add(
              "stuck-" + i,
              () -> {
                runs.countDown();
                while (go.getCount() > 0) {
                  LockSupport.parkNanos(1_000_000);
                  Thread.interrupted();
                }
              });
      stuck.add(worker.start());
      runs.await();
    }
    assertTimeoutPreemptively(LONG, () -> Worker.close(stuck));
    assertEquals(60, Worker.await(stuck, Duration.ZERO).size());
    go.countDown();
    assertEquals(List.of(), Worker.await(stuck, LONG));
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void raise(Throwable thrown) throws T {
    throw (T) thrown;
  }
}
