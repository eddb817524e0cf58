package dev.interdict.engine;

import dev.interdict.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Stands between those who log and what writes their lines: a pipe that nobody reads, or a slow
 * terminal, must not stop the thread that decides. What comes faster than it is written is left
 * out, and the line after it says how much. Safe for use by many threads.
 */
final class LateLog extends Handler {
  /** Lines that wait to be written. */
  static final int LINES = 1024;

  /** For the lines that are left at the end; what writes them may be stuck. */
  private static final Duration LAST = Duration.ofSeconds(1);

  private final BlockingQueue<LogRecord> lines = new ArrayBlockingQueue<>(LINES);
  private final AtomicLong dropped = new AtomicLong();
  private final List<Handler> writers;
  private final Worker worker;
  private volatile boolean writing;

  LateLog(List<Handler> writers) {
    this.writers = writers;
    this.worker = new Worker("log", this::round, Integer.MAX_VALUE, lost -> {}).start();
  }

  /** Puts itself before all that writes for this process. */
  static void install() {
    Logger root = Logger.getLogger("");
    List<Handler> writers = List.of(root.getHandlers());
    writers.forEach(root::removeHandler);
    root.addHandler(new LateLog(writers));
  }

  @Override
  public void publish(LogRecord line) {
    line.getSourceClassName(); // is found on the stack of who logs
    if (!lines.offer(line)) {
      dropped.incrementAndGet();
    }
  }

  private void round() throws InterruptedException {
    LogRecord line = lines.take();
    writing = true;
    try {
      write(line);
      long missing = dropped.getAndSet(0);
      if (missing > 0) {
        write(
            new LogRecord(
                Level.WARNING,
                missing + " lines are missing here: they came faster than they were written"));
      }
    } finally {
      writing = false;
    }
  }

  private void write(LogRecord line) {
    writers.forEach(writer -> writer.publish(line));
  }

  /** Waits until all is written, but not for long. */
  @Override
  public void flush() {
    long end = System.nanoTime() + LAST.toNanos();
    try {
      while ((writing || !lines.isEmpty()) && System.nanoTime() < end) {
        Thread.sleep(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    flush();
    worker.close();
  }
}
