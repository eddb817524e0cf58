package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class LateLogTest {
  private static final int SENT = 2 * LateLog.LINES;

  private final CountDownLatch read = new CountDownLatch(1);
  private final List<String> written = new CopyOnWriteArrayList<>();
  private final LateLog log = new LateLog(List.of(new Stuck()));

  /** Writes nothing until somebody reads. */
  private final class Stuck extends Handler {
    @Override
    public void publish(LogRecord line) {
      try {
        read.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      written.add(line.getMessage());
    }

    @Override
    public void flush() {
      // nothing is kept
    }

    @Override
    public void close() {
      // nothing is open
    }
  }

  private void send(int lines) {
    for (int i = 0; i < lines; i++) {
      log.publish(new LogRecord(Level.INFO, "line " + i));
    }
  }

  @Test
  @Timeout(60)
  void whoLogsDoesNotWaitAndWhatIsLeftOutIsCounted() throws Exception {
    send(SENT);
    assertEquals(List.of(), written);
    read.countDown();
    String said = " lines are missing here: they came faster than they were written";
    while (written.stream().noneMatch(line -> line.endsWith(said))) {
      Thread.sleep(1);
    }
    log.close();
    String told = written.stream().filter(line -> line.endsWith(said)).findFirst().orElseThrow();
    int missing = Integer.parseInt(told.substring(0, told.indexOf(' ')));
    written.remove(told);
    assertEquals(SENT, written.size() + missing);
    for (int i = 0; i < written.size(); i++) {
      assertEquals("line " + i, written.get(i));
    }
  }

  @Test
  @Timeout(60)
  void theEndWritesWhatIsLeft() {
    read.countDown();
    send(100);
    log.close();
    assertEquals(100, written.size());
  }

  @Test
  @Timeout(60)
  void theEndDoesNotWaitForOneWhoNeverReads() {
    send(LateLog.LINES / 2);
    log.close();
    assertTrue(written.size() <= 1, "of " + written);
  }
}
