package dev.interdict.decisions;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.Errno;
import dev.interdict.libbpf.UnixDatagrams;
import java.io.IOException;
import java.time.Duration;

/**
 * The journal of this host, by its native protocol: each line is the message of an entry of its
 * own. For one thread.
 *
 * <p>Source: systemd, {@code docs/JOURNAL_NATIVE_PROTOCOL.md}.
 */
final class Journal implements DecisionFile.Lines {
  /** Where it listens. */
  static final String ADDRESS = "/run/systemd/journal/socket";

  /** A journal that is behind is waited for that long; the queue holds what comes meanwhile. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private static final long LOOK_MS = 1;

  /** What is found by {@code journalctl -t}; a priority of 5 is a notice. */
  private static final byte[] BEFORE =
      "SYSLOG_IDENTIFIER=interdict-decisions\nPRIORITY=5\nMESSAGE=".getBytes(US_ASCII);

  private final String address;

  /** Of the lines that are to be sent now, how many bytes have been: they come again as a whole. */
  private int sent;

  /**
   * @param address of its socket, such as {@link #ADDRESS}
   */
  Journal(String address) {
    this.address = address;
  }

  /** A journal that does not listen yet is none that never will. */
  @Override
  public void ready() {}

  /**
   * Lines that could not be sent must be given to it again before others are: those of them that
   * have been sent are not sent twice.
   */
  @Override
  public void append(byte[] lines) throws IOException {
    while (sent < lines.length) {
      int end = sent;
      while (lines[end] != '\n') {
        end++;
      }
      byte[] entry = new byte[BEFORE.length + end + 1 - sent];
      System.arraycopy(BEFORE, 0, entry, 0, BEFORE.length);
      System.arraycopy(lines, sent, entry, BEFORE.length, end + 1 - sent);
      send(entry);
      sent = end + 1;
    }
    sent = 0;
  }

  private void send(byte[] entry) throws IOException {
    long begun = System.nanoTime();
    while (true) {
      try {
        UnixDatagrams.send(address, entry);
        return;
      } catch (BpfException e) {
        if (e.errno() != Errno.EAGAIN || System.nanoTime() - begun > PATIENCE.toNanos()) {
          throw new IOException("the journal takes nothing: " + e.getMessage(), e);
        }
      }
      try {
        Thread.sleep(LOOK_MS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while the journal was behind", e);
      }
    }
  }

  @Override
  public void close() {}
}
