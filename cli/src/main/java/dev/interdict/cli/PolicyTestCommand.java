package dev.interdict.cli;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.TestReport;
import dev.interdict.eval.Decision;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.policy.Cases;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.PolicySource;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code interdict policy test}. */
@Command(
    name = "test",
    mixinStandardHelpOptions = true,
    description = {
      "Run a policy's tests, *_test.rego and cases.yaml.",
      "Rego tests run with OPA's tester, cases through the very WebAssembly module that would"
          + " enforce."
    })
final class PolicyTestCommand implements Callable<Integer> {
  @Mixin LocalPolicy local;
  @Mixin Output output;

  @Option(
      names = {"-v", "--verbose"},
      description = "Name those that pass, too.")
  boolean verbose;

  @Option(
      names = "--threshold",
      paramLabel = "PERCENT",
      defaultValue = "0",
      description = "Fail if the Rego tests cover less.")
  double threshold;

  @Override
  public Integer call() {
    if (!(threshold >= 0 && threshold <= 100)) {
      throw new CommandLine.ParameterException(
          local.spec.commandLine(), "--threshold is a percentage, from 0 to 100");
    }
    PolicySource source = local.read();
    ParsedPolicy parsed = local.parse(source);
    Policy policy = local.policy(parsed);
    Compilation compilation = local.compile(parsed, parsed.tests());
    local.print(parsed.sourceMap().map(compilation.diagnostics()), source);
    if (!compilation.succeeded()) {
      throw new Failure(
          ExitCode.INVALID_POLICY, LocalPolicy.count(compilation.diagnostics()), null);
    }
    TestReport tests =
        parsed.tests().isEmpty()
            ? null
            : local.run(compiler -> compiler.test(policy, parsed.tests()));
    List<Cases.Result> cases = cases(parsed, compilation.compiled());
    TestOutcome outcome = new TestOutcome(tests, cases, threshold);
    output.print(
        outcome.tree(), out -> outcome.tell(out, output.style(), verbose, local.path.toString()));
    return outcome.passed() ? ExitCode.OK : ExitCode.NO;
  }

  private List<Cases.Result> cases(ParsedPolicy parsed, CompiledPolicy compiled) {
    if (parsed.cases() == null) {
      return List.of();
    }
    try {
      Cases cases = Cases.read(parsed.cases(), parsed.policy());
      PolicyModule module = LocalPolicy.load(compiled);
      PolicyTrial.warmUp(module, parsed.policy().hooks());
      try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
        return cases.run(
            input -> {
              Decision said = evaluator.evaluate(input);
              return new Cases.Said(said.deny(), said.kill(), said.warn(), said.label());
            },
            compiled.reads(),
            compiled.literals());
      }
    } catch (PolicyException e) {
      local.print(e.diagnostics(), null);
      throw new Failure(ExitCode.INVALID_POLICY, LocalPolicy.count(e.diagnostics()), null);
    }
  }
}
