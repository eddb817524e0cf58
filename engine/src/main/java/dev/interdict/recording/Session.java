package dev.interdict.recording;

import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Event;
import dev.interdict.recording.Recorder.Info;
import dev.interdict.recording.Recorder.Masks;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * One recording under way. {@link #offer} may be called by any thread and does not wait; the rest
 * is the worker's.
 */
final class Session {
  private static final Logger LOG = System.getLogger(Session.class.getName());

  /** What may wait for the worker. */
  static final int QUEUE = 8192;

  static final long QUEUE_BYTES = 4L << 20;

  /** A block is written when its tuples occupy so much, or when the first is so old. */
  static final long BATCH_BYTES = 8L << 20;

  static final Duration BATCH_AGE = Duration.ofSeconds(60);

  private static final long ASK_BYTES = 512;
  private static final long WAIT_MS = 200;

  final long id;
  private final Instant started;
  private final Instant ends;
  private final LongSupplier clock;
  private final long endsNs;
  private final Set<String> redacted;
  private final String version;
  private final RecordingStore store;

  private final ArrayBlockingQueue<Ask> queue = new ArrayBlockingQueue<>(QUEUE);
  private final AtomicLong queuedBytes = new AtomicLong();
  private final AtomicLong unqueued = new AtomicLong();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private volatile boolean ending;
  private volatile boolean closed;
  private final LongAdder tuples = new LongAdder();
  private final LongAdder asks = new LongAdder();
  private final LongAdder lost = new LongAdder();
  private volatile Instant last;

  /** Asks that the worker has taken and not yet written. */
  private volatile long taken;

  private volatile String unended;
  private final Batch batch;
  private final Map<String, Long> missing = new TreeMap<>();
  private PolicySet set;
  private byte[] setBlock;
  private long begunNs;

  /** One thing that the engine was asked. */
  record Ask(Event event, PolicySet set, Verdict verdict) {
    /** About what it occupies while it waits. */
    long bytes() {
      return ASK_BYTES + event.nameBytes();
    }
  }

  /**
   * @param limit after which it is over; null: never
   * @param clock {@code CLOCK_BOOTTIME}, in nanoseconds: nobody sets it, and time asleep counts
   */
  Session(
      long id,
      Duration limit,
      LongSupplier clock,
      Set<String> redacted,
      String version,
      RecordingStore store) {
    this.id = id;
    this.started = Instant.now();
    this.ends = limit == null ? null : started.plus(limit);
    this.clock = clock;
    this.endsNs = limit == null ? Long.MAX_VALUE : clock.getAsLong() + limit.toNanos();
    this.redacted = redacted;
    this.version = version;
    this.store = store;
    this.batch = new Batch(redacted);
    this.last = started;
  }

  /** Hands over; what does not fit is counted. What comes after the end is none of it. */
  void offer(Ask ask) {
    if (isOver()) {
      return;
    }
    long bytes = ask.bytes();
    if (queuedBytes.addAndGet(bytes) > QUEUE_BYTES || !queue.offer(ask)) {
      queuedBytes.addAndGet(-bytes);
      unqueued.incrementAndGet();
    } else if (closed) {
      loseRest(); // it has ended between the look and here
    }
  }

  /** Nothing more is handed over; it ends when all that was is written. */
  void end() {
    ending = true;
  }

  private boolean isOver() {
    return ending || (ends != null && clock.getAsLong() >= endsNs);
  }

  /** Done when nobody works at it any more. */
  CompletableFuture<Void> ended() {
    return ended;
  }

  /** Nobody writes what is handed over from now on; who does that counts it. */
  void close() {
    closed = true; // first: what comes between this and the next is counted by one of two
    loseRest();
  }

  private void loseRest() {
    while (queue.poll() != null) {
      lost.increment();
    }
  }

  /** Why the last that was to be written is not; null: it is. */
  String unended() {
    return unended;
  }

  /** How often the engine was asked about what was handed over and is not written. */
  long unwritten() {
    return queue.size() + taken;
  }

  /**
   * Does what there is to do.
   *
   * @return whether all of it is written, and nothing comes any more
   */
  boolean work(HostNames names, Masks masks) throws InterruptedException {
    boolean over = isOver(); // looked at first: the queue only empties afterwards
    Ask ask = over ? queue.poll() : queue.poll(WAIT_MS, TimeUnit.MILLISECONDS);
    if (ask != null) {
      queuedBytes.addAndGet(-ask.bytes());
      boolean added = false;
      try {
        add(ask, names, masks);
        added = true;
      } finally {
        if (!added) {
          miss("error", 1); // the worker survives what was thrown, and says it
        }
      }
    }
    boolean old = !batch.isEmpty() && System.nanoTime() - begunNs >= BATCH_AGE.toNanos();
    if (batch.bytes() >= BATCH_BYTES || old) {
      flush();
    }
    if (!over || ask != null) {
      return false;
    }
    flush(true);
    return true;
  }

  private void add(Ask ask, HostNames names, Masks masks) {
    if (ask.set() != set) {
      flush();
      ByteArrayOutputStream lines = new ByteArrayOutputStream();
      Lines.write(lines, circumstances(ask.set()));
      setBlock = Block.pack(lines.toByteArray());
      set = ask.set(); // only now: what was thrown before is tried again with the next ask
    }
    VerdictKey key = VerdictKey.of(ask.event().head().key());
    KeyMask mask = masks.mask(ask.event().hook(), key.maskSet());
    if (mask == null) {
      miss("mask", 1);
      return;
    }
    if (batch.isEmpty()) {
      begunNs = System.nanoTime();
    }
    batch.add(ask.event(), mask, ask.verdict(), wallTime(ask.event()), names);
    taken = batch.asks();
  }

  private Instant wallTime(Event event) {
    return Instant.now().minusNanos(Math.max(0, clock.getAsLong() - event.head().timeNs()));
  }

  private RecordedSet circumstances(PolicySet of) {
    List<RecordedSet.Active> policies = new ArrayList<>();
    of.slots()
        .forEach(
            slot ->
                policies.add(
                    new RecordedSet.Active(of.name(slot), of.digest(slot), of.where(slot))));
    return new RecordedSet(started, version, redacted, policies, of.literals());
  }

  private void miss(String why, long asked) {
    missing.merge(why, asked, Long::sum);
    lost.add(asked);
  }

  /** Writes a block of what there is; what cannot be written is a gap of the next. */
  private void flush() {
    flush(false);
  }

  private void flush(boolean end) {
    long overrun = unqueued.getAndSet(0);
    if (overrun > 0) {
      miss("queue", overrun);
    }
    if (set == null || (!end && batch.isEmpty() && missing.isEmpty())) {
      return;
    }
    long asked = batch.asks();
    String why = "error";
    try {
      write(batch.take(set), asked, end);
      why = null;
      unended = null;
    } catch (IOException e) {
      unended = e.toString();
      if (!missing.containsKey("disk")) {
        LOG.log(Level.WARNING, "recording {0} has a gap: {1}", id, e);
      }
      why = "disk";
    } finally {
      taken = 0;
      if (why != null && asked > 0) {
        miss(why, asked);
      }
    }
  }

  private void write(List<Tuple> all, long asked, boolean end) throws IOException {
    Instant now = Instant.now();
    byte[] block = block(all, now, end);
    RecordingStore.Gone gone = store.makeRoom(block, setBlock);
    if (gone.asks() > 0) {
      miss("bound", gone.asks());
    }
    if (gone.gaps() > 0) {
      missing.merge("bound", gone.gaps(), Long::sum); // counted when they were written
    }
    if (!gone.equals(RecordingStore.Gone.NOTHING)) {
      block = block(all, now, end);
    }
    store.append(block, setBlock, asked, missing.values().stream().mapToLong(n -> n).sum());
    missing.clear();
    tuples.add(all.size());
    asks.add(asked);
    last = now;
  }

  private byte[] block(List<Tuple> all, Instant now, boolean end) {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    missing.forEach((why, count) -> Lines.write(lines, new Gap(why, count, now)));
    all.forEach(tuple -> Lines.write(lines, tuple));
    if (end) {
      Lines.writeEnd(lines, now);
    }
    return Block.pack(lines.toByteArray());
  }

  /** How it is. */
  Info info(long bytes, boolean underWay) {
    return new Info(
        id,
        started,
        underWay ? ends : null,
        last,
        underWay,
        redacted,
        bytes,
        tuples.sum(),
        asks.sum(),
        lost.sum() + unqueued.get());
  }
}
