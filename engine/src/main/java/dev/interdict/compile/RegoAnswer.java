package dev.interdict.compile;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.interdict.policy.Diagnostic;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** What the Rego compiler answers: {@code Response} in {@code policies/compiler/main.go}. */
@JsonIgnoreProperties(ignoreUnknown = true)
record RegoAnswer(
    List<Finding> diagnostics,
    byte[] wasm,
    String tables,
    List<Concerns.Concern> concerns,
    Set<String> reads,
    Set<String> labels,
    Set<String> literals,
    Map<String, String> sources,
    List<Test> tests,
    Coverage coverage,
    List<NamedFile> names,
    List<HeldRule> held,
    String failure) {
  private static final JsonMapper JSON = JsonMapper.shared();

  record Finding(String severity, String file, int line, int column, String code, String message) {
    Diagnostic diagnostic() {
      return new Diagnostic(
          Diagnostic.Severity.valueOf(severity.toUpperCase(Locale.ROOT)),
          file,
          line,
          column,
          code,
          message);
    }
  }

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Test(String name, String file, int line, String outcome, String message, String output) {
    TestReport.Result result() {
      return new TestReport.Result(
          name,
          file,
          line,
          TestReport.Outcome.valueOf(outcome.toUpperCase(Locale.ROOT)),
          Objects.requireNonNullElse(message, ""),
          Objects.requireNonNullElse(output, ""));
    }
  }

  record Coverage(double percent, Map<String, List<Integer>> notCovered) {}

  RegoAnswer {
    diagnostics = Objects.requireNonNullElse(diagnostics, List.of());
    tables = Objects.requireNonNullElse(tables, CompiledPolicy.NO_TABLES);
    reads = Objects.requireNonNullElse(reads, Set.of());
    labels = Objects.requireNonNullElse(labels, Set.of());
    literals = Objects.requireNonNullElse(literals, Set.of());
    sources = Objects.requireNonNullElse(sources, Map.of());
    tests = Objects.requireNonNullElse(tests, List.of());
    names = Objects.requireNonNullElse(names, List.of());
    held = Objects.requireNonNullElse(held, List.of());
    failure = Objects.requireNonNullElse(failure, "");
    coverage = Objects.requireNonNullElse(coverage, new Coverage(0, Map.of()));
  }

  static RegoAnswer decode(byte[] json) throws IOException {
    try {
      return JSON.readValue(json, RegoAnswer.class);
    } catch (JacksonException e) {
      throw new IOException(
          "the Rego compiler's answer cannot be read: " + e.getOriginalMessage(), e);
    }
  }

  List<Diagnostic> findings() {
    return diagnostics.stream().map(Finding::diagnostic).toList();
  }

  boolean failed() {
    return findings().stream().anyMatch(d -> d.severity() == Diagnostic.Severity.ERROR);
  }
}
