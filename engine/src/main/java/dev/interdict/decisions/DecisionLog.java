package dev.interdict.decisions;

import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.event.Event;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The latest denials, and everybody who watches decisions. Safe for use by many threads.
 *
 * <p>{@link #append} never waits for a watcher: each has a bounded queue, loses its own decisions
 * when that is full, and is told how many. The lock is held for a store and one offer a watcher,
 * never across a call that can block.
 */
public final class DecisionLog {
  /** Denials and would-denials that are kept for those who come later. */
  public static final int HISTORY = 4096;

  /** What they may occupy: names and reasons may be as long as somebody makes them. */
  static final long HISTORY_BYTES = 16L << 20;

  /** What may wait for one watcher. */
  static final long QUEUE_BYTES = 4L << 20;

  /** Watchers at the same time; each costs the pipeline a filter per decision. */
  public static final int MAX_WATCHERS = 16;

  private final Deque<Kept> history = new ArrayDeque<>();
  private final List<Subscription> watchers = new CopyOnWriteArrayList<>();
  private final List<Recorder> recorders = new CopyOnWriteArrayList<>();
  private final AtomicLong lost = new AtomicLong();
  private long historyBytes;
  private long lastId;

  /**
   * A decision that is kept.
   *
   * @param event what it is about
   * @param digests of the policies that it names, in the order of its findings
   */
  public record Kept(DecisionRecord record, Event event, List<String> digests) {
    private long bytes() {
      return record.bytes() + event.occupies();
    }
  }

  /** Keeps decisions elsewhere, as long as the engine runs. */
  public interface Recorder {
    /** Takes what it wants; never waits. */
    void offer(DecisionRecord record);

    /** What became of what it took, by the name under which people see it. */
    Map<String, Long> counters();
  }

  /** Hands each decision from now on to {@code recorder}, too. */
  public void add(Recorder recorder) {
    recorders.add(recorder);
  }

  /** Of all recorders. */
  public Map<String, Long> counters() {
    Map<String, Long> all = new LinkedHashMap<>();
    recorders.forEach(recorder -> all.putAll(recorder.counters()));
    return all;
  }

  /**
   * Whether a decision of this outcome goes anywhere. First-time allows are many and nobody looks
   * back at them: ask before describing one.
   */
  public boolean wants(Outcome outcome) {
    return outcome != Outcome.ALLOWED
        || watchers.stream().anyMatch(watcher -> watcher.filter.outcome(outcome));
  }

  /**
   * Hands {@code record} to all who want it. Does not wait.
   *
   * @param event what it is about
   * @param digests of the policies that its findings name, in their order; empty: it has none any
   *     more
   * @return its id in the log
   */
  public synchronized long append(DecisionRecord record, Event event, List<String> digests) {
    DecisionRecord numbered = record.withId(++lastId);
    if (numbered.outcome() != Outcome.ALLOWED || !numbered.findings().isEmpty()) {
      Kept kept = new Kept(numbered, event, digests);
      history.addLast(kept);
      historyBytes += kept.bytes();
      while (history.size() > HISTORY || historyBytes > HISTORY_BYTES) {
        historyBytes -= history.removeFirst().bytes();
      }
    }
    for (Subscription watcher : watchers) {
      watcher.offer(numbered);
    }
    for (Recorder recorder : recorders) {
      recorder.offer(numbered);
    }
    return lastId;
  }

  /** The kept decision of this number; empty: it was never kept, or others have taken its place. */
  public synchronized Optional<Kept> find(long id) {
    return history.stream().filter(kept -> kept.record.id() == id).findFirst();
  }

  /**
   * Starts to watch; the caller closes the subscription.
   *
   * @param filter what to deliver
   * @param capacity decisions that may wait for the watcher; those beyond are lost and counted
   * @param last begin with so many of the latest kept decisions that match
   * @throws TooManyWatchersException if {@link #MAX_WATCHERS} watch already
   */
  public synchronized Subscription subscribe(DecisionFilter filter, int capacity, int last) {
    if (watchers.size() >= MAX_WATCHERS) {
      throw new TooManyWatchersException();
    }
    List<DecisionRecord> matching = new ArrayList<>();
    history
        .descendingIterator()
        .forEachRemaining(
            kept -> {
              if (matching.size() < last && filter.test(kept.record)) {
                matching.add(kept.record);
              }
            });
    Subscription subscription = new Subscription(filter, capacity, matching.reversed());
    watchers.add(subscription);
    return subscription;
  }

  /** Who watches at the moment. */
  public int watchers() {
    return watchers.size();
  }

  /** Decisions that watchers lost, in all. */
  public long lost() {
    return lost.get();
  }

  /** One watcher's view. Its reading methods are for one thread. */
  public final class Subscription implements AutoCloseable {
    private final DecisionFilter filter;
    private final ArrayBlockingQueue<DecisionRecord> queue;
    private final AtomicLong queuedBytes = new AtomicLong();
    private final AtomicLong missed = new AtomicLong();
    private final List<DecisionRecord> past;

    Subscription(DecisionFilter filter, int capacity, List<DecisionRecord> past) {
      this.filter = filter;
      this.queue = new ArrayBlockingQueue<>(capacity);
      this.past = List.copyOf(past);
    }

    /** The kept decisions that match, oldest first; those delivered by {@link #poll} come after. */
    public List<DecisionRecord> past() {
      return past;
    }

    /**
     * The next decision, in the order of the log.
     *
     * @return null if there was none within {@code timeout}
     */
    public DecisionRecord poll(Duration timeout) throws InterruptedException {
      DecisionRecord next = queue.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (next != null) {
        queuedBytes.addAndGet(-next.bytes());
      }
      return next;
    }

    /** Decisions lost since the last call, because the queue was full. */
    public long takeLost() {
      return missed.getAndSet(0);
    }

    private void offer(DecisionRecord record) {
      if (!filter.test(record)) {
        return;
      }
      long bytes = record.bytes();
      if (queuedBytes.addAndGet(bytes) > QUEUE_BYTES || !queue.offer(record)) {
        queuedBytes.addAndGet(-bytes);
        missed.incrementAndGet();
        lost.incrementAndGet();
      }
    }

    @Override
    public void close() {
      watchers.remove(this);
    }
  }

  /** There are as many watchers as may be. */
  public static final class TooManyWatchersException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooManyWatchersException() {
      super(
          "%d callers watch decisions already; end one, or read the decision log"
              .formatted(MAX_WATCHERS));
    }
  }
}
