package dev.interdict.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Each policy of the library passes the compiler's checks and its own Rego tests. */
class LibraryRegoTest {
  @TempDir Path cache;

  @TestFactory
  Stream<DynamicTest> everyPolicyOfTheLibraryCompilesAndPassesItsTests() throws IOException {
    RegoCompiler compiler = new RegoCompiler(new NativeRunner(), cache);
    List<Path> folders;
    try (Stream<Path> files = Files.walk(Path.of("../policies/library"))) {
      folders = files.filter(f -> f.endsWith("policy.yaml")).map(Path::getParent).sorted().toList();
    }
    assertTrue(folders.size() >= 25, "the library has " + folders.size() + " policies");
    return folders.stream()
        .map(f -> DynamicTest.dynamicTest(f.getFileName().toString(), () -> check(compiler, f)));
  }

  private static void check(RegoCompiler compiler, Path folder) throws Exception {
    ParsedPolicy parsed = PolicyParser.parse(PolicySource.read(folder));
    assertEquals(List.of(), parsed.diagnostics());
    Compilation compilation = compiler.compile(parsed.policy(), parsed.tests());
    assertEquals(List.of(), texts(parsed.sourceMap().map(compilation.diagnostics())));
    assertEquals(RegoCompiler.digest(parsed.policy()), compilation.compiled().digest());
    if (!parsed.tests().isEmpty()) {
      TestReport report = compiler.test(parsed.policy(), parsed.tests());
      assertTrue(report.passed(), report.toString());
    }
  }

  private static List<String> texts(List<Diagnostic> findings) {
    return findings.stream().map(Diagnostic::toString).toList();
  }
}
