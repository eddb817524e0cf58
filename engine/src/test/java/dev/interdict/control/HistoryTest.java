package dev.interdict.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.Change.Kind;
import dev.interdict.control.History.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryTest {
  @TempDir Path directory;
  private final FullDisk disk = new FullDisk();

  private final Memory memory =
      new Memory() {
        private byte[] last = new byte[BYTES];

        @Override
        public byte[] recall() {
          return last.clone();
        }

        @Override
        public void remember(byte[] nowAndNext) {
          last = nowAndNext.clone();
        }
      };

  private History open(int bytesMax) {
    return new History(directory, disk, memory, Clock.systemUTC(), bytesMax);
  }

  private Path file() {
    return directory.resolve("history.jsonl");
  }

  private static Change applied(String policy, long revision) {
    return new Change(Kind.APPLY, policy, revision, "%064x".formatted(revision), "", null);
  }

  private static void make(History history, int changes) {
    for (int i = 0; i < changes; i++) {
      long id = history.begin(List.of(applied("p", history.next("p"))));
      history.end(id, i % 7 == 3 ? "failed: a full disk" : null);
    }
  }

  @Test
  void whatWasMadeByWhomAndWhatCameOfItMustBeToldAlsoByTheNextEngine() {
    History history = open(1 << 20);
    ScopedValue.where(Origin.CURRENT, new Origin("uid 7", "a\nreason"))
        .run(
            () -> {
              history.end(history.begin(List.of(applied("p", 1), applied("q", 1))), null);
              long id = history.begin(List.of(applied("p", 2)));
              history.made(List.of(Change.ofMode("", null)), null);
              history.end(id, "failed: a full disk");
            });
    for (History one : List.of(history, open(1 << 20))) {
      List<History.Entry> all = one.entries(null, 100);
      assertEquals(
          List.of("done", "failed: a full disk", "done"),
          all.stream().map(History.Entry::outcome).toList());
      assertEquals(new Origin("uid 7", "a\nreason"), all.getFirst().origin());
      assertEquals(List.of(applied("p", 1), applied("q", 1)), all.getFirst().changes());
      assertEquals(1, one.entries("q", 100).getFirst().id());
      assertEquals(2, one.entries("q", 100).size(), "its own and the host's");
      assertEquals(1, one.entries(null, 1).size());
      assertEquals(List.of(1L), one.revisions("p").stream().map(History.Revised::number).toList());
      assertEquals(3, one.next("p"), "also after one that failed");
      assertEquals(1, one.next("new"));
      assertEquals(new History.Verified(5, null), one.verify());
    }
  }

  @Test
  void onlyTheLastRevisionsMustBeKept() {
    History history = open(1 << 20);
    make(history, 30);
    assertEquals(History.KEPT, history.revisions("p").size());
    assertEquals(history.revisions("p"), open(1 << 20).revisions("p"));
    assertEquals(History.KEPT, history.kept().size());
  }

  /** Every edit of one byte, every line taken out, doubled, exchanged or cut off. */
  @Test
  void anyChangeOfTheFileMustBeFound() throws IOException {
    History history = open(1 << 20);
    make(history, 20);
    byte[] whole = Files.readAllBytes(file());
    Random random = new Random(1);
    for (int i = 0; i < 10_000; i++) {
      byte[] other = changed(whole, random);
      if (Arrays.equals(whole, other)) {
        continue;
      }
      Files.write(file(), other);
      assertNotNull(history.verify().problem(), () -> new String(other, UTF_8));
    }
    Files.write(file(), whole);
    assertNull(history.verify().problem());
    Files.delete(file());
    assertNotNull(history.verify().problem());
  }

  private static byte[] changed(byte[] whole, Random random) {
    if (random.nextBoolean()) {
      byte[] other = whole.clone();
      other[random.nextInt(other.length)] = (byte) random.nextInt(256);
      return other;
    }
    List<String> lines = new ArrayList<>(List.of(new String(whole, UTF_8).split("\n", -1)));
    lines.removeLast();
    int at = random.nextInt(lines.size());
    switch (random.nextInt(6)) {
      case 0 -> lines.remove(at);
      case 1 -> lines.add(at, lines.get(random.nextInt(lines.size())));
      case 2 -> Collections.swap(lines, at, random.nextInt(lines.size()));
      case 3 -> lines = lines.subList(0, at);
      case 4 -> lines = lines.subList(at, lines.size());
      default -> lines.add(at, "");
    }
    return (String.join("\n", lines) + "\n").getBytes(UTF_8);
  }

  @Test
  void aLargeFileMustBeBegunAnewAndTheOneBeforeItStay() throws IOException {
    History history = open(2000);
    make(history, 40);
    Path before = directory.resolve("history.jsonl.before");
    assertTrue(Files.size(file()) < 3000 && Files.size(before) < 3000);
    assertNull(history.verify().problem());
    assertNull(open(2000).verify().problem());
    assertEquals(history.next("p"), open(2000).next("p"));

    byte[] whole = Files.readAllBytes(before);
    int first = new String(whole, UTF_8).indexOf('\n') + 1;
    Files.write(before, Arrays.copyOfRange(whole, first, whole.length));
    assertNotNull(history.verify().problem(), "the first line is gone");
    Files.write(before, new byte[0]);
    assertNotNull(history.verify().problem(), "the file before is empty");
    assertNotNull(open(2000).verify().problem(), "to another engine, too");
    Files.delete(before);
    assertNotNull(history.verify().problem(), "the file before is gone");
    assertNotNull(open(2000).verify().problem(), "to another engine, too");
  }

  @Test
  void aCrashInTheMiddleOfALineMustCostThatLineOnly() throws IOException {
    make(open(1 << 20), 3);
    byte[] whole = Files.readAllBytes(file());
    for (int cut = 1; cut < 40; cut++) {
      Files.write(file(), Arrays.copyOf(whole, whole.length - cut));
      memory.remember(new byte[Memory.BYTES]); // it comes after the line
      History after = open(1 << 20);
      assertNull(after.verify().problem());
      make(after, 1);
      assertNull(open(1 << 20).verify().problem());
    }
  }

  @Test
  void anOutcomeThatCannotBeWrittenMustComeBeforeAnythingElse() {
    History history = open(1 << 20);
    long id = history.begin(List.of(applied("p", 1)));
    disk.takes(0);
    history.end(id, null);
    assertThrows(StoreException.class, () -> history.begin(List.of(applied("p", 2))));
    disk.takesAll();
    history.end(history.begin(List.of(applied("p", history.next("p")))), null);
    for (History one : List.of(history, open(1 << 20))) {
      assertEquals(
          List.of("done", "done"),
          one.entries("p", 10).stream().map(History.Entry::outcome).toList());
      assertEquals(
          List.of(1L, 2L), one.revisions("p").stream().map(History.Revised::number).toList());
      assertNull(one.verify().problem());
      assertTrue(one.interrupted().isEmpty());
    }
  }

  @Test
  void aNewFileMustKeepWhatCanBeBroughtBackAlsoAfterAFullDisk() {
    History history = open(2000);
    history.made(List.of(applied("old", 1)), null);
    for (int i = 0; i < 60; i++) {
      disk.takes(i % 3 == 2 ? i % 2 : Integer.MAX_VALUE);
      try {
        make(history, 1);
      } catch (StoreException e) {
        assertEquals(2, i % 3);
      }
    }
    disk.takesAll();
    make(history, 1);
    for (History one : List.of(history, open(2000))) {
      assertNull(one.verify().problem());
      assertEquals(2, one.next("old"));
      assertEquals(1, one.revisions("old").size());
      assertEquals(history.revisions("p"), one.revisions("p"));
    }
  }

  @Test
  void linesThatAreNoneMustStopNobody() throws IOException {
    make(open(1 << 20), 1);
    for (String line :
        List.of("null", "{}", "{\"id\":1,\"time\":\"now\",\"previous\":\"\"}", "\0")) {
      Files.writeString(file(), line + "\n");
      assertNotNull(open(1 << 20).verify().problem(), line);
    }
  }

  @Test
  void lastLinesThatAreGoneMustBeFoundByTheNextEngineAndStandInTheHistory() throws IOException {
    make(open(1 << 20), 3);
    List<String> lines = Files.readAllLines(file());
    Files.write(file(), lines.subList(0, 4));
    for (int i = 0; i < 2; i++) {
      History next = open(1 << 20);
      assertEquals(i == 0, next.verify().problem() != null);
      History.Entry last = next.entries(null, 10).getLast();
      assertTrue(last.outcome().contains("are gone"), last::toString);
    }
    byte[] whole = Files.readAllBytes(file());
    make(open(1 << 20), 2);
    Files.write(file(), whole);
    memory.remember(new byte[Memory.BYTES]);
    assertNull(open(1 << 20).verify().problem(), "the host was booted");
  }

  @Test
  void whatCannotBeWrittenMustLeaveTheFileAsItWas() throws IOException {
    History history = open(1 << 20);
    make(history, 2);
    byte[] whole = Files.readAllBytes(file());
    Files.delete(file());
    Files.createDirectory(file());
    assertThrows(StoreException.class, () -> history.begin(List.of(applied("p", 3))));
    Files.delete(file());
    Files.write(file(), whole);
    assertNull(history.verify().problem());
    make(history, 1);
    assertNull(history.verify().problem());
  }
}
