package dev.interdict.compile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.Policy;
import dev.interdict.testkit.RegoToWasm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegoCompilerTest {
  private static final String PACKAGE = "package interdict.policies.protect_credentials\n";
  private static final String GOOD =
      PACKAGE
          + """

          deny contains reason if {
          	input.file.path in {"/etc/shadow", "/etc/gshadow"}
          	not input.process.exe.path in data.trusted
          	reason := sprintf("%s may not read the credential store", [input.process.exe.path])
          }
          """;

  @TempDir static Path shared;
  private static RegoCompiler compiler;

  @BeforeAll
  static void start() {
    compiler = RegoCompiler.inProcess(shared);
  }

  static Policy policy(Set<Hook> hooks, String data, Map<String, String> rego) {
    return new Policy(
        "protect-credentials",
        "",
        Map.of(),
        hooks,
        Policy.Mode.AUDIT,
        new Policy.Scope(List.of(), List.of()),
        Policy.OnMiss.HOLD,
        Policy.Fallback.ALLOW,
        false,
        false,
        null,
        rego,
        data.getBytes(UTF_8));
  }

  private static Policy policy(String rego) {
    return policy(
        Set.of(Hook.FILE_OPEN), "{\"trusted\": [\"/usr/bin/passwd\"]}", Map.of("p.rego", rego));
  }

  private static String findings(String rego) throws IOException {
    Compilation result = compiler.compile(policy(PACKAGE + rego));
    return result.diagnostics().stream()
        .map(Diagnostic::toString)
        .collect(Collectors.joining("\n"));
  }

  @Test
  void aPolicyBecomesAModuleItsReadSetAndItsLiterals() throws IOException {
    Compilation result = compiler.compile(policy(GOOD));
    assertEquals(List.of(), result.diagnostics());
    CompiledPolicy compiled = result.compiled();
    assertArrayEquals(new byte[] {0, 'a', 's', 'm'}, java.util.Arrays.copyOf(compiled.wasm(), 4));
    assertEquals(Set.of("file.path", "process.exe.path"), compiled.reads().paths());
    assertEquals(Set.of("/etc/shadow", "/etc/gshadow", "/usr/bin/passwd"), compiled.literals());
    assertEquals(64, compiled.digest().length());
  }

  @Test
  void allFindingsComeAtOnceWithTheirPlaces() throws IOException {
    assertEquals(
        """
        p.rego:3:2: input.file.pth: no such field in file_open; did you mean input.file.path? [rego_type_error]
        p.rego:7:2: opa.runtime cannot be used in a policy: it reads the engine's surroundings, and a decision must rest on the event [policy.forbidden-builtin]
        p.rego:8:2: input.hook is never "file_opn" here; it is one of: file_open (did you mean "file_open"?) [policy.impossible-value]
        p.rego:9:2: input.packet: no such field in file_open; xdp_ingress has it: add that hook to the policy, or remove the rule [rego_type_error]
        p.rego:13:2: input.process.uid == "0": a number is never a string [rego_type_error]
        p.rego:14:2: assigned var unused unused [rego_compile_error]
        p.rego:17:26: undefined function no_such [rego_type_error]\
        """,
        findings(
            """
            deny contains "a" if {
            	input.file.pth == "/etc/shadow"
            }

            kill contains "b" if {
            	opa.runtime().env.HOME == "/root"
            	input.hook == "file_opn"
            	input.packet.protocol == "tcp"
            }

            warn contains "c" if {
            	input.process.uid == "0"
            	unused := 7
            }

            warn contains "the d" if no_such(3)
            """));
  }

  @Test
  void aDecisionOfItsMomentIsWarnedOfAndKnown() throws IOException {
    Compilation result =
        compiler.compile(
            policy(
                PACKAGE
                    + """
                    deny contains "late" if {
                    	input.file.path == "/etc/shadow"
                    	time.clock(time.now_ns())[0] >= 20
                    }
                    """));
    assertEquals(
        "p.rego:4:13: time.now_ns answers differently each time: a decision of this policy holds"
            + " for one process and at most 100 ms, and at most 1000 are made a second; above that"
            + " the fallback answers [policy.perishable]",
        result.diagnostics().getFirst().toString());
    assertTrue(result.compiled().reads().isPerishable());
    assertEquals(Set.of(ReadSet.MOMENT, "file.path"), result.compiled().reads().paths());
  }

  @Test
  void everyFileIsReadThoughOneDoesNotParse() throws IOException {
    Policy broken =
        policy(
            Set.of(Hook.EXEC),
            "{}",
            Map.of(
                "a.rego", PACKAGE + "deny contains {",
                "b.rego", PACKAGE + "deny contains \"x\" if input.file.oener == 0\n",
                "c.rego", "package somewhere.else\n"));
    assertEquals(
        List.of("a.rego", "b.rego", "c.rego"),
        compiler.compile(broken).diagnostics().stream().map(Diagnostic::file).distinct().toList());
  }

  @Test
  void dataThatIsNoObjectIsAFinding() throws IOException {
    for (String data : List.of("", "[1]", "{\"a\": ", "{}}", "{\"interdict\": {}}", "\"{}\"")) {
      Compilation result =
          compiler.compile(
              policy(
                  Set.of(Hook.FILE_OPEN),
                  data,
                  Map.of("p.rego", PACKAGE + "deny contains \"x\"\n")));
      assertFalse(result.succeeded(), data);
      assertEquals("data.json", result.diagnostics().getFirst().file());
    }
  }

  @Test
  void aSecondCompilationComesFromTheCache(@TempDir Path cache) throws IOException {
    Policy policy = policy(GOOD);
    RegoCompiler first = RegoCompiler.inProcess(cache);
    long start = System.nanoTime();
    CompiledPolicy cold = first.compile(policy).compiled();
    Duration coldTime = Duration.ofNanos(System.nanoTime() - start);
    start = System.nanoTime();
    CompiledPolicy warm = RegoCompiler.inProcess(cache).compile(policy).compiled();
    System.out.printf(
        "compile: %d ms, from the cache: %d ms%n",
        coldTime.toMillis(), Duration.ofNanos(System.nanoTime() - start).toMillis());
    assertArrayEquals(CompiledPolicyFile.toBytes(cold), CompiledPolicyFile.toBytes(warm));

    Path wasm = cache.resolve("compiled").resolve(cold.digest()).resolve("policy.wasm");
    assertTrue(Files.exists(wasm));
    Files.delete(wasm);
    assertArrayEquals(cold.wasm(), first.compile(policy).compiled().wasm());
    assertTrue(Files.exists(wasm), "a damaged entry is replaced");
  }

  @Test
  void theCompilerIsAskedAgainOnlyIfSomethingHasChanged(@TempDir Path cache) throws IOException {
    var asked = new AtomicInteger();
    RegoCompiler counted =
        new RegoCompiler(
            request -> {
              asked.incrementAndGet();
              return RegoToWasm.run(request);
            },
            cache);
    Policy policy = policy(GOOD);
    Map<String, String> tests = Map.of("p_test.rego", test("\"/etc/shadow\""));
    TestReport cold = counted.test(policy, tests);
    assertTrue(cold.passed());
    assertEquals(cold, counted.test(policy, tests));
    assertEquals(1, asked.get());
    assertFalse(counted.test(policy, Map.of("p_test.rego", test("\"/etc/hosts\""))).passed());
    assertEquals(2, asked.get());

    Policy wrong = policy(PACKAGE + "deny contains \"x\" if input.nothing\n");
    List<Diagnostic> findings = counted.compile(wrong).diagnostics();
    assertEquals(findings, counted.compile(wrong).diagnostics());
    assertEquals(3, asked.get());

    try (Stream<Path> entries = Files.list(cache.resolve("answers"))) {
      for (Path entry : entries.toList()) {
        Files.writeString(entry, "{");
      }
    }
    assertEquals(cold, counted.test(policy, tests));
    assertEquals(4, asked.get(), "a damaged entry is replaced");
  }

  private static String test(String path) {
    return PACKAGE.replace("protect_credentials", "protect_credentials_test")
        + """

        import data.interdict.policies.protect_credentials as policy

        test_denied if {
        	count(policy.deny) == 1 with input as {"file": {"path": %s}, "process": {"exe": {"path": "/x"}}}
        }
        """
            .formatted(path);
  }

  @Test
  void theTranslatedCompilerMakesTheBytesOfTheNativeOne(@TempDir Path cache) throws IOException {
    RegoCompiler nativeOne = NativeRego.compiler(cache);
    Policy everything =
        policy(
            Set.of(Hook.values()),
            "{\"reason\": 7}",
            Map.of(
                "p.rego",
                PACKAGE
                    + """
                    deny contains input.file.path if {
                    	glob.match("/usr/**/x", ["/"], input.file.path)
                    	every a in input.access { regex.match("^[a-z]+$", a) }
                    }
                    kill contains data.reason if net.cidr_contains("10.0.0.0/8", input.socket.address)
                    warn contains sprintf("%d", [time.parse_rfc3339_ns("2026-01-01T00:00:00Z")]) if input.packet.fragment
                    """));
    for (Policy policy : List.of(policy(GOOD), everything)) {
      CompiledPolicy expected = nativeOne.compile(policy).compiled();
      assertArrayEquals(
          CompiledPolicyFile.toBytes(expected),
          CompiledPolicyFile.toBytes(compiler.compile(policy).compiled()));
    }
  }

  @Test
  void theChildAnswersAsThisJvmDoes(@TempDir Path cache) throws IOException {
    long start = System.nanoTime();
    CompiledPolicy child = RegoCompiler.inChild(cache).compile(policy(GOOD)).compiled();
    System.out.printf("compile in a child: %d ms%n", (System.nanoTime() - start) / 1_000_000);
    assertArrayEquals(compiler.compile(policy(GOOD)).compiled().wasm(), child.wasm());
  }

  @Test
  void manyThreadsCompileAtOnce() throws IOException {
    List<CompiledPolicy> all =
        IntStream.range(0, 4)
            .parallel()
            .mapToObj(
                i ->
                    policy(
                        PACKAGE
                            + "deny contains \""
                            + i
                            + "\" if input.process.pid == "
                            + i
                            + "\n"))
            .map(
                p -> {
                  try {
                    return compiler.compile(p).compiled();
                  } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                  }
                })
            .toList();
    assertEquals(4, all.stream().map(CompiledPolicy::digest).distinct().count());
    all.forEach(p -> assertEquals(Set.of("process.pid"), p.reads().paths()));
  }

  @Test
  void testsRunWithCoverage() throws IOException {
    String tests =
        """
        package interdict.policies.protect_credentials_test

        import data.interdict.policies.protect_credentials

        test_cat_is_denied if {
        	count(protect_credentials.deny) == 1 with input as {"file": {"path": "/etc/shadow"}, "process": {"exe": {"path": "/bin/cat"}}}
        }

        test_wrong if {
        	count(protect_credentials.deny) == 2 with input as {"file": {"path": "/etc/shadow"}}
        }
        """;
    TestReport report = compiler.test(policy(GOOD), Map.of("p_test.rego", tests));
    assertEquals(List.of(), report.diagnostics());
    assertEquals(
        List.of(TestReport.Outcome.PASS, TestReport.Outcome.FAIL),
        report.tests().stream().map(TestReport.Result::outcome).toList());
    assertEquals(9, report.tests().get(1).line());
    assertEquals(100, report.coveredPercent());
    assertFalse(report.passed());
  }

  @Test
  void sourcesAreFormattedOrFound() throws IOException {
    RegoCompiler.Formatted result =
        compiler.format(
            Map.of("a.rego", PACKAGE + "deny contains  1 if { input.x==2 }", "b.rego", "deny {"));
    assertEquals(PACKAGE + "\ndeny contains 1 if input.x == 2\n", result.sources().get("a.rego"));
    assertEquals("b.rego", result.diagnostics().getFirst().file());
  }

  @Test
  void theCacheMustBeWhereTheEnvironmentSays() {
    assertEquals(
        Path.of("/x/interdict"),
        RegoCompiler.defaultCache(
            Map.of("XDG_CACHE_HOME", "/x", "HOME", "/home/ci"), "/nonexistent"));
    assertEquals(
        Path.of("/home/ci/.cache/interdict"),
        RegoCompiler.defaultCache(Map.of("HOME", "/home/ci"), "/nonexistent"));
    assertEquals(Path.of("/root/.cache/interdict"), RegoCompiler.defaultCache(Map.of(), "/root"));
  }
}
