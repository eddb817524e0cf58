package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AliasesTest {
  @TempDir Path folder;

  @Test
  void aFileIsFoundByTheNameThatLeadsToIt() throws IOException {
    Path file = Files.writeString(folder.resolve("secret"), "x");
    Aliases aliases = new Aliases(Set.of(file.toString(), folder.resolve("absent").toString()));

    List<byte[]> names = aliases.of(device(file), inode(file));
    assertEquals(1, names.size());
    assertArrayEquals(file.toString().getBytes(StandardCharsets.UTF_8), names.getFirst());
    assertTrue(aliases.of(device(file), inode(file) + 1).isEmpty());
  }

  @Test
  void aHardLinkIsTheSameFile() throws IOException {
    Path file = Files.writeString(folder.resolve("secret"), "x");
    Path link = Files.createLink(folder.resolve("harmless"), file);
    Aliases aliases = new Aliases(Set.of(file.toString()));

    assertEquals(1, aliases.of(device(link), inode(link)).size());
  }

  @Test
  void aFileThatTakesTheNameIsReportedOnce() throws IOException {
    Path file = Files.writeString(folder.resolve("secret"), "x");
    Aliases aliases = new Aliases(Set.of(file.toString()));
    assertEquals(Set.of(), aliases.refresh());

    Path next = Files.writeString(folder.resolve("next"), "y");
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Aliases.FileId fresh = new Aliases.FileId(device(file), inode(file));
    assertEquals(Set.of(fresh), aliases.refresh());
    assertEquals(Set.of(), aliases.refresh());
    assertEquals(1, aliases.of(fresh.device(), fresh.inode()).size());
  }

  @Test
  void deviceNumbersAreThoseOfTheKernel() {
    // makedev(8, 1) and makedev(0x123, 0xabcde) of glibc
    assertEquals(8 << 20 | 1, Aliases.kernelDevice(0x801));
    assertEquals(0x123 << 20 | 0xabcde, Aliases.kernelDevice(0xabc123deL));
  }

  private static int device(Path file) throws IOException {
    return Aliases.kernelDevice((Long) Files.getAttribute(file, "unix:dev"));
  }

  private static long inode(Path file) throws IOException {
    return (Long) Files.getAttribute(file, "unix:ino");
  }
}
