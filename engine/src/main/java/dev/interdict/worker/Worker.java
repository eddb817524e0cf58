package dev.interdict.worker;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A thread that does one round after another until its owner stops it. Whatever a round throws, an
 * {@link Error} too, is counted and said, and the next round comes after a pause. A worker that
 * cannot go on is lost: it tells so, since a thread that is missing in silence makes its engine
 * look alive. Safe for use by many threads.
 */
public final class Worker implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Worker.class.getName());
  private static final long FIRST_PAUSE_MS = 10;
  private static final int PAUSE_DOUBLINGS = 7;

  /** More than any round takes that may not be broken off. */
  private static final Duration END = Duration.ofSeconds(2);

  private final Round round;
  private final int patience;
  private final Consumer<Worker> whenLost;
  private final Thread thread;
  private volatile boolean stopped;
  private final LongAdder failed = new LongAdder();
  private volatile int failedInRow;
  private volatile String lastFailure = "";

  /** A piece of work, done again and again. */
  @FunctionalInterface
  public interface Round {
    /**
     * Does it once.
     *
     * @throws InterruptedException if the worker was asked to end; otherwise the next round comes
     */
    void run() throws InterruptedException;
  }

  /**
   * How a worker is.
   *
   * @param alive whether its thread runs
   * @param failed rounds that threw, since the start
   * @param failedInRow those of them since a round last ended well
   * @param lastFailure what the latest of them threw; empty: none
   */
  public record Health(
      String name, boolean alive, long failed, int failedInRow, String lastFailure) {}

  /**
   * A worker that does not run yet.
   *
   * @param patience rounds that may fail in a row before it gives up
   * @param whenLost told, on its thread, that it has ended unasked
   */
  public Worker(String name, Round round, int patience, Consumer<Worker> whenLost) {
    this.round = round;
    this.patience = patience;
    this.whenLost = whenLost;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
  }

  /** Begins. */
  public Worker start() {
    thread.start();
    return this;
  }

  private void run() {
    try {
      while (!stopped && failedInRow < patience) {
        once();
      }
    } finally {
      if (!stopped) {
        whenLost.accept(this);
      }
    }
  }

  private void once() {
    Thread.interrupted(); // one that came too late for its round is none for the next
    try {
      round.run();
      if (failedInRow != 0) {
        failedInRow = 0;
        LOG.log(Level.INFO, "{0} works again", name());
      }
    } catch (InterruptedException e) {
      // Only stop() ends a worker: the loop looks.
    } catch (Throwable e) {
      survive(e);
    }
  }

  private void survive(Throwable thrown) {
    failed.increment();
    int inRow = failedInRow + 1;
    failedInRow = inRow;
    try {
      lastFailure = thrown.toString();
      if (Integer.bitCount(inRow) == 1) { // the 1st, 2nd, 4th, 8th: said, and no flood
        LOG.log(Level.ERROR, name() + ": " + inRow + " rounds in a row have failed", thrown);
      }
      Thread.sleep(FIRST_PAUSE_MS << Math.min(inRow - 1, PAUSE_DOUBLINGS));
    } catch (InterruptedException e) {
      // As above.
    } catch (Throwable again) {
      // No memory even to say it: counted, and the next round comes.
    }
  }

  /** Its thread's name. */
  public String name() {
    return thread.getName();
  }

  public Health health() {
    return new Health(name(), thread.isAlive(), failed.sum(), failedInRow, lastFailure);
  }

  /** Whether it was asked to end. */
  public boolean stopped() {
    return stopped;
  }

  /** Asks it to end after its round. */
  public void stop() {
    stopped = true;
  }

  /** Breaks off what it waits for. */
  public void interrupt() {
    thread.interrupt();
  }

  /** Ends the park it is in, if it is. */
  public void unpark() {
    LockSupport.unpark(thread);
  }

  /**
   * Waits for its end.
   *
   * @return whether it has ended, or never began
   */
  public boolean join(Duration limit) throws InterruptedException {
    return thread.getState() == Thread.State.NEW || thread.join(limit);
  }

  /** Stops it, breaks off what it waits for, and waits for a bounded time for its end. */
  @Override
  public void close() {
    close(List.of(this));
  }

  /** The same of many, for all of which it waits no longer than for one. */
  public static void close(Collection<Worker> workers) {
    workers.forEach(Worker::stop);
    workers.forEach(Worker::interrupt);
    try {
      for (Worker late : await(workers, END)) {
        LOG.log(Level.WARNING, "{0} did not end within {1}", late.name(), END);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits for the end of all.
   *
   * @return those that have not ended
   */
  public static List<Worker> await(Collection<Worker> workers, Duration limit)
      throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    List<Worker> late = new ArrayList<>();
    for (Worker worker : workers) {
      if (!worker.join(Duration.ofNanos(Math.max(0, end - System.nanoTime())))) {
        late.add(worker);
      }
    }
    return late;
  }
}
