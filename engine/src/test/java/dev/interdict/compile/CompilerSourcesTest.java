package dev.interdict.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The compiler's own tests, in Go: read sets, literals, and generated policies. */
class CompilerSourcesTest {

  @ParameterizedTest
  @ValueSource(strings = {"go vet ./...", "go test -short ./..."})
  void theGoSourcesPass(String command) throws Exception {
    Process process =
        new ProcessBuilder(command.split(" "))
            .directory(Path.of("../policies/compiler").toFile())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(1, TimeUnit.MINUTES), output);
    assertEquals(0, process.exitValue(), output);
  }
}
