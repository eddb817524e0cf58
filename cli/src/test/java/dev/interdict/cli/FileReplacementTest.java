package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileReplacementTest {
  @TempDir Path folder;
  private Path file;
  private Path sameFile;

  @BeforeEach
  void write() throws IOException {
    file = Files.writeString(folder.resolve("a.rego"), "what was there, which is longer");
    sameFile = Files.createLink(Files.createDirectory(folder.resolve("other")).resolve("a"), file);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void anotherFileComesInItsPlaceWhereItCanBelongToTheSame() throws IOException {
    FileReplacement.replace(file, "new");
    assertEquals("new", Files.readString(file));
    assertEquals("what was there, which is longer", Files.readString(sameFile));
    assertEquals(List.of("a.rego", "other"), names());
  }

  /** Whose it is, it stays: who may write by its group gives away no file. */
  @Test
  void itIsWrittenOverWhereNoOtherCanBelongToItsOwner() throws IOException {
    FileReplacement.replace(
        file,
        "new",
        (next, old) -> {
          throw new FileSystemException(next.toString(), null, "Operation not permitted");
        });
    assertEquals("new", Files.readString(file));
    assertEquals("new", Files.readString(sameFile));
    assertEquals(List.of("a.rego", "other"), names());
  }
}
