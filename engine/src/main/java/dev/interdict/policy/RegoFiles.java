package dev.interdict.policy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Rego of a policy folder.
 *
 * @param modules what the engine runs, by file name
 * @param tests {@code *_test.rego}
 */
record RegoFiles(Map<String, String> modules, Map<String, String> tests) {
  private static final Pattern PACKAGE =
      Pattern.compile("^[ \\t]*package[ \\t]+([^\\s#]+)", Pattern.MULTILINE);

  /**
   * Reads them.
   *
   * @param policy the policy's name, or null if it is not known: packages are not checked then
   */
  static RegoFiles read(PolicySource source, String policy, Findings findings) {
    Map<String, String> modules = new TreeMap<>();
    Map<String, String> tests = new TreeMap<>();
    source
        .files()
        .forEach(
            (name, bytes) -> {
              if (!name.endsWith(".rego")) {
                return;
              }
              String text = YamlReader.decode(name, bytes, "rego.encoding", findings);
              if (text == null) {
                return;
              }
              if (text.startsWith("\ufeff")) {
                findings.error(
                    name,
                    Mark.START,
                    "rego.encoding",
                    "begins with a byte order mark; save the file as UTF-8 without one");
                return;
              }
              (name.endsWith("_test.rego") ? tests : modules).put(name, text);
              if (policy != null) {
                checkPackage(name, Mark.START, text, policy, findings);
              }
            });
    return new RegoFiles(modules, tests);
  }

  /** The package that a text declares, or null. */
  static String packageOf(String text) {
    Matcher matcher = PACKAGE.matcher(text);
    return matcher.find() ? matcher.group(1) : null;
  }

  /**
   * Reports a package that nobody would ask: {@code deny} in a misspelt package never denies.
   *
   * @param base where the text starts in its file
   */
  static void checkPackage(String file, Mark base, String text, String policy, Findings findings) {
    String wanted = RegoLowering.packageOf(policy);
    Matcher matcher = PACKAGE.matcher(text);
    if (!matcher.find()) {
      findings.error(file, base, "rego.package", "no package; write package " + wanted);
      return;
    }
    String found = matcher.group(1);
    if (!isAsked(found, wanted, file.endsWith("_test.rego"))) {
      int line = (int) text.substring(0, matcher.start(1)).chars().filter(c -> c == '\n').count();
      Mark at =
          base.equals(Mark.START)
              ? new Mark(line + 1, matcher.start(1) - text.lastIndexOf('\n', matcher.start(1)))
              : base;
      findings.error(
          file,
          at,
          "rego.package",
          "package "
              + found
              + " is not asked; the policy's name makes it "
              + wanted
              + ", or "
              + wanted
              + ".NAME for what its rules share");
    }
  }

  /** The policy's own package, one below it that its rules refer to, or the tests of either. */
  private static boolean isAsked(String found, String wanted, boolean test) {
    String name = test && found.endsWith("_test") ? found.substring(0, found.length() - 5) : found;
    return name.equals(wanted) || name.startsWith(wanted + ".");
  }

  /** Where each line of a Rego text inside of a YAML file stands there. */
  static List<Mark> inlineMarks(byte[] yaml, YamlNode.Scalar inline) {
    List<Mark> marks = new ArrayList<>();
    List<String> lines = new String(yaml, StandardCharsets.UTF_8).lines().toList();
    int number = inline.at().line(); // the line of the | itself; the text starts on the next
    for (String line : inline.text().split("\n", -1)) {
      String raw = inline.literal() && number < lines.size() ? lines.get(number) : "";
      number += inline.literal() ? 1 : 0;
      marks.add(
          inline.literal()
              ? new Mark(number, 1 + Math.max(0, raw.length() - line.length()))
              : inline.at());
    }
    return marks;
  }
}
