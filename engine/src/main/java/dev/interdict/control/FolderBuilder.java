package dev.interdict.control;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.compile.Schemas;
import dev.interdict.event.Hook;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;

/**
 * Parses and compiles policies in the engine. What comes compiled is used only if it was made of
 * exactly these sources by this release's compiler; otherwise it is compiled again, in a child
 * process. Safe for use by many threads.
 */
public final class FolderBuilder implements PolicyBuilder {
  private static final Logger LOG = System.getLogger(FolderBuilder.class.getName());

  private final RegoCompiler compiler;
  private final Trial trial;

  /** Tries a policy that compiles. */
  @FunctionalInterface
  public interface Trial {
    /** What keeps it from deciding at these hooks; empty: nothing. */
    List<String> problems(CompiledPolicy policy, Set<Hook> hooks) throws IOException;
  }

  /** Builds with this compiler, and tries what it gives. */
  public FolderBuilder(RegoCompiler compiler, Trial trial) {
    this.compiler = compiler;
    this.trial = trial;
  }

  @Override
  public Built build(SortedMap<String, byte[]> sources, byte[] artefact) {
    ParsedPolicy parsed = parse(sources);
    List<Diagnostic> findings = new ArrayList<>(parsed.diagnostics());
    Policy policy = parsed.policy();
    try {
      CompiledPolicy compiled = artefact == null ? null : readOrNull(policy, artefact);
      boolean asItCame = compiled != null && compiled.digest().equals(RegoCompiler.digest(policy));
      if (!asItCame) {
        compiled = compile(policy, parsed, findings);
      }
      tryOut(compiled, parsed, findings);
      return new Built(
          policy, compiled, asItCame ? artefact : CompiledPolicyFile.toBytes(compiled));
    } catch (IOException e) {
      throw new BuildException(
          "policy " + policy.name() + " could not be compiled: " + e.getMessage(), e);
    }
  }

  @Override
  public Built kept(SortedMap<String, byte[]> sources, byte[] artefact) {
    ParsedPolicy parsed = parse(sources);
    List<Diagnostic> findings = new ArrayList<>(parsed.diagnostics());
    try {
      CompiledPolicy compiled = read(artefact, findings);
      if (!Schemas.have(compiled.reads())) {
        throw unusable(findings, "it reads what this release does not have");
      }
      tryOut(compiled, parsed, findings);
      return new Built(parsed.policy(), compiled, artefact);
    } catch (IOException e) {
      throw new BuildException(
          "policy " + parsed.policy().name() + " could not be tried: " + e.getMessage(), e);
    }
  }

  private static ParsedPolicy parse(SortedMap<String, byte[]> sources) {
    ParsedPolicy parsed = PolicyParser.parse(new PolicySource(PolicySource.POLICY_YAML, sources));
    if (parsed.policy() == null) {
      throw new InvalidPolicyException(parsed.diagnostics());
    }
    return parsed;
  }

  /** What another version has compiled, or what is damaged: the sources are there, too. */
  private static CompiledPolicy readOrNull(Policy policy, byte[] artefact) {
    try {
      return CompiledPolicyFile.fromBytes(artefact);
    } catch (IOException e) {
      LOG.log(
          Level.INFO,
          "policy {0} is compiled anew: what it came compiled to cannot be read: {1}",
          policy.name(),
          e.getMessage());
      return null;
    }
  }

  private static CompiledPolicy read(byte[] artefact, List<Diagnostic> findings) {
    try {
      return CompiledPolicyFile.fromBytes(artefact);
    } catch (IOException e) {
      throw unusable(findings, "it is no compiled policy (" + e.getMessage() + ")");
    }
  }

  private static InvalidPolicyException unusable(List<Diagnostic> findings, String why) {
    findings.add(
        new Diagnostic(Diagnostic.Severity.ERROR, "compiled", 0, 0, "policy.compiled", why));
    return new InvalidPolicyException(findings);
  }

  private CompiledPolicy compile(Policy policy, ParsedPolicy parsed, List<Diagnostic> findings)
      throws IOException {
    Compilation compilation = compiler.compile(policy);
    if (!compilation.succeeded()) {
      findings.addAll(parsed.sourceMap().map(compilation.diagnostics()));
      throw new InvalidPolicyException(findings);
    }
    return compilation.compiled();
  }

  private void tryOut(CompiledPolicy compiled, ParsedPolicy parsed, List<Diagnostic> findings)
      throws IOException {
    List<String> problems = trial.problems(compiled, parsed.policy().hooks());
    problems.forEach(problem -> findings.add(parsed.notes().unfit(problem)));
    if (!problems.isEmpty()) {
      throw new InvalidPolicyException(findings);
    }
  }
}
