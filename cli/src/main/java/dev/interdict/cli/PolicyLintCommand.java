package dev.interdict.cli;

import dev.interdict.compile.RegoCompiler;
import dev.interdict.eval.InvalidModuleException;
import dev.interdict.lint.PolicyLinter;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code interdict policy lint}. */
@Command(
    name = "lint",
    mixinStandardHelpOptions = true,
    description = {
      "Find what is legal in policies and most likely wrong.",
      "Such as rules that nothing meets, patterns where a file is meant, denials that would lock"
          + " you out.",
      "Exits with 1 if anything is found."
    })
final class PolicyLintCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin Output output;

  @Parameters(
      paramLabel = "PATH",
      arity = "1..*",
      description = "Policies: their folders, or YAML files.")
  List<Path> paths;

  @Option(
      names = "--host",
      description = "Look too where the names in the policies lead on this host.")
  boolean host;

  /**
   * What was found in one policy.
   *
   * @param source null if it cannot be read
   */
  private record Report(LocalPolicy local, PolicySource source, List<Diagnostic> found) {
    boolean invalid() {
      return found.stream().anyMatch(d -> d.severity() == Diagnostic.Severity.ERROR);
    }

    Map<String, Object> tree() {
      Map<String, Object> tree = new LinkedHashMap<>();
      tree.put("path", local.path.toString());
      tree.put("valid", !invalid());
      tree.put("findings", found.stream().map(PolicyCheckCommand::tree).toList());
      return tree;
    }
  }

  @Override
  public Integer call() {
    List<Report> reports = new ArrayList<>();
    for (Path path : paths) {
      Report report = report(LocalPolicy.of(spec, path));
      if (output.format == Output.Format.TABLE) {
        report.local().print(report.found(), report.source());
      }
      reports.add(report);
    }
    boolean clean = reports.stream().allMatch(r -> r.found().isEmpty());
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("clean", clean);
    tree.put("policies", reports.stream().map(Report::tree).toList());
    output.print(tree, out -> tell(reports, out));
    if (reports.stream().anyMatch(Report::invalid)) {
      return ExitCode.INVALID_POLICY;
    }
    return clean ? ExitCode.OK : ExitCode.NO;
  }

  private Report report(LocalPolicy local) {
    PolicySource source;
    try {
      source = PolicySource.read(local.path);
    } catch (PolicyException e) {
      return new Report(local, null, e.diagnostics());
    }
    ParsedPolicy parsed = PolicyParser.parse(source);
    if (parsed.policy() == null) {
      return new Report(local, source, parsed.diagnostics());
    }
    return new Report(local, source, local.run(compiler -> lint(compiler, parsed)));
  }

  private List<Diagnostic> lint(RegoCompiler compiler, ParsedPolicy parsed)
      throws java.io.IOException {
    try {
      return new PolicyLinter(compiler, LocalPolicy.classes()).lint(parsed, host);
    } catch (InvalidModuleException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "the compiled policy cannot be loaded: " + Text.line(e.getMessage()),
          null);
    }
  }

  private static void tell(List<Report> reports, PrintWriter out) {
    long found = reports.stream().mapToLong(r -> r.found().size()).sum();
    out.println(
        (reports.size() == 1 ? "1 policy, " : reports.size() + " policies, ")
            + (found == 0 ? "nothing found" : found == 1 ? "1 finding" : found + " findings"));
    if (found == 0 && reports.size() == 1) {
      String path = reports.getFirst().local().path.toString();
      out.println("next: interdict policy apply " + Text.word(path));
    }
  }
}
