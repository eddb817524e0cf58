package dev.interdict.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The compiler's own tests, in Go: read sets, literals, and generated policies. */
class CompilerSourcesTest {

  /* On a new machine Go compiles all of OPA first. */
  @Timeout(value = 20, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @ParameterizedTest
  @ValueSource(strings = {"go vet ./...", "go test -short -timeout 5m ./..."})
  void theGoSourcesPass(String command) throws Exception {
    Process process =
        new ProcessBuilder(command.split(" "))
            .directory(Path.of("../policies/compiler").toFile())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
  }
}
