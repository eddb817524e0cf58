package dev.interdict.service;

import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Tells the service manager how the engine is: that it decides, what is wrong, that it reloads, and
 * that it ends. What it says is what it has just seen; so a watchdog is fed only as long as who
 * decides shows signs of life, and not because this loop has some.
 */
public final class ServiceLoop implements Worker.Round, AutoCloseable {
  private static final Logger LOG = System.getLogger(ServiceLoop.class.getName());

  /** While something is awaited; a sign of life that is late is looked for again so soon. */
  private static final Duration SOON = Duration.ofMillis(100);

  private static final Duration USUAL = Duration.ofSeconds(1);

  /** What is wrong may be told late: to find it out takes a system call per policy. */
  private static final Duration STATUS = Duration.ofSeconds(5);

  /** A line of {@code systemctl status}. */
  private static final int STATUS_LENGTH = 300;

  private static final int NS_PER_USEC = 1000;

  /**
   * What is told of.
   *
   * @param silentNs since the last sign of life of who decides
   * @param stale longer than this, and it is lost
   * @param status a line on what is in force and what is wrong
   * @param reload begins to reload; what it returns says whether that is done
   */
  public record Subject(
      LongSupplier silentNs,
      Duration stale,
      Supplier<String> status,
      Supplier<BooleanSupplier> reload) {}

  private final ServiceManager manager;
  private final Subject subject;
  private final LongSupplier monotonicNs;
  private final Worker worker;
  private final Semaphore wake = new Semaphore(0);
  private volatile boolean reloadAsked;

  /* Of the loop's own thread. */
  private boolean decidesTold;
  private BooleanSupplier reloaded;
  private long fedNs;
  private long statusNs;
  private String statusTold = "";

  /**
   * @param monotonicNs CLOCK_MONOTONIC, as {@link System#nanoTime} reads it on Linux
   */
  ServiceLoop(ServiceManager manager, Subject subject, LongSupplier monotonicNs, Workers crew) {
    this.manager = manager;
    this.subject = subject;
    this.monotonicNs = monotonicNs;
    this.worker = crew.add("service", this);
    this.fedNs = monotonicNs.getAsLong() - manager.watchdog().toNanos();
    this.statusNs = monotonicNs.getAsLong() - STATUS.toNanos();
  }

  /**
   * Begins to tell, and takes SIGHUP, which otherwise ends the process, as the wish to reload.
   *
   * @param crew where its worker is shown
   */
  public static ServiceLoop start(ServiceManager manager, Subject subject, Workers crew) {
    ServiceLoop loop = new ServiceLoop(manager, subject, System::nanoTime, crew);
    Hangup.handle(loop::reload);
    loop.worker.start();
    return loop;
  }

  /** Reloads soon. */
  void reload() {
    reloadAsked = true;
    wake.release();
  }

  @Override
  public void run() throws InterruptedException {
    if (wake.tryAcquire(look().toNanos(), TimeUnit.NANOSECONDS)) {
      wake.drainPermits();
    }
  }

  /**
   * Looks once, and tells what there is to tell.
   *
   * @return when to look again
   */
  Duration look() {
    long now = monotonicNs.getAsLong();
    boolean decides = subject.silentNs().getAsLong() <= subject.stale().toNanos();
    if (decides) {
      feed(now);
    }
    beginReload();
    if (decides && !decidesTold && reloaded == null) {
      decidesTold = manager.tell("READY=1");
    }
    status(now);
    return next(decides, monotonicNs.getAsLong());
  }

  private void feed(long now) {
    if (fedAgainNs() - now <= 0 && !manager.watchdog().isZero() && manager.tell("WATCHDOG=1")) {
      fedNs = now;
    }
  }

  private long fedAgainNs() {
    return fedNs + manager.watchdog().toNanos() / 2;
  }

  /** Nobody waits for a reload before the engine has said that it decides. */
  private void beginReload() {
    if (reloadAsked
        && decidesTold
        // Not the time of this look: systemd takes one from before it has asked for another reload.
        && manager.tell("RELOADING=1", "MONOTONIC_USEC=" + monotonicNs.getAsLong() / NS_PER_USEC)) {
      reloadAsked = false;
      decidesTold = false;
      LOG.log(Level.INFO, "reload: all sources of bundles are asked again");
      reloaded = subject.reload().get();
    }
    if (reloaded != null && reloaded.getAsBoolean()) {
      reloaded = null;
    }
  }

  private void status(long now) {
    if (now - statusNs < STATUS.toNanos()) {
      return;
    }
    statusNs = now;
    String status = subject.status().get().replaceAll("\\p{Cntrl}+", " ");
    if (status.length() > STATUS_LENGTH) {
      status = status.substring(0, STATUS_LENGTH) + " ...";
    }
    if (!status.equals(statusTold) && manager.tell("STATUS=" + status)) {
      statusTold = status;
    }
  }

  private Duration next(boolean decides, long now) {
    if (!decides || !decidesTold || reloadAsked) {
      return SOON;
    }
    if (manager.watchdog().isZero()) {
      return USUAL;
    }
    long fedAgain = fedAgainNs() - now;
    return Duration.ofNanos(Math.min(USUAL.toNanos(), fedAgain > 0 ? fedAgain : SOON.toNanos()));
  }

  /** Says that the engine ends; to be called before anything of it does. */
  @Override
  public void close() {
    worker.close();
    manager.tell("STOPPING=1", "STATUS=ends; what is enforced stays enforced");
  }
}
