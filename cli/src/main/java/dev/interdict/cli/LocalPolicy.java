package dev.interdict.cli;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.eval.InvalidModuleException;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.LinkedFolders;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A policy on this machine's disk; the argument of every command that works on one. */
final class LocalPolicy {
  @Spec(Spec.Target.MIXEE)
  CommandSpec spec;

  @Parameters(paramLabel = "PATH", description = "The policy's folder, or its one YAML file.")
  Path path;

  /** The policy at {@code path}, for a command that takes several. */
  static LocalPolicy of(CommandSpec spec, Path path) {
    LocalPolicy local = new LocalPolicy();
    local.spec = spec;
    local.path = path;
    return local;
  }

  /**
   * Reads the files.
   *
   * @throws Failure if they cannot be read; the reasons have been printed
   */
  PolicySource read() {
    try {
      return PolicySource.read(path);
    } catch (PolicyException e) {
      print(e.diagnostics(), null);
      throw new Failure(ExitCode.INVALID_POLICY, null, null);
    }
  }

  /** Writes what was read into a folder, which is made. */
  static void write(PolicySource source, Path folder) throws IOException {
    Files.createDirectories(folder);
    for (Map.Entry<String, byte[]> file : source.files().entrySet()) {
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
  }

  /** Parses; prints what it finds, warnings too. */
  ParsedPolicy parse(PolicySource source) {
    ParsedPolicy parsed = PolicyParser.parse(source);
    print(parsed.diagnostics(), source);
    return parsed;
  }

  /**
   * The policy.
   *
   * @throws Failure if it has errors; they have been printed
   */
  Policy policy(ParsedPolicy parsed) {
    if (parsed.policy() == null) {
      throw new Failure(ExitCode.INVALID_POLICY, count(parsed.diagnostics()), null);
    }
    return parsed.policy();
  }

  /**
   * Compiles, from the cache if nothing has changed, and tries what comes of it as the engine does
   * before it takes a policy.
   *
   * @param tests checked with it
   * @throws Failure if the compiler itself failed
   */
  Compilation compile(ParsedPolicy parsed, Map<String, String> tests) {
    Compilation compilation = run(compiler -> compiler.compile(parsed.policy(), tests));
    if (!compilation.succeeded()) {
      return compilation;
    }
    List<String> problems =
        run(
            compiler ->
                PolicyTrial.problems(
                    compilation.compiled(), parsed.policy().hooks(), classes(), Limits.DEFAULT));
    if (problems.isEmpty()) {
      return compilation;
    }
    List<Diagnostic> found = new ArrayList<>(compilation.diagnostics());
    problems.forEach(problem -> found.add(parsed.notes().unfit(problem)));
    return new Compilation(found, null);
  }

  /**
   * The module that would enforce.
   *
   * @throws Failure if this engine cannot load it
   */
  static PolicyModule load(CompiledPolicy compiled) {
    try {
      return PolicyModule.load(compiled, classes());
    } catch (InvalidModuleException | IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "the compiled policy cannot be loaded: " + Text.line(String.valueOf(e.getMessage())),
          null);
    }
  }

  /** Where translated policies are kept; null if they cannot be: then each time makes them anew. */
  static Path classes() {
    Path classes = RegoCompiler.defaultCache().resolve("classes").toAbsolutePath();
    Path there = classes;
    while (!Files.exists(there)) {
      there = there.getParent();
    }
    return Files.isDirectory(there) && Files.isWritable(there) ? classes : null;
  }

  /**
   * Asks the compiler.
   *
   * @throws Failure if the compiler itself failed
   */
  <T> T run(Question<T> question) {
    try {
      return question.ask(RegoCompiler.inProcess(RegoCompiler.defaultCache()));
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "the compiler failed: " + Text.line(String.valueOf(e.getMessage())),
          "this is not about the policy");
    }
  }

  /** Something the compiler can answer. */
  @FunctionalInterface
  interface Question<T> {
    T ask(RegoCompiler compiler) throws IOException;
  }

  /** What is compared through links of this host, if the policy does not set that aside. */
  static List<Diagnostic> linkedHere(ParsedPolicy parsed) {
    return parsed.notes().keep(LinkedFolders.here(Path.of("/"), parsed.notes().folders()));
  }

  /** Prints each finding with the line it is about. */
  void print(List<Diagnostic> diagnostics, PolicySource source) {
    Findings findings = new Findings(shownFolder(), Main.style(spec.commandLine()));
    spec.commandLine().getErr().print(findings.render(diagnostics, source));
    spec.commandLine().getErr().flush();
  }

  static String count(List<Diagnostic> diagnostics) {
    long errors =
        diagnostics.stream().filter(d -> d.severity() == Diagnostic.Severity.ERROR).count();
    return errors == 1 ? "1 error; nothing was changed" : errors + " errors; nothing was changed";
  }

  private String shownFolder() {
    if (Files.isDirectory(path)) {
      return path + "/";
    }
    Path parent = path.getParent();
    return parent == null ? "" : parent + "/";
  }
}
