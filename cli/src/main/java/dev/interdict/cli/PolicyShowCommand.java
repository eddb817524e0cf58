package dev.interdict.cli;

import dev.interdict.event.Hook;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicySource;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code interdict policy show}. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = "Show what a policy on disk says, defaults filled in.")
final class PolicyShowCommand implements Callable<Integer> {
  @Mixin LocalPolicy local;
  @Mixin Output output;

  @Option(names = "--rego", description = "Print the Rego that its rules become.")
  boolean rego;

  @Override
  public Integer call() {
    PolicySource source = local.read();
    ParsedPolicy parsed = local.parse(source);
    Policy policy = local.policy(parsed);
    Map<String, Object> tree = rego ? Map.of("rego", policy.rego()) : tree(policy);
    output.print(tree, out -> print(policy, tree, out));
    return ExitCode.OK;
  }

  private void print(Policy policy, Map<String, Object> tree, PrintWriter out) {
    if (!rego) {
      tree.forEach((key, value) -> out.printf("%-12s %s%n", key, Text.line(value.toString())));
      return;
    }
    policy
        .rego()
        .forEach(
            (file, text) -> {
              out.println("# " + Text.line(file));
              text.lines().forEach(line -> out.println(Text.line(line.replace("\t", "    "))));
            });
  }

  private static Map<String, Object> tree(Policy policy) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", policy.name());
    tree.put("description", policy.description());
    tree.put("labels", policy.labels());
    tree.put("hooks", policy.hooks().stream().map(Hook::id).toList());
    tree.put("mode", word(policy.mode()));
    tree.put("cgroups", policy.scope().cgroupTexts());
    tree.put("units", policy.scope().unitTexts());
    tree.put("containers", policy.scope().containerTexts());
    tree.put("interfaces", policy.scope().interfaces());
    tree.put("onMiss", word(policy.onMiss()));
    tree.put("fallback", word(policy.fallback()));
    tree.put("unparsed", policy.unparsedPass() ? "pass" : "drop");
    tree.put("unknownPath", policy.judgesUnknownPath() ? "judge" : "deny");
    tree.put(
        "budget",
        policy.budget() == null
            ? "none"
            : policy.budget().subjects()
                + " subjects in "
                + policy.budget().window().toSeconds()
                + "s, settles "
                + (policy.budget().settle() == null
                    ? "never"
                    : "after " + policy.budget().settle().toSeconds() + "s"));
    tree.put("rego", policy.rego().keySet().stream().sorted().toList());
    return tree;
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
