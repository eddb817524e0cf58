package dev.interdict.lint;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.eval.InvalidModuleException;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.LintRule;
import dev.interdict.policy.ParsedPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * Finds what is legal in a policy and most likely wrong: in its settings, in its rules, and in what
 * it says about events that a host must keep allowed. Safe for use by many threads.
 */
public final class PolicyLinter {
  /** Warnings that the reader of YAML rules gives at their very place. */
  private static final Set<String> SAID_ALREADY = Set.of(LintRule.EVERY_PROCESS.id());

  private final RegoCompiler compiler;
  private final Path classes;

  /**
   * @param classes where translated policies are kept; made when needed; null: nowhere
   */
  public PolicyLinter(RegoCompiler compiler, Path classes) {
    this.compiler = compiler;
    this.classes = classes;
  }

  /**
   * All findings about a policy that parses, by file, line and column; its warnings too, but not
   * what it sets aside. With an error among them it does not compile, and only that is told.
   *
   * @param host whether to look where the names in it lead on this host
   * @throws IOException if the compiler failed
   * @throws InvalidModuleException if the engine cannot load what the compiler has made
   */
  public List<Diagnostic> lint(ParsedPolicy parsed, boolean host)
      throws IOException, InvalidModuleException {
    Compilation compilation = compiler.compile(parsed.policy());
    if (!compilation.succeeded()) {
      return parsed.sourceMap().map(compilation.diagnostics());
    }
    List<Diagnostic> found = new ArrayList<>(parsed.notes().settings());
    found.addAll(rego(parsed));
    List<String> problems =
        PolicyTrial.problems(
            compilation.compiled(), parsed.policy().hooks(), classes, Limits.DEFAULT);
    if (!problems.isEmpty()) {
      return problems.stream().map(parsed.notes()::unfit).toList();
    }
    PolicyModule module = PolicyModule.load(compilation.compiled(), classes);
    found.addAll(HostEvents.denials(module, compilation.compiled().literals(), parsed));
    if (host) {
      found.addAll(
          parsed.sourceMap().map(NamesHere.check(Path.of("/"), compiler.names(parsed.policy()))));
    }
    List<Diagnostic> kept = new ArrayList<>(parsed.diagnostics());
    kept.addAll(parsed.notes().keep(found));
    kept.addAll(parsed.notes().idle());
    return kept.stream()
        .distinct()
        .sorted(
            Comparator.comparing(Diagnostic::file)
                .thenComparingInt(Diagnostic::line)
                .thenComparingInt(Diagnostic::column)
                .thenComparing(Diagnostic::code))
        .toList();
  }

  private List<Diagnostic> rego(ParsedPolicy parsed) throws IOException {
    List<Diagnostic> found = new ArrayList<>(compiler.lint(parsed.policy()));
    List<String> said = parsed.diagnostics().stream().map(Diagnostic::code).toList();
    found.removeIf(
        d ->
            d.file().equals(parsed.lowered())
                && SAID_ALREADY.contains(d.code())
                && said.contains(d.code()));
    List<Diagnostic> mapped = new ArrayList<>(parsed.sourceMap().map(found));
    mapped.removeIf(d -> parsed.diagnostics().stream().anyMatch(other -> isSame(d, other)));
    return mapped;
  }

  /** Whether the reader of YAML rules has said it already, with the value as it was written. */
  private static boolean isSame(Diagnostic lint, Diagnostic parsed) {
    return lint.code().equals(parsed.code())
        && lint.file().equals(parsed.file())
        && lint.line() == parsed.line()
        && lint.column() == parsed.column();
  }
}
