package dev.interdict.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A bpffs of the test's own: what is pinned there is gone with it. */
public final class Bpffs implements BeforeEachCallback, AfterEachCallback {
  private Path directory;

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    directory = Files.createTempDirectory("bpffs");
    Shell.run("mount", "-t", "bpf", "bpf", directory.toString());
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    Shell.run("umount", directory.toString());
    Files.delete(directory);
  }

  /** A directory in it, not made yet. */
  public Path pins() {
    return directory.resolve("interdict");
  }
}
