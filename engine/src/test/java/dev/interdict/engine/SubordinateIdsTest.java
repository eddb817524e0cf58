package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

  @Test
  void aHostThatLendsNothingHasNoSuchFiles() {
    assertEquals(100_000, new SubordinateIds(etc).owner(100_000));
  }
}
