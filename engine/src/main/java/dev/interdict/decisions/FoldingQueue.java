package dev.interdict.decisions;

import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.event.Context;
import dev.interdict.event.Hook;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * What waits to be written into a log, repeats folded: the first record of its kind is ready at
 * once, those after it are counted and ready together when the interval has passed. Bounded in
 * bytes. Safe for use by many threads; no method but {@link #await} waits.
 *
 * <p>Of a kind are records that say the same but for the time, the process and thread, and the name
 * that it gave itself, so nobody gets a line of his own by forking or by another name. A kind that
 * is known takes no more room, whatever comes: only a new one can be turned away, and only when
 * nothing here can make room for it.
 */
final class FoldingQueue {
  private final long maxBytes;
  private final long intervalNs;
  private final Map<Object, Kind> kinds = new HashMap<>();

  /** Kinds whose line can be written, and those that wait for their interval to end, by its end. */
  private final Deque<Kind> ready = new ArrayDeque<>();

  private final Deque<Kind> counting = new ArrayDeque<>();
  private final Semaphore news = new Semaphore(0);
  private long bytes;
  private long waiting;

  /**
   * What one line is to say.
   *
   * @param first of the attempts that it stands for
   * @param count how many they are
   * @param last when the latest of them was made
   */
  record Line(DecisionRecord first, long count, Instant last) {}

  /**
   * What records of one kind have in common. A task can make as many names as it likes that have
   * the hash of one another; it is for their order that a look among them does not become slow.
   */
  record Same(
      Outcome outcome,
      Hook hook,
      int access,
      int uid,
      int gid,
      String exe,
      String cgroup,
      List<String> labels,
      Context context,
      String object,
      List<Finding> findings,
      boolean fallback)
      implements Comparable<Same> {
    private static final Comparator<Finding> FINDING =
        Comparator.comparing(Finding::policy)
            .thenComparing(Finding::enforced)
            .thenComparing(Finding::deny, Same::texts)
            .thenComparing(Finding::kill, Same::texts)
            .thenComparing(Finding::warn, Same::texts);

    private static final Comparator<Same> ORDER =
        Comparator.comparing(Same::object)
            .thenComparing(Same::exe)
            .thenComparing(Same::cgroup)
            .thenComparing(Same::labels, Same::texts)
            .thenComparing(Same::context)
            .thenComparing(Same::outcome)
            .thenComparing(Same::hook)
            .thenComparingInt(Same::access)
            .thenComparingInt(Same::uid)
            .thenComparingInt(Same::gid)
            .thenComparing(Same::fallback)
            .thenComparing(Same::findings, (a, b) -> lists(a, b, FINDING));

    @Override
    public int compareTo(Same other) {
      return ORDER.compare(this, other);
    }

    private static int texts(List<String> one, List<String> other) {
      return lists(one, other, Comparator.naturalOrder());
    }

    private static <T> int lists(List<T> one, List<T> other, Comparator<T> order) {
      Iterator<T> left = one.iterator();
      Iterator<T> right = other.iterator();
      while (left.hasNext() && right.hasNext()) {
        int result = order.compare(left.next(), right.next());
        if (result != 0) {
          return result;
        }
      }
      return Boolean.compare(left.hasNext(), right.hasNext());
    }

    static Same of(DecisionRecord record) {
      Subject subject = record.subject();
      boolean packet = subject == null;
      return new Same(
          record.outcome(),
          record.hook(),
          record.access(),
          packet ? 0 : subject.uid(),
          packet ? 0 : subject.gid(),
          packet ? "" : subject.exe(),
          packet ? "" : subject.cgroup(),
          packet ? List.of() : subject.labels(),
          packet ? Context.NONE : subject.context(),
          record.object(),
          record.findings(),
          record.fallback());
    }
  }

  private static final class Kind {
    final Object key;
    DecisionRecord first;
    Instant last;
    long count;
    long dueNs;
    boolean leaving;

    Kind(Object key, DecisionRecord first) {
      this.key = key;
      this.first = first;
    }
  }

  /**
   * An empty one.
   *
   * @param interval between two lines of one kind; zero: each record is a line
   */
  FoldingQueue(long maxBytes, Duration interval) {
    this.maxBytes = maxBytes;
    this.intervalNs = interval.toNanos();
  }

  /**
   * Takes a record.
   *
   * @param nowNs of {@link System#nanoTime}
   * @return false if there is no room: it is not taken
   */
  synchronized boolean add(DecisionRecord record, long nowNs) {
    Object key = intervalNs == 0 ? (Object) record.id() : Same.of(record);
    Kind kind = kinds.get(key);
    if (kind == null) {
      expire(nowNs);
      if (!makeRoom(record.bytes())) {
        return false;
      }
      kind = new Kind(key, record);
      kinds.put(key, kind);
      bytes += record.bytes();
      makeReady(kind);
    } else if (kind.count == 0) {
      bytes += record.bytes() - kind.first.bytes();
      kind.first = record;
    }
    kind.count++;
    kind.last = record.time();
    waiting++;
    return true;
  }

  /** Kinds that only wait for repeats make room; what they have counted is written first. */
  private boolean makeRoom(long wanted) {
    while (bytes + wanted > maxBytes) {
      Kind oldest = counting.pollFirst();
      if (oldest == null) {
        return false;
      }
      leave(oldest);
    }
    return true;
  }

  private void leave(Kind kind) {
    if (kind.count == 0) {
      remove(kind);
    } else {
      kind.leaving = true;
      makeReady(kind);
    }
  }

  private void remove(Kind kind) {
    kinds.remove(kind.key);
    bytes -= kind.first.bytes();
  }

  private void makeReady(Kind kind) {
    if (ready.isEmpty()) {
      news.release();
    }
    ready.addLast(kind);
  }

  private void expire(long nowNs) {
    while (!counting.isEmpty() && counting.getFirst().dueNs - nowNs <= 0) {
      Kind due = counting.removeFirst();
      if (due.count == 0) {
        remove(due);
      } else {
        makeReady(due);
      }
    }
  }

  /**
   * The next line that can be written; it is the caller's from now on.
   *
   * @return null if there is none yet
   */
  synchronized Line next(long nowNs) {
    expire(nowNs);
    Kind kind = ready.pollFirst();
    if (kind == null) {
      return null;
    }
    Line line = new Line(kind.first, kind.count, kind.last);
    waiting -= kind.count;
    kind.count = 0;
    if (kind.leaving || intervalNs == 0) {
      remove(kind);
    } else {
      kind.dueNs = nowNs + intervalNs;
      counting.addLast(kind);
    }
    return line;
  }

  /** Makes everything ready that waits for its interval to end. */
  synchronized void flush() {
    while (!counting.isEmpty()) {
      leave(counting.removeFirst());
    }
  }

  /**
   * Waits for the first to become ready after there was none, for a {@link #wake}, or until {@code
   * limit} is over; for one thread.
   *
   * @return whether it did not take that long
   */
  boolean await(Duration limit) throws InterruptedException {
    boolean woken = news.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
    news.drainPermits();
    return woken;
  }

  /** Ends an {@link #await}, this or the next. */
  void wake() {
    news.release();
  }

  /** Records that were taken and are not handed out yet. */
  synchronized long waiting() {
    return waiting;
  }

  /** What they, and the kinds that are known, occupy. */
  synchronized long bytes() {
    return bytes;
  }
}
