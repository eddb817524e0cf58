package dev.interdict.builtins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.interdict.testkit.GoProgram;
import java.nio.file.Files;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BuiltinsTest {

  @Test
  void theCompilerOffersWhatTheEngineHas() throws Exception {
    Set<String> offered =
        Files.readAllLines(GoProgram.root().resolve("policies/compiler/builtins.txt")).stream()
            .filter(line -> line.endsWith(" host") || line.endsWith(" moment"))
            .map(line -> line.substring(0, line.indexOf(' ')))
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(offered, new TreeSet<>(Builtins.names()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http.send", "opa.runtime", "trace", "net.lookup_ip_addr", "io.jwt.decode"})
  void whatRestsOnMoreThanEventAndMomentDoesNotExist(String name) {
    assertNull(Builtins.find(name));
  }
}
