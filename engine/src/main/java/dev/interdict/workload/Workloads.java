package dev.interdict.workload;

import dev.interdict.event.Names;
import dev.interdict.event.Workload;
import dev.interdict.libbpf.BootClock;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
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
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Finds out whose cgroups are, by the files of container runtimes. Safe for use by many threads.
 *
 * <p>Files are read on threads of its own. Whoever decides waits for them, but not long, for each
 * cgroup no longer than {@link #WAITS} in all, and never twice for a look that does not answer: a
 * container whose folder is on a dead file system is unknown, holds up a thread, and the others
 * only once. What stays unknown is looked at ever more rarely. What was found for good is never
 * looked up again: a cgroup's number is not used a second time.
 */
public final class Workloads implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Workloads.class.getName());

  /** What answers at all answers within this time: the files are in memory. */
  static final Duration PATIENCE = Duration.ofMillis(100);

  /**
   * What one cgroup costs whoever decides, in all: its first looks, for what a runtime is about to
   * write while the container's first processes are there. Later ones are not waited for.
   */
  static final Duration WAITS = PATIENCE.multipliedBy(5);

  /**
   * A cgroup with a name of no special form is no container's if no runtime has claimed it by then.
   */
  static final Duration SETTLES = Duration.ofSeconds(60);

  /** From one look to the next that nobody waits for. */
  private static final List<Duration> PAUSES =
      List.of(
          Duration.ofMillis(100),
          Duration.ofSeconds(1),
          Duration.ofSeconds(10),
          Duration.ofSeconds(60));

  /** Looks that wait for a thread. */
  static final int QUEUE = 256;

  /** Threads that may wait for file systems that do not answer, beside the one that works. */
  private static final int STUCK_MAX = 7;

  /** From one warning to the next of the same kind. */
  private static final long QUIET_NS = Duration.ofMinutes(1).toNanos();

  /** Of a path in a warning, in characters. */
  private static final int TOLD_MAX = 256;

  /** A container that there is not: nobody waits for a look at it, the first, and so a slow one. */
  private static final byte[] NOBODYS = ("/" + "0".repeat(64)).getBytes(StandardCharsets.US_ASCII);

  private final Finder finder;
  private final LongSupplier clock;
  private final LongAdder unknown = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final AtomicLong warnedStuckNs = new AtomicLong(System.nanoTime() - QUIET_NS);
  private final AtomicLong warnedFailedNs = new AtomicLong(System.nanoTime() - QUIET_NS);

  /** What the thread that works is at; null: nothing. */
  private volatile Running running;

  /* Guarded by this. */
  private final List<ThreadPoolExecutor> stuck = new ArrayList<>();
  private ThreadPoolExecutor looker = newLooker();

  /** What the files say. */
  interface Finder {
    ContainerFiles.Found find(List<Suspect> suspects);
  }

  private static final class Running {
    final byte[] path;
    final long sinceNs = System.nanoTime();

    Running(byte[] path) {
      this.path = path;
    }
  }

  /** A cgroup. */
  public final class Entry {
    private final byte[] path;
    private final boolean users;
    private final long begunNs;
    private volatile Workload workload;

    /* Guarded by the entry: when the look began that said so, and the one that is under way. */
    private long lookedNs = Long.MIN_VALUE;
    private long nextNs;
    private int pauses;
    private long waitedNs;
    private Future<?> look;
    private boolean givenUp;

    private Entry(byte[] path, long nowNs) {
      Workload own = Workload.of(path);
      List<Suspect> suspects = own.told() ? Suspect.on(path) : List.of();
      this.path = path;
      this.users = own.told() && Suspect.isUsers(path);
      this.begunNs = nowNs;
      this.nextNs = nowNs;
      // A plain name says nothing to a user's disadvantage: there it is no container's.
      boolean maybe = suspects.stream().anyMatch(s -> s.likely() || !users);
      this.workload =
          own.with(maybe ? Workload.Container.UNKNOWN : null, suspects.isEmpty() || users);
    }

    /** Whether it is in what systemd has given to a user other than root. */
    public boolean isUsers() {
      return users;
    }

    /** What is known by now. Begins to look if that may change. */
    public Workload workload() {
      Workload now = workload;
      if (!now.settled()) {
        beginIfDue();
      }
      return now;
    }

    /**
     * Sees to it that what is known is no older than {@code sinceNs}, as far as the files answer
     * and the cgroup has not cost more than {@link #WAITS} yet.
     *
     * @param sinceNs {@code CLOCK_BOOTTIME}
     * @return 0: it is known for good; else for how many nanoseconds what is known may be used
     */
    public long settle(long sinceNs) {
      if (workload.settled()) {
        return 0;
      }
      long start = System.nanoTime();
      long end = start + PATIENCE.toNanos();
      // One that was under way may have begun before.
      for (int i = 0; i < 2 && begin(sinceNs); i++) {
        if (!await(end)) {
          break;
        }
      }
      synchronized (this) {
        waitedNs += System.nanoTime() - start;
      }
      if (workload.settled()) {
        return 0;
      }
      unknown.increment();
      beginIfDue();
      if (!isIdle()) {
        passBy(); // it may have begun to read only after it was waited for
      }
      return keepsNs();
    }

    /** Whether no look is under way. */
    synchronized boolean isIdle() {
      return look == null || look.isDone();
    }

    private synchronized long keepsNs() {
      return Math.max(PAUSES.getFirst().toNanos(), nextNs - clock.getAsLong());
    }

    /** Whether a look is under way that is worth waiting for. */
    private synchronized boolean begin(long sinceNs) {
      if (workload.settled() || lookedNs > sinceNs || waitedNs >= WAITS.toNanos()) {
        return false;
      }
      if (look != null && !look.isDone()) {
        return !givenUp;
      }
      return submitLook();
    }

    private synchronized void beginIfDue() {
      if (clock.getAsLong() >= nextNs && (look == null || look.isDone())) {
        submitLook();
      }
    }

    private boolean submitLook() {
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
      long left = end - System.nanoTime();
      if (one == null || left <= 0) {
        return false;
      }
      try {
        one.get(left, TimeUnit.NANOSECONDS);
        return true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException e) {
        return false; // only an Error: it has been told
      } catch (TimeoutException e) {
        synchronized (this) {
          givenUp = true;
        }
        passBy();
      }
      return false;
    }

    private void look() {
      Running mine = new Running(path);
      running = mine;
      long now = clock.getAsLong();
      ContainerFiles.Found found = null;
      try {
        List<Suspect> suspects = Suspect.on(path);
        found = finder.find(suspects);
        if (found.container() == null && suspects.size() >= Suspect.DEPTH_MAX) {
          found = new ContainerFiles.Found(Workload.Container.UNKNOWN, false); // not all was asked
        }
      } catch (RuntimeException e) {
        failed.increment();
        if (mayWarn(warnedFailedNs)) {
          LOG.log(Level.WARNING, told(path) + ": whose container it is was not looked up", e);
        }
      } finally {
        looked(now, found);
        if (running == mine) {
          running = null;
        }
      }
    }

    private synchronized void looked(long at, ContainerFiles.Found found) {
      if (found != null) {
        boolean old = at - begunNs >= SETTLES.toNanos();
        boolean forGood = found.complete() && (found.container() != null || old);
        workload = workload.with(found.container(), forGood);
      }
      lookedNs = at;
      if (at >= nextNs) {
        nextNs = at + PAUSES.get(pauses).toNanos();
        pauses = Math.min(pauses + 1, PAUSES.size() - 1);
      }
    }
  }

  /**
   * @param cgroups where cgroups are mounted
   */
  public Workloads(Path cgroups) {
    this(new ContainerFiles(Path.of("/"), cgroups.toString())::find, BootClock::nowNs);
    var ignored = submit(ContainerFiles::warmUp);
    enter(NOBODYS).workload();
  }

  Workloads(Finder finder, LongSupplier clock) {
    this.finder = finder;
    this.clock = clock;
  }

  /**
   * The cgroup at this path, of which nothing was known; begins to look if need be. What it keeps
   * is the array, and some hundred bytes.
   */
  public Entry enter(byte[] path) {
    Entry entry = new Entry(path, clock.getAsLong());
    entry.workload();
    return entry;
  }

  /** How often a decision was made without knowing for good whose the cgroup is. */
  public long unknown() {
    return unknown.sum();
  }

  /** How many looks have ended without an answer. */
  long failed() {
    return failed.sum();
  }

  private synchronized Future<?> submit(Runnable look) {
    stuck.removeIf(one -> one.isTerminated());
    return looker.submit(look);
  }

  /** The one that works may wait for a dead file system: the others' files are for another. */
  private void passBy() {
    Running waits = running;
    if (waits != null && leave(waits) && mayWarn(warnedStuckNs)) {
      LOG.log(
          Level.WARNING,
          "{0}: the files about this container do not answer; it is unknown until they do",
          told(waits.path));
    }
  }

  /**
   * Whether another thread has taken over; not if it only has much to do. Whoever waits began to
   * before the look did: so half is enough.
   */
  private synchronized boolean leave(Running waits) {
    stuck.removeIf(one -> one.isTerminated());
    if (running != waits
        || System.nanoTime() - waits.sinceNs < PATIENCE.toNanos() / 2
        || stuck.size() >= STUCK_MAX) {
      return false;
    }
    List<Runnable> waiting = new ArrayList<>();
    looker.getQueue().drainTo(waiting);
    looker.shutdown(); // it ends when the answer comes
    stuck.add(looker);
    running = null;
    looker = newLooker();
    waiting.forEach(looker::execute);
    return true;
  }

  private static boolean mayWarn(AtomicLong lastNs) {
    long last = lastNs.get();
    long now = System.nanoTime();
    return now - last >= QUIET_NS && lastNs.compareAndSet(last, now);
  }

  /** A path for a log: it is somebody else's word. */
  private static String told(byte[] path) {
    StringBuilder text = new StringBuilder();
    Names.toText(path)
        .codePoints()
        .limit(TOLD_MAX)
        .forEach(c -> text.appendCodePoint(Character.isISOControl(c) ? '?' : c));
    return text.toString();
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
