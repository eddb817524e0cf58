package dev.interdict.eval;

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

  /**
   * Offered by the compiler, but not here: a policy that wants one is refused when it is loaded.
   */
  private static final Set<String> MISSING =
      Set.of(
          "json.marshal_with_options",
          "json.patch",
          "regex.globs_match",
          "strings.render_template",
          "time.format",
          "time.parse_ns",
          "uri.is_valid",
          "uri.parse",
          "urlquery.decode",
          "urlquery.decode_object",
          "urlquery.encode",
          "urlquery.encode_object",
          "uuid.parse",
          "yaml.is_valid",
          "yaml.marshal",
          "yaml.unmarshal");

  @Test
  void theCompilerOffersWhatTheEngineHas() throws Exception {
    Set<String> offered =
        Files.readAllLines(GoProgram.root().resolve("policies/compiler/builtins.txt")).stream()
            .filter(line -> line.endsWith(" host"))
            .map(line -> line.substring(0, line.indexOf(' ')))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> known = new TreeSet<>(Builtins.names());
    known.addAll(MISSING);
    assertEquals(offered, known);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http.send", "opa.runtime", "rand.intn", "time.now_ns", "net.lookup_ip_addr"})
  void whatIsNotPureDoesNotExist(String name) {
    assertNull(Builtins.find(name));
  }
}
