package dev.interdict.testkit;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.Concerns;
import dev.interdict.control.InvalidPolicyException;
import dev.interdict.control.PolicyBuilder;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.Policy;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Stream;

/**
 * Builds policies from a folder whose {@code policy.yaml} has lines {@code name}, {@code mode},
 * {@code hooks}, {@code code}, {@code rules}, {@code unknownPath}, {@code label}; without a name it
 * is invalid. Two policies with equal code and rules have equal compiled digests; other code of the
 * same rules is as other data.
 */
public class TinyBuilder implements PolicyBuilder {
  @Override
  public Built build(SortedMap<String, byte[]> sources, byte[] artefact) {
    Properties yaml = new Properties();
    try {
      yaml.load(
          new java.io.StringReader(new String(sources.get("policy.yaml"), StandardCharsets.UTF_8)));
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
    if (yaml.getProperty("name") == null) {
      throw new InvalidPolicyException(
          List.of(
              new Diagnostic(Diagnostic.Severity.WARNING, "policy.yaml", 2, 1, "lint.odd", "odd"),
              new Diagnostic(
                  Diagnostic.Severity.ERROR,
                  "policy.yaml",
                  1,
                  3,
                  "yaml.missing-key",
                  "metadata.name is missing")));
    }
    Set<Hook> hooks = EnumSet.noneOf(Hook.class);
    for (String hook :
        yaml.getProperty("hooks", "file_open").replaceAll("[\\[\\]]", "").split(",", -1)) {
      hooks.add(Hook.valueOf(hook.toUpperCase(Locale.ROOT)));
    }
    Policy policy =
        new Policy(
            yaml.getProperty("name"),
            "a policy of the tests",
            Map.of("severity", "high"),
            hooks,
            Policy.Mode.valueOf(yaml.getProperty("mode", "AUDIT").toUpperCase(Locale.ROOT)),
            Policy.Scope.of(
                Stream.ofNullable(yaml.getProperty("scope")).toList(),
                List.of(),
                List.of(),
                List.of()),
            Policy.OnMiss.HOLD,
            Policy.Fallback.valueOf(yaml.getProperty("fallback", "allow").toUpperCase(Locale.ROOT)),
            false,
            yaml.getProperty("unknownPath", "deny").equals("judge"),
            null,
            Map.of("p.rego", "package interdict.policies.p"),
            "{}".getBytes(StandardCharsets.UTF_8));
    String label = yaml.getProperty("label");
    CompiledPolicy compiled =
        new CompiledPolicy(
            policy.name(),
            policy.name() + "/" + yaml.getProperty("code", "1") + yaml.getProperty("rules", ""),
            yaml.getProperty("rules", "0").getBytes(StandardCharsets.UTF_8),
            policy.data(),
            CompiledPolicy.NO_TABLES,
            Concerns.EVERYTHING,
            new ReadSet(Set.of("file.path")),
            label == null ? Set.of() : Set.of(label),
            Set.of(),
            List.of());
    return new Built(policy, compiled, new byte[] {1});
  }

  @Override
  public Built kept(SortedMap<String, byte[]> sources, byte[] artefact) {
    return build(sources, artefact);
  }

  /** A folder for this builder. */
  public static SortedMap<String, byte[]> folder(String yaml) {
    return new java.util.TreeMap<>(Map.of("policy.yaml", yaml.getBytes(StandardCharsets.UTF_8)));
  }
}
