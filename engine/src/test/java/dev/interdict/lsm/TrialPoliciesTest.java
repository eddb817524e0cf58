package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.eval.InvalidModuleException;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compiles the policies of the trials, and leaves the result beside them for the test jar, and its
 * classes for the virtual machine, where translating one takes 20 s.
 */
class TrialPoliciesTest {
  private static final RegoCompiler COMPILER = RegoCompiler.inProcess(Path.of("target", "rego"));

  static Stream<String> all() {
    return TrialPolicies.ALL.stream();
  }

  @ParameterizedTest
  @MethodSource("all")
  void everyTrialPolicyMustCompileWithoutAFinding(String name)
      throws IOException, URISyntaxException, InvalidModuleException {
    ParsedPolicy parsed =
        PolicyParser.parse(new PolicySource(PolicySource.POLICY_YAML, TrialPolicies.sources(name)));
    assertEquals(List.of(), parsed.diagnostics());
    Compilation compilation = COMPILER.compile(parsed.policy());
    assertEquals(List.of(), compilation.diagnostics());
    assertTrue(compilation.succeeded());
    Path manifest =
        Path.of(getClass().getResource(TrialPolicies.FOLDER + name + "/policy.yaml").toURI());
    Files.write(
        manifest.resolveSibling(TrialPolicies.COMPILED),
        CompiledPolicyFile.toBytes(compilation.compiled()));
    assertEquals(
        List.of(),
        PolicyTrial.problems(
            compilation.compiled(),
            parsed.policy().hooks(),
            Path.of("target", "guest", "classes"),
            Limits.DEFAULT));
  }
}
