package dev.interdict.policy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each policy of the library is complete: nothing to complain about, tests, cases and a page. */
class LibraryTest {
  private static final Path LIBRARY = Path.of("../policies/library");
  private static final Set<String> SEVERITIES = Set.of("low", "medium", "high", "critical");
  private static final Set<String> MATURITIES = Set.of("stable", "beta", "experimental");

  static List<Path> policies() throws IOException {
    try (Stream<Path> paths = Files.walk(LIBRARY, 3)) {
      return paths.filter(p -> p.endsWith("policy.yaml")).map(Path::getParent).sorted().toList();
    }
  }

  @Test
  void theLibraryIsFound() throws IOException {
    assertTrue(policies().size() >= 4, LIBRARY.toAbsolutePath().toString());
  }

  @ParameterizedTest
  @MethodSource("policies")
  void aPolicyIsAFolderWithoutFindings(Path folder) throws Exception {
    ParsedPolicy parsed = PolicyParser.parse(PolicySource.read(folder));
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
    for (String part :
        List.of(
            "# " + name,
            "**What.**",
            "**Blocks.**",
            "**Lets pass.**",
            "**Why.**",
            "**Parameters.**")) {
      assertTrue(page.contains(part), "the page has no " + part);
    }
  }
}
