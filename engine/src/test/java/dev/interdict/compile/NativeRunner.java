package dev.interdict.compile;

import dev.interdict.testkit.RegoToWasm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The Rego compiler as a native program of the same sources: fast, and the measure for ours. */
final class NativeRunner implements RegoRunner {

  @Override
  public byte[] run(byte[] request) throws IOException {
    Path in = Files.createTempFile("rego", ".json");
    Path out = Files.createTempFile("rego", ".json");
    try {
      Files.write(in, request);
      Process process =
          new ProcessBuilder(RegoToWasm.program().toString())
              .redirectInput(in.toFile())
              .redirectOutput(out.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      if (!process.waitFor(2, TimeUnit.MINUTES) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IOException("the native Rego compiler failed");
      }
      return Files.readAllBytes(out);
    } catch (InterruptedException e) {
      throw new IOException("interrupted", e);
    } finally {
      Files.delete(in);
      Files.delete(out);
    }
  }
}
