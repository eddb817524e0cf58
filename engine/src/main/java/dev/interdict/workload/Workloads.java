package dev.interdict.workload;

import dev.interdict.event.Workload;
import dev.interdict.libbpf.BootClock;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Finds out whose cgroups are, by the files of container runtimes. Safe for use by many threads.
 *
 * <p>Files are read on threads of its own. Whoever decides waits for them, but not long and never
 * twice for the same: a container whose files do not answer (its folder is on a dead file system)
 * is unknown, holds up a thread, and the others only once. What was found for good is never looked
 * up again: a cgroup's number is not used a second time.
 */
public final class Workloads implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Workloads.class.getName());

  /** What answers at all answers within this time: the files are in memory. */
  static final Duration PATIENCE = Duration.ofMillis(20);

  /**
   * A cgroup with a name of no special form is no container's if no runtime has claimed it by then.
   */
  static final Duration SETTLES = Duration.ofSeconds(60);

  /** For whoever only tells. */
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  /** Looks that wait for a thread. */
  private static final int QUEUE = 256;

  /** Threads that may wait for file systems that do not answer, beside the one that works. */
  private static final int STUCK_MAX = 7;

  private final Finder finder;
  private final LongSupplier clock;
  private final LongAdder unknown = new LongAdder();

  /* Guarded by this. */
  private final List<ThreadPoolExecutor> stuck = new ArrayList<>();
  private ThreadPoolExecutor looker = newLooker();

  /** What the files say. */
  interface Finder {
    ContainerFiles.Found find(List<Suspect> suspects);
  }

  /** A cgroup. */
  public final class Entry {
    private final List<Suspect> suspects;
    private final long begunNs;
    private volatile Workload workload;

    /* Guarded by the entry: when the look began that said so, and the one that is under way. */
    private long lookedNs;
    private Future<?> look;
    private boolean givenUp;

    private Entry(byte[] path, long nowNs) {
      Workload own = Workload.of(path);
      this.suspects = own.told() ? Suspect.on(path) : List.of();
      this.begunNs = nowNs;
      this.lookedNs = nowNs - LOOK_EVERY.toNanos() - 1;
      boolean users = own.told() && Suspect.isUsers(path);
      Workload.Container claimed =
          suspects.stream()
              .filter(Suspect::likely)
              .findFirst()
              .map(s -> Workload.Container.unknown(Workload.Word.of(s.id())))
              .orElse(null);
      this.workload = own.with(claimed, suspects.isEmpty() || users);
    }

    /** What is known by now. Begins to look if that may change. */
    public Workload workload() {
      Workload now = workload;
      if (!now.settled()) {
        begin(clock.getAsLong() - LOOK_EVERY.toNanos());
      }
      return now;
    }

    /**
     * Sees to it that what is known is no older than {@code sinceNs}, as far as the files answer.
     *
     * @param sinceNs {@code CLOCK_BOOTTIME}
     * @return whether it is known for good
     */
    public boolean settle(long sinceNs) {
      if (workload.settled()) {
        return true;
      }
      long end = System.nanoTime() + PATIENCE.toNanos();
      // One that was under way may have begun before.
      for (int i = 0; i < 2 && begin(sinceNs); i++) {
        if (!await(end)) {
          break;
        }
      }
      boolean settled = workload.settled();
      if (!settled) {
        unknown.increment();
      }
      return settled;
    }

    /** Whether a look is under way that is worth waiting for. */
    private synchronized boolean begin(long sinceNs) {
      if (workload.settled() || lookedNs > sinceNs) {
        return false;
      }
      if (look != null && !look.isDone()) {
        return !givenUp;
      }
      try {
        look = submit(this::look);
        givenUp = false;
        return true;
      } catch (RejectedExecutionException e) {
        look = null;
        return false; // too many at a time: it stays unknown for now
      }
    }

    private boolean await(long end) {
      Future<?> one;
      synchronized (this) {
        one = look;
      }
      if (one == null) {
        return false;
      }
      try {
        one.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        return true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException e) {
        LOG.log(Level.WARNING, "a container was not looked up", e.getCause());
      } catch (TimeoutException e) {
        synchronized (this) {
          givenUp = true;
        }
        passBy(suspects);
      }
      return false;
    }

    private void look() {
      long now = clock.getAsLong();
      ContainerFiles.Found found = finder.find(suspects);
      boolean old = now - begunNs >= SETTLES.toNanos();
      boolean forGood = found.complete() && (found.container() != null || old);
      synchronized (this) {
        workload = workload.with(found.container(), forGood);
        lookedNs = now;
      }
    }
  }

  /**
   * @param cgroups where cgroups are mounted
   */
  public Workloads(Path cgroups) {
    this(new ContainerFiles(Path.of("/"), cgroups.toString())::find, BootClock::nowNs);
  }

  Workloads(Finder finder, LongSupplier clock) {
    this.finder = finder;
    this.clock = clock;
  }

  /** The cgroup at this path, of which nothing was known; begins to look if need be. */
  public Entry enter(byte[] path) {
    Entry entry = new Entry(path, clock.getAsLong());
    entry.workload();
    return entry;
  }

  /** How often a decision was made without knowing for good whose the cgroup is. */
  public long unknown() {
    return unknown.sum();
  }

  private synchronized Future<?> submit(Runnable look) {
    stuck.removeIf(one -> one.isTerminated());
    return looker.submit(look);
  }

  /** The one that works may wait for a dead file system: the others' files are for another. */
  private synchronized void passBy(List<Suspect> suspects) {
    stuck.removeIf(one -> one.isTerminated());
    if (stuck.size() >= STUCK_MAX || looker.getActiveCount() == 0) {
      return;
    }
    LOG.log(Level.WARNING, "{0}: the files about this container do not answer", suspects);
    List<Runnable> waiting = new ArrayList<>();
    looker.getQueue().drainTo(waiting);
    looker.shutdown(); // it ends when the answer comes
    stuck.add(looker);
    looker = newLooker();
    waiting.forEach(looker::execute);
  }

  private static ThreadPoolExecutor newLooker() {
    return new ThreadPoolExecutor(
        1,
        1,
        0,
        TimeUnit.SECONDS,
        new ArrayBlockingQueue<>(QUEUE),
        Thread.ofPlatform().name("container-looker").daemon().factory());
  }

  @Override
  public synchronized void close() {
    looker.shutdownNow();
    stuck.forEach(ThreadPoolExecutor::shutdownNow);
  }
}
