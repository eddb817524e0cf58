package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecidingCodeTest {
  @Test
  void itIsToldByItsClasses(@TempDir Path root) throws IOException {
    assertThrows(NoSuchFileException.class, () -> DecidingCode.digest(root));
    for (String name : DecidingCode.PACKAGES) {
      Files.createDirectories(root.resolve("dev/interdict").resolve(name));
    }
    String none = DecidingCode.digest(root);
    Path judge = root.resolve("dev/interdict/pipeline/Judge.class");
    Files.writeString(judge, "1");
    String first = DecidingCode.digest(root);
    Files.writeString(judge, "2");
    String second = DecidingCode.digest(root);
    Files.move(judge, judge.resolveSibling("Other.class"));
    assertEquals(4, Set.of(none, first, second, DecidingCode.digest(root)).size());
  }

  @Test
  void thisOneIsTheSameEachTime() {
    assertEquals(DecidingCode.digest(), DecidingCode.digest());
    assertTrue(DecidingCode.digest().matches("[0-9a-f]{64}"), DecidingCode.digest());
  }
}
