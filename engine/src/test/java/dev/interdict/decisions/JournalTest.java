package dev.interdict.decisions;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.NotifySocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class JournalTest {
  private static final String BEFORE = "SYSLOG_IDENTIFIER=interdict-decisions PRIORITY=5 MESSAGE=";

  @TempDir Path directory;

  private static byte[] lines(String... lines) {
    return (String.join("\n", lines) + "\n").getBytes(US_ASCII);
  }

  @Test
  void eachLineMustBeAnEntry() throws Exception {
    String address = directory.resolve("journal").toString();
    try (NotifySocket socket = new NotifySocket(address);
        Journal journal = new Journal(address)) {
      journal.ready();
      journal.append(lines("{\"a\":1}", "{}"));
      journal.append(lines("last"));
      assertEquals(
          List.of(BEFORE + "{\"a\":1} ", BEFORE + "{} ", BEFORE + "last "), socket.messages());
    }
  }

  @Test
  void withoutAJournalNothingMustSeemWritten() {
    String address = directory.resolve("none").toString();
    try (Journal journal = new Journal(address)) {
      journal.ready();
      IOException refused = assertThrows(IOException.class, () -> journal.append(lines("x")));
      assertTrue(refused.getMessage().contains(address), refused.getMessage());
      assertTrue(refused.getMessage().contains("ENOENT"), refused.getMessage());
    }
  }

  /** Its queue is as long as the kernel lets it be; a batch is longer. */
  @Test
  void whatAJournalThatIsBehindHasTakenMustNotBeSentTwice() throws Exception {
    String address = directory.resolve("journal").toString();
    int count = 3000;
    List<String> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add("line " + i);
    }
    byte[] batch = lines(all.toArray(String[]::new));
    try (NotifySocket socket = new NotifySocket(address);
        Journal journal = new Journal(address)) {
      assertThrows(IOException.class, () -> journal.append(batch));
      Thread again =
          Thread.ofPlatform()
              .start(
                  () -> {
                    boolean done = false;
                    while (!done) {
                      try {
                        journal.append(batch);
                        done = true;
                      } catch (IOException e) {
                        // As the log does: once more.
                      }
                    }
                  });
      List<String> came = new ArrayList<>();
      while (again.isAlive()) {
        came.addAll(socket.messages());
      }
      came.addAll(socket.messages());
      assertEquals(all.stream().map(line -> BEFORE + line + " ").toList(), came);
    }
  }
}
