package dev.interdict.libbpf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlainFileTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path folder;

  private static String refused(Path path) {
    return assertTimeoutPreemptively(
        LONG, () -> assertThrows(IOException.class, () -> PlainFile.read(path, 100)).getMessage());
  }

  @Test
  void aFileMustBeReadUpToWhatIsWanted() throws IOException {
    byte[] content = new byte[200_000];
    new Random(1).nextBytes(content);
    Path file = Files.write(folder.resolve("file"), content);
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    assertArrayEquals(content, PlainFile.read(link, content.length + 1));
    assertArrayEquals(Arrays.copyOf(content, 70_000), PlainFile.read(file, 70_000));
    assertEquals(0, PlainFile.read(Files.createFile(folder.resolve("empty")), 5).length);
  }

  @Test
  void whatIsNoFileMustBeRefusedAndNotWaitedFor() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    assertEquals(fifo + " is no plain file", refused(fifo));
    assertEquals(folder + " is no plain file", refused(folder));
    assertEquals("/dev/zero is no plain file", refused(Path.of("/dev/zero")));
  }

  @Test
  void whatIsNotThereMustBeSaidByItsName() {
    Path none = folder.resolve("none");
    assertTrue(refused(none).startsWith("cannot open " + none + ": ENOENT"), refused(none));
  }
}
