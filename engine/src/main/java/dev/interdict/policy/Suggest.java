package dev.interdict.policy;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Finds what somebody probably meant to write. */
final class Suggest {
  private Suggest() {}

  /** What people look for who come from elsewhere, and what there is instead. */
  private static final Map<Pattern, String> FACTS =
      hints(
          "process\\.(args|argv|cmdline|command|arguments)(\\..*)?",
          "no hook knows the arguments of a program",
          "process\\.(parent|ppid|pname|ancestors?)(\\..*)?",
          "no parent is known; at exec, process.exe.path is the caller, which mostly is the parent",
          "(process\\.)?(user|username|login|loginuid)(\\..*)?",
          "users are known by number: process.uid, process.euid",
          "(process\\.)?(group|groupname)(\\..*)?",
          "groups are known by number: process.gid, process.egid",
          "process\\.(name|comm|exe|exe\\.(name|basename))",
          "programs are known by whole paths: process.exe.path, with {suffix: /NAME} for any folder",
          "file\\.(name|basename|extension|dir|directory)",
          "files are known by whole paths: file.path, with {suffix: /NAME} or {under: /FOLDER}",
          "process\\.(env|environ|cwd|tty|caps?|capabilities|namespaces?)(\\..*)?",
          "no hook knows that of a process",
          "(container|k8s|pod|image)(\\..*)?",
          "containers are known by their cgroups: process.cgroup.path",
          "(socket|packet)\\.(host|hostname|domain|dns|name|url|sni)",
          "names of hosts are not known: compare the address");

  private static final Map<Pattern, String> OPERATORS =
      hints(
          "includes|include|has|substring|infix",
          "did you mean \"contains\"?",
          "between|interval|from|to",
          "did you mean \"range\"? {range: [LEAST, GREATEST]}",
          "startsWith|startswith|begins|beginsWith",
          "did you mean \"prefix\"?",
          "endsWith|endswith|postfix",
          "did you mean \"suffix\"?",
          "eq|equals|equal|is",
          "write the value without an operator",
          "ne|neq|notEqual|notEquals",
          "write {notIn: [VALUE]}",
          "not|notGlob|notPrefix|notSuffix|notRegex|notCidr|notUnder",
          "put the fact below not: not: {FACT: {OPERATOR: VALUE}}",
          "gte",
          "did you mean \"ge\"?",
          "lte",
          "did you mean \"le\"?",
          "match|matches|like|pattern",
          "write {glob: ...} or {regex: ...}",
          "below|dir|recursive",
          "did you mean \"under\"?");

  private static Map<Pattern, String> hints(String... patternsAndHints) {
    Map<Pattern, String> hints = new LinkedHashMap<>();
    for (int i = 0; i < patternsAndHints.length; i += 2) {
      hints.put(Pattern.compile(patternsAndHints[i]), "; " + patternsAndHints[i + 1]);
    }
    return hints;
  }

  private static String hint(Map<Pattern, String> hints, String written) {
    for (Map.Entry<Pattern, String> hint : hints.entrySet()) {
      if (hint.getKey().matcher(written).matches()) {
        return hint.getValue();
      }
    }
    return null;
  }

  /** The end of an error message about a fact that there is not. */
  static String fact(String written, Collection<String> known) {
    String hint = hint(FACTS, written);
    return hint == null ? among(written, known) : hint;
  }

  /** The end of an error message about an operator that there is not. */
  static String operator(String written, Collection<String> known) {
    String hint = hint(OPERATORS, written);
    return hint == null ? among(written, known) : hint;
  }

  /** The end of an error message about a key of a rule that there is not. */
  static String ruleKey(String written, Collection<String> known) {
    return written.equals("allow")
        ? "; what nobody denies is allowed: write deny, with not: {...} around what is let through"
        : among(written, known);
  }

  /** The end of an error message about a name where a number must stand. */
  static String number(String fact, String written) {
    if (written.matches("\\d+")) {
      return "; write it without quotes";
    }
    return fact.matches(".*\\.e?[ug]id")
        ? "; users and groups are known by number, which differs from host to host; root is 0"
        : "";
  }

  /**
   * The end of an error message: the nearest of {@code known}, or all of them if none is near and
   * they are few.
   */
  static String among(String written, Collection<String> known) {
    String best = null;
    int bestDistance = Math.max(1, written.length() / 3) + 1;
    for (String candidate : known) {
      int distance =
          distance(
              written.toLowerCase(java.util.Locale.ROOT),
              candidate.toLowerCase(java.util.Locale.ROOT));
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    if (best != null) {
      return "; did you mean \"" + best + "\"?";
    }
    return known.isEmpty() || known.size() > 15 ? "" : "; known: " + String.join(", ", known);
  }

  /** Levenshtein's distance, a swap of neighbours counted once. */
  private static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int replace = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        d[i][j] = Math.min(replace, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
