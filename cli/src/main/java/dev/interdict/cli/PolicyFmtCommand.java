package dev.interdict.cli;

import dev.interdict.compile.RegoCompiler;
import dev.interdict.policy.FileTrouble;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code interdict policy fmt}. */
@Command(
    name = "fmt",
    mixinStandardHelpOptions = true,
    description = "Format a policy's .rego files in place, as opa fmt does.")
final class PolicyFmtCommand implements Callable<Integer> {
  @Mixin LocalPolicy local;

  @Option(
      names = "--check",
      description = "Change nothing; name the files that would change and exit with 1.")
  boolean check;

  @Override
  public Integer call() {
    PolicySource source = local.read();
    Map<String, String> rego = new TreeMap<>();
    source
        .files()
        .forEach(
            (name, content) -> {
              if (name.endsWith(".rego")) {
                rego.put(name, new String(content, StandardCharsets.UTF_8));
              }
            });
    RegoCompiler.Formatted formatted = local.run(compiler -> compiler.format(rego));
    local.print(formatted.diagnostics(), source);
    List<String> changed = new ArrayList<>();
    formatted
        .sources()
        .forEach(
            (name, text) -> {
              if (!text.equals(rego.get(name))) {
                changed.add(name);
                if (!check) {
                  write(name, text);
                }
              }
            });
    PrintWriter out = local.spec.commandLine().getOut();
    changed.forEach(name -> out.println(Text.word(name)));
    if (formatted.sources().size() < rego.size()) {
      return ExitCode.INVALID_POLICY;
    }
    return check && !changed.isEmpty() ? ExitCode.NO : ExitCode.OK;
  }

  private void write(String name, String text) {
    try {
      FileReplacement.replace(local.path.resolve(name).toRealPath(), text);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "cannot write " + Text.word(name) + ": " + Text.line(FileTrouble.why(e)),
          null);
    }
  }
}
