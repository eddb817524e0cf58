package dev.interdict.decisions;

import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.RotatedFile.DiskFullException;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The decision log as JSON lines, in a file or in the host's journal. Who decides never waits for
 * it: records wait in a {@link FoldingQueue} for the one worker that writes. What finds no room
 * there is lost, counted by what keeps the worker from writing, and told by a line when that goes
 * again. At each moment {@code offered = written + waiting + lost}. Safe for use by many threads.
 */
public final class DecisionFile implements DecisionLog.Recorder, AutoCloseable {
  private static final Logger LOG = System.getLogger(DecisionFile.class.getName());

  /** What may wait: a disk that does not answer for a while costs no record of a quiet host. */
  static final long QUEUE_BYTES = 8L << 20;

  /** Written in one piece, with at most one line more. */
  private static final int BATCH_BYTES = 64 << 10;

  /** An idle worker looks so often whether something was lost that no line has told yet. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** For what is left at the end; longer than a worker's pause after a failure. */
  private static final Duration END = Duration.ofSeconds(2);

  /** In the place of a file: the host's journal. */
  public static final Path JOURNAL = Path.of("journal");

  private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

  private static final Loss[] LOSSES = Loss.values();

  private final FoldingQueue queue;
  private final LineForm form;
  private final Lines file;
  private final Duration end;
  private final Worker worker;
  private final AtomicLong offered = new AtomicLong();
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong lines = new AtomicLong();
  private final AtomicLongArray lost = new AtomicLongArray(LOSSES.length);
  private volatile Loss obstacle = Loss.QUEUE_FULL;

  // The worker's own; at the end, of who closes.
  private final long[] toldLost = new long[LOSSES.length];
  private Batch batch;
  private boolean ready;

  /** Why a record is in no line. */
  private enum Loss {
    /** More came than was written. */
    QUEUE_FULL,
    /** The same, and the disk is full. */
    DISK_FULL,
    /** The same, and what was to be written could not be for another reason. */
    WRITE_ERROR,
    /** The engine ended before it could be written. */
    AT_END;

    final String id = name().toLowerCase(Locale.ROOT);
  }

  /**
   * What is kept of the log, and where.
   *
   * @param file {@link #JOURNAL}: there, which has sizes of its own
   * @param maxBytes of each file
   * @param files how many there are at most, the newest included
   * @param interval between two lines about attempts that are alike; zero: each has a line
   * @param format what a line looks like
   */
  public record Config(Path file, long maxBytes, int files, Duration interval, Format format) {}

  /** What a line looks like. */
  public enum Format {
    /** {@code decision-log.json}. */
    INTERDICT,
    /** Events of the Open Cybersecurity Schema Framework. */
    OCSF;

    /** As people write it, such as {@code ocsf}. */
    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The one that is written so.
     *
     * @throws IllegalArgumentException if there is none; the message says which there are
     */
    public static Format of(String id) {
      for (Format format : values()) {
        if (format.id().equals(id)) {
          return format;
        }
      }
      throw new IllegalArgumentException("it is " + INTERDICT.id() + " or " + OCSF.id());
    }

    private LineForm form(String product) throws IOException {
      return switch (this) {
        case INTERDICT -> DecisionLine.FORM;
        // Whatever bytes it is of: a name is no reason not to start.
        case OCSF ->
            new OcsfLine.Form(
                new String(Files.readAllBytes(HOST_NAME), StandardCharsets.UTF_8).strip(), product);
      };
    }
  }

  /** Takes whole lines, all or none. */
  interface Lines extends AutoCloseable {
    /** Opens it before there is a line: what is wrong with it is known at the start. */
    void ready() throws IOException;

    void append(byte[] bytes) throws IOException;

    @Override
    void close() throws IOException;
  }

  private record Batch(byte[] bytes, int lines, long records, long[] lost) {}

  /**
   * @param end how long {@link #close} may take
   */
  DecisionFile(FoldingQueue queue, LineForm form, Lines file, Duration end, Workers crew) {
    this.queue = queue;
    this.form = form;
    this.file = file;
    this.end = end;
    this.worker = crew.add("decision-log", this::round).start();
  }

  /**
   * Begins to write what is given to it.
   *
   * @param product the version of what writes it
   * @param crew where its worker is shown
   * @throws IOException if the file can never be a log; that it cannot be opened or written now is
   *     no such reason, since the engine is there to enforce
   */
  public static DecisionFile start(Config config, String product, Workers crew) throws IOException {
    return new DecisionFile(
        new FoldingQueue(QUEUE_BYTES, config.interval()),
        config.format().form(product),
        config.file().equals(JOURNAL)
            ? new Journal(Journal.ADDRESS)
            : new RotatedFile(
                config.file(), config.maxBytes(), config.files(), RotatedFile.Disk.REAL),
        END,
        crew);
  }

