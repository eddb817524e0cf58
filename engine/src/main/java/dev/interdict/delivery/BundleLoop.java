package dev.interdict.delivery;

import dev.interdict.bundle.Bundle;
import dev.interdict.bundle.BundleException;
import dev.interdict.control.BuildException;
import dev.interdict.control.BundleControl;
import dev.interdict.control.BundleControl.Delivery;
import dev.interdict.control.EnforcementException;
import dev.interdict.control.InvalidPolicyException;
import dev.interdict.control.NoSlotException;
import dev.interdict.control.RefusedException;
import dev.interdict.control.StoreException;
import dev.interdict.delivery.BundleFetcher.Fetched;
import dev.interdict.delivery.DeliveryConfig.Polling;
import dev.interdict.delivery.DeliveryConfig.Source;
import dev.interdict.delivery.SourceStatus.Failure;
import dev.interdict.worker.Worker;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Asks one source again and again, and brings what it has into force. Whatever fails is said, and
 * what was in force stays in force.
 */
final class BundleLoop implements Worker.Round, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(BundleLoop.class.getName());

  /* OPA's backoff. */
  private static final Duration FIRST_RETRY = Duration.ofMillis(100);
  private static final double GROWTH = 1.6;
  private static final double JITTER = 0.2;

  /** A server that says it waits and does not must not be asked without a pause. */
  private static final Duration SHORTEST_POLL = Duration.ofSeconds(1);

  private final Source source;
  private final BundleFetcher fetcher;
  private final BundleControl control;
  private final DeliveryCounters counters;
  private final Runnable news;
  private final SourceLog log = new SourceLog();

  private String etag = "";
  private int failures;
  private boolean hurried;
  private boolean attempting;
  private long attempts;
  private Thread thread;
  private boolean asking;
  private boolean ended;

  /* A bundle that is wrong in itself stays wrong; compiling it again would cost seconds each time. */
  private String hopeless;
  private Failure because;

  /**
   * @param news called when something was activated, or another error came or went
   */
  BundleLoop(
      Source source,
      BundleFetcher fetcher,
      BundleControl control,
      DeliveryCounters counters,
      Runnable news) {
    this.source = source;
    this.fetcher = fetcher;
    this.control = control;
    this.counters = counters;
    this.news = news;
  }

  Source source() {
    return source;
  }

  SourceLog log() {
    return log;
  }

  @Override
  public void run() throws InterruptedException {
    pause(counted());
  }

  private Duration counted() {
    synchronized (this) {
      thread = Thread.currentThread();
      attempting = true;
    }
    try {
      return attempt();
    } catch (InterruptedException e) { // broken off: asked again at once, unless it is the end
      return Duration.ZERO;
    } finally {
      synchronized (this) {
        attempting = false;
        attempts++;
      }
    }
  }

  /**
   * Asks at once, and for all of it; breaks off a question that waits for its answer.
   *
   * @return how many attempts there will have been when one has ended that began after this call
   */
  synchronized long hurry() {
    hurried = true;
    notifyAll();
    breakOff();
    return attempts + (attempting ? 2 : 1);
  }

  /** How many have ended. */
  synchronized long attempts() {
    return attempts;
  }

  private void breakOff() {
    if (asking && thread != null) {
      thread.interrupt();
    }
  }

  /** Ends the round: at once if it waits or asks, after the change if it makes one. */
  synchronized void end() {
    ended = true;
    notifyAll();
    breakOff();
  }

  /** After its last round. */
  @Override
  public void close() {
    fetcher.close();
  }

  private synchronized void pause(Duration delay) throws InterruptedException {
    long end = System.nanoTime() + delay.toNanos();
    for (long left = delay.toNanos();
        left > 0 && !hurried && !ended;
        left = end - System.nanoTime()) {
      wait(left / 1_000_000, (int) (left % 1_000_000));
    }
    if (hurried) {
      hurried = false;
      etag = "";
      hopeless = null;
    }
  }

  private Fetched ask() throws FetchException, BundleException, InterruptedException {
    synchronized (this) {
      if (ended) {
        throw new InterruptedException();
      }
      asking = true;
    }
    Fetched fetched;
    try {
      fetched = fetcher.fetch(etag);
    } finally {
      synchronized (this) {
        asking = false;
      }
    }
    if (Thread.interrupted()) { // it would break off the writing of a change
      throw new InterruptedException();
    }
    return fetched;
  }

  /** Returns how long to wait before the next. */
  private Duration attempt() throws InterruptedException {
    long start = System.nanoTime();
    log.asked(Instant.now());
    Failure failure = null;
    boolean waits = false;
    boolean changed = false;
    try {
      Fetched fetched = ask();
      waits = fetched.waits();
      if (fetched.files() == null) {
        log.unchanged(Instant.now());
      } else {
        log.downloaded(Instant.now(), fetched.size());
        failure = activate(fetched);
        changed = failure == null;
      }
      etag = failure == null ? fetched.etag() : "";
    } catch (FetchException e) {
      counters.fetchesFailed.incrementAndGet();
      failure = new Failure(e.getMessage(), e.httpCode(), List.of());
    } catch (BundleException e) {
      counters.bundlesRefused.incrementAndGet();
      failure = new Failure(e.getMessage(), 0, List.of());
      etag = "";
    } catch (RuntimeException | Error e) { // ours; the next round comes
      LOG.log(Level.ERROR, "bundle " + source.name(), e);
      failure = new Failure("unexpected: " + e, 0, List.of());
      etag = "";
    }
    tell(failure, changed);
    if (failure != null) {
      return backoff(failures++);
    }
    failures = 0;
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    return waits ? atLeast(Duration.ZERO, SHORTEST_POLL.minus(took)) : between(source.polling());
  }

  private void tell(Failure failure, boolean changed) {
    boolean other = log.outcome(failure);
    if (other && failure != null) {
      LOG.log(Level.WARNING, "bundle {0}: {1}", source.name(), failure.message());
    } else if (other) {
      LOG.log(Level.INFO, "bundle {0}: the source is well again", source.name());
    }
    if (other || changed) {
      news.run();
    }
  }

  /** Returns why it did not come into force; null: it is. */
  private Failure activate(Fetched fetched) {
    String digest = Contents.digest(fetched.files());
    if (digest.equals(hopeless)) {
      return because;
    }
    Failure failure;
    boolean wrong = false; // in itself, on any host
    try {
      Bundle bundle = Bundle.read(fetched.files(), source.trust());
      boolean fresh =
          control.activate(
              source.name(),
              new Delivery(
                  bundle.revision(),
                  bundle.serial(),
                  bundle.digest(),
                  bundle.policies(),
                  bundle.compiled()),
              source.lockouts());
      log.activated(Instant.now(), bundle.signedBy());
      if (fresh) {
        counters.bundlesActivated.incrementAndGet();
        LOG.log(
            Level.INFO,
            "bundle {0}: revision {1} with {2} policies is in force",
            source.name(),
            bundle.revision(),
            bundle.policies().size());
      }
      return null;
    } catch (BundleException e) {
      wrong = true;
      failure = new Failure(e.getMessage(), 0, List.of());
    } catch (InvalidPolicyException e) {
      wrong = !e.isOfTrial();
      failure = new Failure("the bundle's policies have errors", 0, e.diagnostics());
    } catch (RefusedException
        | BuildException
        | NoSlotException
        | EnforcementException
        | StoreException e) {
      failure = new Failure(e.getMessage(), 0, List.of());
    }
    counters.bundlesRefused.incrementAndGet();
    hopeless = wrong ? digest : null;
    because = failure;
    return failure;
  }

  private Duration backoff(int retry) {
    double limit = source.polling().max().toNanos();
    double delay = Math.min(limit, FIRST_RETRY.toNanos() * Math.pow(GROWTH, Math.min(retry, 50)));
    double factor = 1 + JITTER * (2 * ThreadLocalRandom.current().nextDouble() - 1);
    return Duration.ofNanos((long) (delay * factor));
  }

  private static Duration between(Polling polling) {
    long min = polling.min().toNanos();
    long span = polling.max().toNanos() - min;
    return Duration.ofNanos(min + (long) (span * ThreadLocalRandom.current().nextDouble()));
  }

  private static Duration atLeast(Duration least, Duration duration) {
    return duration.compareTo(least) < 0 ? least : duration;
  }
}
