package dev.interdict.policy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.compile.NativeRego;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.compile.TestReport;
import dev.interdict.eval.Decision;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicyModules;
import dev.interdict.eval.PolicyTrial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each policy of the library is complete, and does what its tests and cases say: compiled by OPA,
 * evaluated by the engine's own evaluator.
 */
class LibraryTest {
  private static final Path LIBRARY = Path.of("../policies/library");

  /** For the virtual machine, where translating takes long. */
  private static final Path GUEST = Path.of("target", "guest");

  private static final Set<String> SEVERITIES = Set.of("low", "medium", "high", "critical");
  private static final Set<String> MATURITIES = Set.of("stable", "beta", "experimental");

  @TempDir static Path compiled;
  private static RegoCompiler compiler;

  @BeforeAll
  static void start() {
    compiler = NativeRego.compiler(compiled);
  }

  static List<Path> policies() throws IOException {
    try (Stream<Path> paths = Files.walk(LIBRARY, 3)) {
      return paths.filter(p -> p.endsWith("policy.yaml")).map(Path::getParent).sorted().toList();
    }
  }

  private static ParsedPolicy parse(Path folder) throws PolicyException {
    return PolicyParser.parse(PolicySource.read(folder));
  }

  @Test
  void theIndexNamesEveryPolicy() throws IOException {
    String index = Files.readString(LIBRARY.resolve("README.md"), UTF_8);
    List<Path> policies = policies();
    assertTrue(policies.size() >= 25, "found only " + policies);
    for (Path policy : policies) {
      String link = "](" + LIBRARY.relativize(policy) + "/README.md)";
      assertTrue(index.contains(link), "the index has no link " + link);
    }
  }

  @ParameterizedTest
  @MethodSource("policies")
  void aPolicyIsAFolderWithoutFindings(Path folder) throws Exception {
    ParsedPolicy parsed = parse(folder);
    assertEquals(List.of(), parsed.diagnostics());
    Policy policy = parsed.orThrow();
    String name = folder.getFileName().toString();
    assertEquals(name, policy.name(), "the folder has the policy's name");
    assertEquals(Policy.Mode.AUDIT, policy.mode(), "enforcing is the operator's decision");
    assertEquals(Set.of(name.replace('-', '_') + "_test.rego"), parsed.tests().keySet());
    assertNotNull(parsed.cases(), "cases.yaml");
    assertTrue(SEVERITIES.contains(policy.labels().get("severity")), "severity");
    assertTrue(MATURITIES.contains(policy.labels().get("maturity")), "maturity");
    assertTrue(
        policy.labels().get("mitre").matches("T\\d{4}(\\.\\d{3})?(,T\\d{4}(\\.\\d{3})?)*"),
        "mitre");
    String page = Files.readString(folder.resolve("README.md"), UTF_8);
    List<String> parts =
        List.of(
            "# " + name,
            "**What.**",
            "**Blocks.**",
            "**Lets pass.**",
            "**Why.**",
            "**Parameters.**");
    for (String part : parts) {
      assertTrue(page.contains(part), "the page has no " + part);
    }
  }

  @ParameterizedTest
  @MethodSource("policies")
  void itsRegoIsFormattedAndItsTestsPassAndCoverEverything(Path folder) throws Exception {
    ParsedPolicy parsed = parse(folder);
    Map<String, String> sources = new TreeMap<>(parsed.orThrow().rego());
    sources.putAll(parsed.tests());
    RegoCompiler.Formatted formatted = compiler.format(sources);
    assertEquals(sources, formatted.sources(), "as opa fmt writes it");
    TestReport report = compiler.test(parsed.policy(), parsed.tests());
    assertEquals(List.of(), report.diagnostics());
    assertTrue(report.passed(), () -> report.tests().toString());
    assertEquals(100.0, report.coveredPercent(), () -> report.notCovered().toString());
  }

  @ParameterizedTest
  @MethodSource("policies")
  void itsCasesAreDecidedAsTheySay(Path folder) throws Exception {
    ParsedPolicy parsed = parse(folder);
    Compilation compilation = compiler.compile(parsed.orThrow(), parsed.tests());
    assertEquals(List.of(), compilation.diagnostics());
    Cases cases = Cases.read(parsed.cases(), parsed.policy());
    assertTrue(cases.list().size() >= 3, "an attack, its allowed twin, and more");
    CompiledPolicy compiledPolicy = compilation.compiled();
    Files.createDirectories(GUEST.resolve("library"));
    Files.write(
        GUEST.resolve("library").resolve(compiledPolicy.name() + ".zip"),
        CompiledPolicyFile.toBytes(compiledPolicy));
    PolicyModules modules = new PolicyModules(GUEST.resolve("classes"), Limits.DEFAULT);
    Policy policy = parsed.orThrow();
    assertEquals(List.of(), PolicyTrial.problems(compiledPolicy, policy.hooks(), modules));
    PolicyModule module = modules.load(compiledPolicy);
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      List<Cases.Result> failed =
          cases
              .run(
                  input -> {
                    Decision said = evaluator.evaluate(input);
                    return new Cases.Said(said.deny(), said.kill(), said.warn(), said.label());
                  },
                  compiledPolicy.reads(),
                  compiledPolicy.literals())
              .stream()
              .filter(r -> !r.passed())
              .toList();
      assertEquals(
          List.of(), failed.stream().map(r -> r.about().name() + ": " + r.problem()).toList());
    }
  }
}
