package dev.interdict.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test that leaves a BPF descriptor open. */
public final class FdLeaks implements BeforeEachCallback, AfterEachCallback {
  private List<String> before;

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    before = open();
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    assertEquals(before, open(), "BPF descriptors of " + context.getDisplayName());
  }

  /** What this process holds of BPF, sorted: {@code anon_inode:bpf-map} and so on. */
  public static List<String> open() throws IOException {
    try (Stream<Path> fds = Files.list(Path.of("/proc/self/fd"))) {
      return fds.map(FdLeaks::target).filter(t -> t.contains("bpf")).sorted().toList();
    }
  }

  private static String target(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile: the listing's own descriptor
    }
  }
}
