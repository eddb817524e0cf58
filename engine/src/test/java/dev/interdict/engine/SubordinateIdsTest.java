package dev.interdict.engine;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose the users are that a host lends. */
class SubordinateIdsTest {
  @TempDir Path etc;

  @Test
  void whatAUserIsLentIsHis() throws IOException {
    Files.writeString(etc.resolve("passwd"), "root:x:0:0::/:/bin/sh\nann:x:1000:1000:::\nodd\n");
    Files.writeString(
        etc.resolve("subuid"),
        "ann:100000:65536\n1001:165536:65536\nnobody-there:300000:65536\n# odd\nann:x:1\n");
    SubordinateIds lent = new SubordinateIds(etc);
    assertEquals(99_999, lent.owner(99_999));
    assertEquals(1000, lent.owner(100_000));
    assertEquals(1000, lent.owner(165_535));
    assertEquals(1001, lent.owner(165_536));
    assertEquals(1001, lent.owner(231_071));
    assertEquals(231_072, lent.owner(231_072));
    assertEquals(300_000, lent.owner(300_000), "of somebody who is not there");

    Files.writeString(etc.resolve("subuid"), "ann:500000:10\n");
    assertEquals(1000, lent.owner(100_000), "until somebody looks");
    lent.refresh();
    assertEquals(100_000, lent.owner(100_000));
    assertEquals(1000, lent.owner(500_009));
    assertEquals(500_010, lent.owner(500_010));
  }

  /** A container's root may be any user of its range, and all of them are one. */
  @Test
  void whatRootLendsIsTheRangesOwn() throws IOException {
    Files.writeString(etc.resolve("passwd"), "root:x:0:0::/:/bin/sh\n");
    Files.writeString(etc.resolve("subuid"), "root:1000000:1000000000\n0:100000:65536\n");
    SubordinateIds lent = new SubordinateIds(etc);
    assertEquals(1_000_000, lent.owner(1_000_000));
    assertEquals(1_000_000, lent.owner(1_065_536));
    assertEquals(1_000_000, lent.owner(1_000_999_999));
    assertEquals(1_001_000_000, lent.owner(1_001_000_000));
    assertEquals(100_000, lent.owner(165_535));
  }

  @Test
  void rangesThatOverlapHaveAnOwnerEverywhere() throws IOException {
    Files.writeString(etc.resolve("subuid"), "7:100:100\n8:120:10\n9:190:20\n5:300:10\n5:290:5\n");
    SubordinateIds lent = new SubordinateIds(etc);
    Map<Integer, Integer> owners =
        Map.ofEntries(
            entry(99, 99),
            entry(100, 7),
            entry(119, 7),
            entry(120, 8),
            entry(129, 8),
            entry(130, 7),
            entry(189, 7),
            entry(190, 9),
            entry(209, 9),
            entry(210, 210),
            entry(290, 5),
            entry(295, 295),
            entry(300, 5));
    owners.forEach((user, owner) -> assertEquals((long) owner, lent.owner(user), "" + user));
  }

  @Test
  void whatCannotBeReadIsSaidOnceUntilItWorksAgain() throws IOException {
    List<String> said = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            said.add(new SimpleFormatter().formatMessage(line));
          }

          @Override
          public void flush() {
            // nothing is kept
          }

          @Override
          public void close() {
            // nothing is open
          }
        };
    Logger log = Logger.getLogger(SubordinateIds.class.getName());
    log.addHandler(handler);
    try {
      Path subuid = Files.createDirectory(etc.resolve("subuid"));
      SubordinateIds lent = new SubordinateIds(etc);
      lent.refresh();
      assertEquals(1, said.size(), () -> "" + said);
      assertTrue(said.getFirst().contains("is not known: "), said.getFirst());
      Files.delete(subuid);
      Files.writeString(subuid, "7:100:100\n");
      lent.refresh();
      assertEquals(7, lent.owner(100));
      Files.delete(subuid);
      Files.createDirectory(subuid);
      lent.refresh();
      lent.refresh();
      assertEquals(2, said.size(), () -> "" + said);
      assertTrue(said.getLast().contains("stays as it was known: "), said.getLast());
      assertEquals(7, lent.owner(100));
    } finally {
      log.removeHandler(handler);
    }
  }

  @Test
  void aHostThatLendsNothingHasNoSuchFiles() {
    assertEquals(100_000, new SubordinateIds(etc).owner(100_000));
  }
}
