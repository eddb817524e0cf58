package dev.interdict.eval;

import dev.interdict.worker.Worker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Ends evaluations that take too long, by interrupting their thread: translated modules look at the
 * interrupt flag in each loop and call. One daemon thread for all evaluators.
 *
 * <p>An evaluation pays for it with one store when it begins and one compare-and-set when it ends;
 * no clock is read and nobody is woken. The watchdog looks every {@link #TICK} and asks the kernel
 * for the thread's processor time only once it has met the same evaluation twice: that alone
 * counts, for on a loaded machine a thread that has not been running is not late, and no load may
 * make a policy fail. Nothing in an evaluation waits. After a second without any evaluation it
 * sleeps until the next one.
 */
public final class Watchdog {
  static final Duration TICK = Duration.ofMillis(10);

  private static final int IDLE_TICKS = 100;

  /** The one of this process; its thread starts with the first evaluation. */
  static final Watchdog SHARED = new Watchdog();

  private final List<Guard> guards = new CopyOnWriteArrayList<>();
  private Worker worker;
  private int idle;
  private volatile boolean asleep = true;

  /** A guard for the evaluations of one evaluator; {@link Guard#close} it. */
  Guard guard(Duration limit) {
    return guard(limit, () -> {});
  }

  /**
   * The same.
   *
   * @param alive called now and then, on another thread, while an evaluation goes on: as long as it
   *     gets processor time, and has not had its limit
   */
  Guard guard(Duration limit, Runnable alive) {
    Guard guard = new Guard(limit.toNanos(), alive);
    guards.add(guard);
    return guard;
  }

  /** Processor time that the calling thread has had; where that cannot be told, on the wall. */
  static long usedNs() {
    return Cpu.usedNs(Thread.currentThread());
  }

  private synchronized void wake() {
    asleep = false;
    if (worker == null) {
      // Whatever ends it, the next evaluation starts another one.
      worker = new Worker("evaluation-watchdog", this::look, Integer.MAX_VALUE, this::lost).start();
    } else {
      worker.unpark();
    }
  }

  private synchronized void lost(Worker dead) {
    worker = null;
    asleep = true;
  }

  /** How its thread is; empty before the first evaluation. */
  public static Optional<Worker.Health> health() {
    synchronized (SHARED) {
      return Optional.ofNullable(SHARED.worker).map(Worker::health);
    }
  }

  private void look() {
    LockSupport.parkNanos(TICK.toNanos());
    boolean busy = false;
    for (Guard guard : guards) {
      busy |= guard.look();
    }
    idle = busy ? 0 : idle + 1;
    if (idle > IDLE_TICKS) {
      asleep = true;
      // Bounded: an evaluation may begin just now and not see it.
      LockSupport.parkNanos(this, TimeUnit.SECONDS.toNanos(1));
      asleep = false;
      idle = IDLE_TICKS;
    }
  }

  /** The state of one evaluator's current evaluation. */
  final class Guard implements AutoCloseable {
    private static final VarHandle STATE;

    static {
      try {
        STATE = MethodHandles.lookup().findVarHandle(Guard.class, "state", long.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private static final long STRIKING = -1;
    private static final long STRUCK = -2;

    private final long limitNs;
    private final Runnable alive;

    /** Even: between evaluations; odd: the number of the one that runs; negative: it is ended. */
    private volatile long state;

    private long number;
    private volatile Thread worker;

    // The watchdog's own notes.
    private long seen;
    private long seenNs;
    private long usedNs;

    private Guard(long limitNs, Runnable alive) {
      this.limitNs = limitNs;
      this.alive = alive;
    }

    /** The calling thread begins an evaluation. */
    void begin() {
      Thread current = Thread.currentThread();
      if (worker != current) {
        worker = current;
      }
      number += 2;
      STATE.setOpaque(this, number + 1);
      if (asleep) {
        wake();
      }
    }

    /**
     * The evaluation has ended, well or not. Afterwards no interrupt of the watchdog is under way
     * or left behind.
     *
     * @return whether the watchdog ended it
     */
    boolean end() {
      if (STATE.compareAndSet(this, number + 1, number)) {
        return false;
      }
      while (state != STRUCK) {
        Thread.onSpinWait();
      }
      Thread.interrupted();
      state = number;
      return true;
    }

    /** Whether an evaluation has begun since the last look; ends one that is late. */
    private boolean look() {
      long now = (long) STATE.getOpaque(this);
      if (now != seen) {
        seen = now;
        seenNs = 0;
        return true;
      }
      if ((now & 1) == 0 || now < 0) {
        return false;
      }
      Thread running = worker;
      long used = Cpu.usedNs(running);
      if (seenNs == 0) {
        seenNs = used;
        usedNs = used;
        return true;
      }
      // It had run for up to two ticks when the clock was first read.
      boolean late = used - seenNs + TICK.toNanos() >= limitNs;
      if (late && STATE.compareAndSet(this, now, STRIKING)) {
        running.interrupt();
        state = STRUCK;
      } else if (!late && used > usedNs) {
        usedNs = used;
        alive.run();
      }
      return true;
    }

    @Override
    public void close() {
      guards.remove(this);
    }
  }

  /** Loaded when first needed: most engines never meet a slow evaluation. */
  private static final class Cpu {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** Processor time of a thread, never 0; where that cannot be told, the time on the wall. */
    static long usedNs(Thread thread) {
      long used =
          THREADS.isThreadCpuTimeSupported() && THREADS.isThreadCpuTimeEnabled()
              ? THREADS.getThreadCpuTime(thread.threadId())
              : -1;
      return used > 0 ? used : System.nanoTime();
    }
  }
}
