package dev.interdict.policy;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Map;
import java.util.TreeMap;

/** Policies as texts, for tests. */
final class Sources {
  private Sources() {}

  /** A folder of files, each followed by its text. */
  static PolicySource folder(String... filesAndTexts) {
    Map<String, byte[]> files = new TreeMap<>();
    for (int i = 0; i < filesAndTexts.length; i += 2) {
      files.put(filesAndTexts[i], filesAndTexts[i + 1].getBytes(UTF_8));
    }
    return new PolicySource(PolicySource.POLICY_YAML, new TreeMap<>(files));
  }

  /** A policy of these hooks and rules; the rules are indented by four. */
  static PolicySource rules(String hooks, String rules) {
    return folder(
        "policy.yaml",
        "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: t}\nspec:\n  hooks: ["
            + hooks
            + "]\n  rules:\n"
            + rules.indent(4));
  }

  /** Findings as {@code line:column code}. */
  static String places(ParsedPolicy parsed) {
    StringBuilder text = new StringBuilder();
    for (Diagnostic d : parsed.diagnostics()) {
      text.append("%d:%d %s%n".formatted(d.line(), d.column(), d.code()));
    }
    return text.toString();
  }
}