  @Override
  public void offer(DecisionRecord record) {
    if (record.outcome() == Outcome.ALLOWED && record.findings().isEmpty()) {
      return;
    }
    offered.incrementAndGet();
    if (!queue.add(record, System.nanoTime())) {
      lost.incrementAndGet(obstacle.ordinal());
    }
  }

  private void round() throws InterruptedException {
    if (!ready) {
      open();
    }
    batch = batch == null ? collect() : batch;
    if (batch == null) {
      queue.await(LOOK);
      batch = collect();
    }
    if (batch != null) {
      write();
    }
  }

  /** Null if there is nothing to tell. */
  private Batch collect() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    long[] lostNow = new long[LOSSES.length];
    Map<String, Long> missing = new LinkedHashMap<>();
    for (Loss loss : LOSSES) {
      lostNow[loss.ordinal()] = lost.get(loss.ordinal());
      long since = lostNow[loss.ordinal()] - toldLost[loss.ordinal()];
      if (since > 0) {
        missing.put(loss.id, since);
      }
    }
    int count = 0;
    if (!missing.isEmpty()) {
      bytes.writeBytes(form.lost(Instant.now(), missing));
      count++;
    }
    long records = 0;
    try {
      FoldingQueue.Line line;
      while (bytes.size() < BATCH_BYTES && (line = queue.next(System.nanoTime())) != null) {
        records += line.count();
        bytes.writeBytes(form.decision(line));
        count++;
      }
    } catch (RuntimeException
        | Error e) { // no memory for the text: they are not in the queue any more
      lost.addAndGet(Loss.WRITE_ERROR.ordinal(), records);
      throw e;
    }
    return count == 0 ? null : new Batch(bytes.toByteArray(), count, records, lostNow);
  }

  private void open() {
    try {
      file.ready();
    } catch (IOException e) {
      throw hindered(e);
    }
    obstacle = Loss.QUEUE_FULL;
    ready = true;
  }

  private UncheckedIOException hindered(IOException e) {
    obstacle = e instanceof DiskFullException ? Loss.DISK_FULL : Loss.WRITE_ERROR;
    return new UncheckedIOException("the decision log is not written: " + e.getMessage(), e);
  }

  /** A batch that could not be written is tried again; meanwhile the queue fills. */
  private void write() {
    try {
      file.append(batch.bytes());
    } catch (IOException e) {
      throw hindered(e);
    }
    obstacle = Loss.QUEUE_FULL;
    Batch done = batch;
    batch = null;
    System.arraycopy(done.lost(), 0, toldLost, 0, toldLost.length);
    written.addAndGet(done.records());
    lines.addAndGet(done.lines());
  }

  @Override
  public Map<String, Long> counters() {
    Map<String, Long> all = new LinkedHashMap<>();
    // In this order what is under way counts as waiting, never as written and lost as well.
    long known = written.get();
    all.put("log_written", known);
    for (Loss loss : LOSSES) {
      all.put("log_lost_" + loss.id, lost.get(loss.ordinal()));
      known += lost.get(loss.ordinal());
    }
    long came = offered.get();
    all.put("log_offered", came);
    all.put("log_waiting", came - known);
    all.put("log_lines", lines.get());
    return all;
  }

  /** Writes what is left, if that goes within a moment; what does not is counted and said. */
  @Override
  public void close() {
    worker.stop();
    queue.flush();
    queue.wake();
    boolean ended = false;
    try {
      ended =
          worker.join(end); // not interrupted: that would close the file in the middle of a line
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      if (ended) {
        finish();
      }
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "the last decisions are not in the log: {0}", e.getMessage());
    }
    worker.interrupt();
    long left = offered.get() - written.get() - lostInAll();
    if (left > 0) {
      lost.addAndGet(Loss.AT_END.ordinal(), left);
      LOG.log(Level.WARNING, "{0} decisions could not be written to the log any more", left);
    }
    if (ended) {
      try {
        file.close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "the decision log did not close", e);
      }
    }
  }

  private long lostInAll() {
    long all = 0;
    for (Loss loss : LOSSES) {
      all += lost.get(loss.ordinal());
    }
    return all;
  }

  private void finish() {
    long begun = System.nanoTime();
    while (System.nanoTime() - begun < end.toNanos()) {
      batch = batch == null ? collect() : batch;
      if (batch == null) {
        return;
      }
      write();
    }
  }
}
