package dev.interdict.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Compiles the small BPF objects of the tests, src/test/bpf, with the clang that builds bpf/. */
public final class TestObject {
  private TestObject() {}

  /** The object of the bpf module. */
  public static byte[] product() {
    try (InputStream in = TestObject.class.getResourceAsStream("/dev/interdict/interdict.bpf.o")) {
      return Objects.requireNonNull(in, "the bpf module is not built").readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The ELF file of {@code src/test/bpf/name.bpf.c}. */
  public static byte[] compile(String name) {
    return compile(Path.of("src/test/bpf", name + ".bpf.c"));
  }

  /** The ELF file of this source. */
  public static byte[] compile(Path source) {
    try {
      Path object = Files.createTempFile("test", ".o");
      try {
        Shell.run(
            "clang",
            "-g",
            "-O2",
            "-target",
            "bpf",
            // Debian keeps the kernel's asm headers by architecture
            "-I/usr/include/"
                + System.getProperty("os.arch").replace("amd64", "x86_64")
                + "-linux-gnu",
            "-c",
            source.toString(),
            "-o",
            object.toString());
        return Files.readAllBytes(object);
      } finally {
        Files.deleteIfExists(object);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
