package dev.interdict.compile;

import java.io.IOException;
import java.nio.file.Path;

/** A compiler whose process is killed each time. */
public final class BrokenCompiler {
  private BrokenCompiler() {}

  /** With this cache. */
  public static RegoCompiler at(Path cache) {
    return new RegoCompiler(
        request -> {
          throw new IOException("the Rego compiler ended with status 137");
        },
        cache);
  }
}
