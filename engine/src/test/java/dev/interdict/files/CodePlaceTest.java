package dev.interdict.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CodePlaceTest {
  @Test
  void aClassOfAJarIsInTheJar() throws IOException {
    Path jar = CodePlace.of(Test.class);
    assertTrue(jar.getFileName().toString().matches("junit-jupiter-api-.*[.]jar"), jar::toString);
    assertTrue(Files.isRegularFile(jar), jar::toString);
  }

  @Test
  void aClassOfAFolderIsInTheFolderAlsoIfItIsInAnother() throws IOException {
    Path folder = CodePlace.of(CodePlaceTest.class);
    assertTrue(Files.exists(folder.resolve("dev/interdict/files/CodePlaceTest.class")));
    assertEquals(folder, CodePlace.of(Inner.class));
  }

  @Test
  void aClassOfTheRuntimeIsInNoFile() {
    assertThrows(IOException.class, () -> CodePlace.of(Map.class));
  }

  private static final class Inner {}
}
