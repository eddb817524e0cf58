package dev.interdict.compile;

import dev.interdict.testkit.RegoToWasm;
import java.nio.file.Path;

/** The Rego compiler as a native program, for tests that compile a lot. */
public final class NativeRego {
  private NativeRego() {}

  /** Compiles as the one inside of the JVM does, only faster; nothing is kept between runs. */
  public static RegoCompiler compiler(Path cache) {
    return new RegoCompiler(RegoToWasm::run, cache);
  }
}
