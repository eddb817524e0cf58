package dev.interdict.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewFileTest {
  @TempDir Path folder;

  private static Integer write(OutputStream out) throws IOException {
    out.write("half".getBytes(UTF_8));
    return 7;
  }

  private static Integer fail(OutputStream out) throws IOException {
    write(out);
    throw new IOException("no room");
  }

  /** As with a quota that is looked at when the file is closed. */
  private static OutputStream full(Path file) throws IOException {
    return new FilterOutputStream(Files.newOutputStream(file)) {
      @Override
      public void close() throws IOException {
        super.close();
        throw new IOException("quota exceeded");
      }
    };
  }

  @Test
  void whatIsNotWholeMustBeTakenAway() throws IOException {
    Path file = folder.resolve("new");
    assertEquals(7, NewFile.write(file, NewFileTest::write));
    assertEquals("half", Files.readString(file));
    assertThrows(Failure.class, () -> NewFile.write(file, NewFileTest::fail));
    assertEquals("half", Files.readString(file), "what was there is somebody's");

    Path other = folder.resolve("other");
    assertThrows(Failure.class, () -> NewFile.write(other, NewFileTest::fail));
    assertFalse(Files.exists(other));
    assertThrows(IOException.class, () -> NewFile.fill(other, full(other), NewFileTest::write));
    assertFalse(Files.exists(other), "half of it may be gone");
  }
}
