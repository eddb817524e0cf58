package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.eval.InvalidModuleException;
import dev.interdict.eval.PolicyModule;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compiles the policies of the demo and of {@link TryIT}, and leaves the result in the test jar for
 * those, and its classes for the virtual machine.
 */
final class DemoPoliciesTest {
  static Stream<String> all() {
    return Stream.concat(Demo.POLICIES.stream(), Stream.of(TryIT.NOTHING));
  }

  private static byte[] yaml(String name) throws IOException {
    return name.equals(TryIT.NOTHING)
        ? TryIT.NOTHING_AT_ALL.getBytes(StandardCharsets.UTF_8)
        : Demo.yaml(name);
  }

  @ParameterizedTest
  @MethodSource("all")
  void everyPolicyOfTheDemoMustCompileWithoutAFinding(String name)
      throws IOException, URISyntaxException, InvalidModuleException {
    ParsedPolicy parsed =
        PolicyParser.parse(PolicySource.ofYaml(PolicySource.POLICY_YAML, yaml(name)));
    assertEquals(List.of(), parsed.diagnostics());
    Compilation compilation =
        RegoCompiler.inProcess(Path.of("target", "rego")).compile(parsed.policy());
    assertEquals(List.of(), compilation.diagnostics());
    Path classes = Path.of(getClass().getResource("/").toURI());
    Files.write(classes.resolve(name + ".zip"), CompiledPolicyFile.toBytes(compilation.compiled()));
    PolicyModule.load(compilation.compiled(), Path.of("target", "guest", "classes"));
  }
}
