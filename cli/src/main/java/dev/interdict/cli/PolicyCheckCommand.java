package dev.interdict.cli;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code interdict policy check}. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = "Report everything that is wrong with a policy, and what it reads.")
final class PolicyCheckCommand implements Callable<Integer> {
  /** More names than this are counted, not told; {@code -o json} has all. */
  private static final int SHOWN_MAX = 20;

  @Mixin LocalPolicy local;
  @Mixin Output output;

  @Override
  public Integer call() {
    PolicySource source = local.read();
    ParsedPolicy parsed = PolicyParser.parse(source);
    List<Diagnostic> found = new ArrayList<>(parsed.diagnostics());
    CompiledPolicy compiled = null;
    if (parsed.policy() != null) {
      Compilation compilation = local.compile(parsed, parsed.tests());
      found.addAll(parsed.sourceMap().map(compilation.diagnostics()));
      compiled = compilation.compiled();
      found.addAll(LocalPolicy.linkedHere(parsed));
    }
    if (output.format == Output.Format.TABLE) {
      local.print(found, source);
    }
    if (compiled == null && output.format == Output.Format.TABLE) {
      throw new Failure(ExitCode.INVALID_POLICY, LocalPolicy.count(found), null);
    }
    CompiledPolicy result = compiled;
    output.print(tree(found, result), out -> tell(result, out));
    return compiled == null ? ExitCode.INVALID_POLICY : ExitCode.OK;
  }

  private void tell(CompiledPolicy compiled, PrintWriter out) {
    out.println(Text.word(compiled.name()) + ": ok");
    out.println("  reads     " + list(compiled.reads().paths()));
    out.println("  files     " + list(compiled.literals()));
    out.println("next: interdict policy test " + Text.word(local.path.toString()));
  }

  private static String list(Iterable<String> words) {
    List<String> shown = new ArrayList<>();
    words.forEach(word -> shown.add(word.isEmpty() ? "the whole input" : Text.word(word)));
    if (shown.isEmpty()) {
      return "-";
    }
    String more = shown.size() > SHOWN_MAX ? " and " + (shown.size() - SHOWN_MAX) + " more" : "";
    return String.join(" ", shown.stream().sorted().limit(SHOWN_MAX).toList()) + more;
  }

  private static Map<String, Object> tree(List<Diagnostic> found, CompiledPolicy compiled) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("ok", compiled != null);
    if (compiled != null) {
      tree.put("name", compiled.name());
      tree.put("digest", compiled.digest());
      tree.put("reads", List.copyOf(compiled.reads().paths()));
      tree.put("literals", compiled.literals().stream().sorted().toList());
    }
    tree.put("diagnostics", found.stream().map(PolicyCheckCommand::tree).toList());
    return tree;
  }

  static Map<String, Object> tree(Diagnostic found) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("severity", found.severity().name().toLowerCase(Locale.ROOT));
    tree.put("file", found.file());
    tree.put("line", found.line());
    tree.put("column", found.column());
    tree.put("code", found.code());
    tree.put("message", found.message());
    return tree;
  }
}
