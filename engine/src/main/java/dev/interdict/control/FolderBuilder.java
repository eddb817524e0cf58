package dev.interdict.control;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.eval.InvalidModuleException;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyModule;
import dev.interdict.lint.Trial;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * Parses and compiles policies in the engine. What comes compiled is used only if it was made of
 * exactly these sources by this release's compiler; otherwise it is compiled again, in a child
 * process, and tried: a policy that has no answer to an ordinary event is refused. Safe for use by
 * many threads.
 */
public final class FolderBuilder implements PolicyBuilder {
  private final RegoCompiler compiler;
  private final Path classes;
  private final Limits limits;

  /**
   * Builds with this compiler.
   *
   * @param classes where translated policies are kept
   * @param limits of the evaluations that a new policy is tried with
   */
  public FolderBuilder(RegoCompiler compiler, Path classes, Limits limits) {
    this.compiler = compiler;
    this.classes = classes;
    this.limits = limits;
  }

  @Override
  public Built build(SortedMap<String, byte[]> sources, byte[] artefact) {
    ParsedPolicy parsed = PolicyParser.parse(new PolicySource(PolicySource.POLICY_YAML, sources));
    List<Diagnostic> findings = new ArrayList<>(parsed.diagnostics());
    Policy policy = parsed.policy();
    if (policy == null) {
      throw new InvalidPolicyException(findings);
    }
    try {
      CompiledPolicy compiled = artefact == null ? null : CompiledPolicyFile.fromBytes(artefact);
      if (compiled == null || !compiled.digest().equals(RegoCompiler.digest(policy))) {
        compiled = compile(policy, parsed, findings);
      }
      return new Built(policy, compiled, CompiledPolicyFile.toBytes(compiled));
    } catch (IOException e) {
      throw new BuildException(
          "policy " + policy.name() + " could not be compiled: " + e.getMessage(), e);
    }
  }

  private CompiledPolicy compile(Policy policy, ParsedPolicy parsed, List<Diagnostic> findings)
      throws IOException {
    Compilation compilation = compiler.compile(policy);
    if (!compilation.succeeded()) {
      findings.addAll(parsed.sourceMap().map(compilation.diagnostics()));
      throw new InvalidPolicyException(findings);
    }
    findings.addAll(silence(compilation.compiled(), parsed));
    if (findings.stream().anyMatch(d -> d.severity() == Diagnostic.Severity.ERROR)) {
      throw new InvalidPolicyException(findings);
    }
    return compilation.compiled();
  }

  private List<Diagnostic> silence(CompiledPolicy compiled, ParsedPolicy parsed)
      throws IOException {
    try {
      return Trial.run(PolicyModule.load(compiled, classes, limits), parsed);
    } catch (InvalidModuleException e) {
      throw new BuildException(e.getMessage(), e);
    }
  }
}
