package dev.interdict.compile;

import dev.interdict.event.ReadSet;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.Policy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Rego to WebAssembly, by OPA's own compiler, which Interdict carries inside. What compiles, and
 * what its tests have shown, is kept in a cache by the digest of everything that went in, so that
 * an unchanged policy takes milliseconds. Safe for use by many threads.
 */
public final class RegoCompiler {
  private static final System.Logger LOG = System.getLogger(RegoCompiler.class.getName());

  private final RegoRunner runner;
  private final CompileCache cache;
  private final AnswerCache answers;

  RegoCompiler(RegoRunner runner, Path cache) {
    this.runner = runner;
    this.cache = new CompileCache(cache);
    this.answers = new AnswerCache(cache);
  }

  /** Compiles in this JVM; for the command line and tests. {@code cache} is made when needed. */
  public static RegoCompiler inProcess(Path cache) {
    return new RegoCompiler(new RegoProgram(), cache);
  }

  /**
   * Compiles in a short-lived JVM of its own; for the engine. {@code cache} is made when needed.
   */
  public static RegoCompiler inChild(Path cache) {
    return new RegoCompiler(new RegoChild(), cache);
  }

  /**
   * {@code $XDG_CACHE_HOME/interdict}, or {@code ~/.cache/interdict} with the home that the
   * environment says: that of the password file may be none.
   */
  public static Path defaultCache() {
    return defaultCache(System.getenv(), System.getProperty("user.home"));
  }

  static Path defaultCache(Map<String, String> environment, String passwordHome) {
    String base = environment.getOrDefault("XDG_CACHE_HOME", "");
    String home = environment.getOrDefault("HOME", "");
    Path root =
        base.isEmpty() ? Path.of(home.isEmpty() ? passwordHome : home, ".cache") : Path.of(base);
    return root.resolve("interdict");
  }

  /**
   * Checks and compiles; all findings come at once.
   *
   * @throws IOException if the compiler itself failed; it does not mean that something is wrong
   *     with the policy
   */
  public Compilation compile(Policy policy) throws IOException {
    return compile(policy, Map.of());
  }

  /** The digest that {@link #compile(Policy)} gives the compiled policy. */
  public static String digest(Policy policy) {
    return RegoRequest.of("compile", policy, Map.of()).digest();
  }

  /**
   * As {@link #compile(Policy)}, and checks the policy's tests with it; what is compiled is the
   * same.
   *
   * @param tests Rego by file name, each ending in {@code _test.rego}
   */
  public Compilation compile(Policy policy, Map<String, String> tests) throws IOException {
    RegoRequest request = RegoRequest.of("compile", policy, tests);
    String key = request.digest();
    String digest = tests.isEmpty() ? key : digest(policy);
    CompiledPolicy known = cache.get(key);
    if (known != null && known.digest().equals(digest)) {
      return new Compilation(known.warnings(), known);
    }
    RegoAnswer answer = answers.get(key); // only what did not compile is kept there
    if (answer == null) {
      byte[] said = runner.run(request.encode());
      answer = RegoAnswer.decode(said);
      if (answer.failed()) {
        keep(() -> answers.put(key, said));
      }
    }
    List<Diagnostic> findings = answer.findings();
    if (answer.failed()) {
      return new Compilation(findings, null);
    }
    CompiledPolicy compiled =
        new CompiledPolicy(
            policy.name(),
            digest,
            answer.wasm(),
            policy.data(),
            answer.tables(),
            new Concerns(answer.concerns()),
            new ReadSet(answer.reads()),
            answer.labels(),
            answer.literals(),
            findings);
    keep(
        () -> {
          cache.put(key, compiled);
          if (!key.equals(digest)) {
            cache.put(digest, compiled); // the tests add nothing to it
          }
        });
    return new Compilation(findings, compiled);
  }

  /**
   * Takes into the cache what another machine has compiled: where compiling takes minutes.
   *
   * @throws IOException if the cache cannot be written
   */
  public void remember(CompiledPolicy compiled) throws IOException {
    cache.put(compiled.digest(), compiled);
  }

  /**
   * Runs the policy's Rego tests with OPA's tester, and measures what they cover. Tests know no
   * time and no chance, so a report holds until policy, tests, data, schemas or compiler change.
   *
   * @param tests Rego by file name, each ending in {@code _test.rego}
   * @throws IOException if the compiler itself failed
   */
  public TestReport test(Policy policy, Map<String, String> tests) throws IOException {
    RegoAnswer answer = ask(RegoRequest.of("test", policy, tests));
    return new TestReport(
        answer.findings(),
        answer.tests().stream().map(RegoAnswer.Test::result).toList(),
        answer.coverage().percent(),
        answer.coverage().notCovered());
  }

  /**
   * Finds what is legal in a policy's Rego and most likely wrong; kept as {@link #test} keeps it.
   *
   * @return warnings whose codes are ids of {@link dev.interdict.policy.LintRule}; errors if the
   *     policy does not compile
   * @throws IOException if the compiler itself failed
   */
  public List<Diagnostic> lint(Policy policy) throws IOException {
    return ask(RegoRequest.of("lint", policy, Map.of())).findings();
  }

  /**
   * The names that the policy's rules compare paths with, as they stand.
   *
   * @throws IOException if the compiler itself failed
   */
  public List<NamedFile> names(Policy policy) throws IOException {
    return ask(RegoRequest.of("lint", policy, Map.of())).names();
  }

  /**
   * Tells which rules of a policy hold for an event, by OPA's own evaluator. Nothing of it is kept:
   * an event may hold what nobody else shall read.
   *
   * @param inputs the document, as JSON, once for each name under which the event is shown
   * @param when the moment for rules that read the clock
   * @throws IOException if the compiler itself failed
   */
  public Why why(Policy policy, List<String> inputs, Instant when) throws IOException {
    RegoRequest request = RegoRequest.of("why", policy, Map.of()).about(inputs, when);
    RegoAnswer answer = RegoAnswer.decode(runner.run(request.encode()));
    return new Why(answer.held(), answer.failed() ? "it does not compile" : answer.failure());
  }

  /**
   * Rules that hold for an event.
   *
   * @param held those of deny, kill and warn
   * @param failure why there is no decision; empty: there is one
   */
  public record Why(List<HeldRule> held, String failure) {}

  private RegoAnswer ask(RegoRequest request) throws IOException {
    String key = request.digest();
    RegoAnswer known = answers.get(key);
    if (known != null) {
      return known;
    }
    byte[] said = runner.run(request.encode());
    RegoAnswer answer = RegoAnswer.decode(said);
    keep(() -> answers.put(key, said));
    return answer;
  }

  /** Something to write into a cache. */
  @FunctionalInterface
  private interface Keeping {
    void write() throws IOException;
  }

  /** Writes it if it can be written: without a cache all is the same, and slower. */
  private static void keep(Keeping keeping) {
    try {
      keeping.write();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "nothing is kept for the next time", e);
    }
  }

  /**
   * Formats Rego as {@code opa fmt} does.
   *
   * @param sources by file name
   * @return the formatted sources; those that do not parse are missing and have findings
   * @throws IOException if the compiler itself failed
   */
  public Formatted format(Map<String, String> sources) throws IOException {
    RegoAnswer answer = RegoAnswer.decode(runner.run(RegoRequest.format(sources).encode()));
    return new Formatted(answer.sources(), answer.findings());
  }

  /** Sources as they should look, and what was wrong with the others. */
  public record Formatted(Map<String, String> sources, List<Diagnostic> diagnostics) {}
}
