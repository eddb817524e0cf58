package dev.interdict.policy;

import com.google.re2j.PatternSyntaxException;
import dev.interdict.builtins.Patterns;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * Checks the values that facts are compared with. A value that no event can have is an error: such
 * a rule would never match and nobody would notice.
 */
final class LiteralCheck {
  private static final Set<Operator> TEXTUAL =
      EnumSet.of(
          Operator.PREFIX, Operator.SUFFIX, Operator.CONTAINS, Operator.GLOB, Operator.REGEX);

  private static final Set<Operator> PATTERNS = EnumSet.of(Operator.GLOB, Operator.REGEX);

  /** In brackets: a range, or characters of which only the first may be a hyphen. */
  private static final Pattern CHARACTERS = Pattern.compile("!?(?:.-.|-|-?[^-^][^-]*)");

  private final String file;
  private final Findings findings;

  LiteralCheck(String file, Findings findings) {
    this.file = file;
    this.findings = findings;
  }

  /** The value of {@code node} for {@code field}: String, Long or Boolean; null after an error. */
  Object check(Field field, Operator operator, YamlNode node) {
    Object value = node.value();
    if (field.isPort() && value instanceof String name && !name.matches("[-+]?\\d+")) {
      value = Services.port(name);
      if (value == null) {
        findings.error(file, node.at(), "rule.value", Services.unknown(name));
        return null;
      }
    }
    Field.Type type = operator == Operator.EXISTS ? Field.Type.BOOLEAN : field.type();
    boolean fits =
        switch (type) {
          case STRING, STRINGS -> value instanceof String;
          case INTEGER -> value instanceof Long;
          case BOOLEAN -> value instanceof Boolean;
        };
    if (!fits) {
      boolean quotable =
          type.wanted.equals("a string") && node instanceof YamlNode.Scalar && value != null;
      String number = value instanceof String text ? Suggest.number(field.path(), text) : "";
      String hint = quotable ? "; put it in quotes" : number;
      findings.error(
          file,
          node.at(),
          "rule.type",
          field.path() + " is " + type.wanted + ", not " + node.kind() + hint);
      return null;
    }
    String problem = problem(field, operator, value);
    if (problem != null) {
      findings.error(file, node.at(), "rule.value", problem);
      return null;
    }
    String doubt = value instanceof String text ? doubt(field, operator, text) : null;
    if (doubt != null) {
      findings.warning(file, node.at(), LintRule.VALUE.id(), doubt);
    }
    return value;
  }

  /** Whether every item of a list in data can be compared with {@code field}. */
  boolean checkData(Field field, Operator operator, String path, JsonNode list, Mark at) {
    if (!list.isArray()) {
      findings.error(file, at, "rule.data", "data." + path + " is not a list");
      return false;
    }
    boolean doubted = false;
    for (int i = 0; i < list.size(); i++) {
      JsonNode item = list.get(i);
      boolean wantsNumber = field.type() == Field.Type.INTEGER;
      boolean fits =
          wantsNumber ? item.canConvertToLong() && item.isIntegralNumber() : item.isString();
      String problem =
          fits
              ? problem(field, operator, wantsNumber ? (Object) item.asLong() : item.asString())
              : field.path() + " is " + field.type().wanted + ", not " + item + inData(field, item);
      if (problem != null) {
        findings.error(file, at, "rule.data", "data." + path + "[" + i + "]: " + problem);
        return false;
      }
      String doubt = wantsNumber || doubted ? null : doubt(field, operator, item.asString());
      if (doubt != null) { // one says it of all
        findings.warning(file, at, LintRule.VALUE.id(), "data." + path + "[" + i + "]: " + doubt);
        doubted = true;
      }
    }
    return true;
  }

  /** Data is what the rules read, as it stands: no names are resolved in it. */
  private static String inData(Field field, JsonNode item) {
    Long port = field.isPort() && item.isString() ? Services.port(item.asString()) : null;
    return port == null ? "" : "; names stand for ports in rules only: write " + port;
  }

  private static String problem(Field field, Operator operator, Object value) {
    String never = value instanceof String text ? PathCheck.problem(field, operator, text) : null;
    if (never != null) {
      return never;
    }
    return switch (operator) {
      case REGEX -> regexProblem((String) value);
      case GLOB -> globProblem((String) value);
      case CIDR -> Addresses.cidrProblem((String) value);
      case PREFIX, SUFFIX, CONTAINS ->
          ((String) value).isEmpty() ? "an empty " + operator.key + " matches everything" : null;
      case EXISTS -> null;
      default ->
          value instanceof Long number ? rangeProblem(field, number) : wordProblem(field, value);
    };
  }

  private static String rangeProblem(Field field, long number) {
    boolean inside = number >= field.min() && number <= field.max();
    return inside
        ? null
        : "%s is between %d and %d; %d never occurs"
            .formatted(field.path(), field.min(), field.max(), number);
  }

  private static String wordProblem(Field field, Object value) {
    if (!(value instanceof String text)) {
      return null;
    }
    if (!field.words().isEmpty() && !field.words().contains(text)) {
      return field.path() + " is never \"" + text + "\"" + Suggest.among(text, field.words());
    }
    if (!field.names().isEmpty()) {
      return nameProblem(field, text);
    }
    if (field.pattern() != null && !field.pattern().matcher(text).find()) {
      return field.path() + " is never \"" + text + "\"; its values look like " + field.pattern();
    }
    if (field.isAddress()) {
      return Addresses.addressProblem(text);
    }
    return null;
  }

  private static String nameProblem(Field field, String text) {
    if (field.names().containsValue(text)) {
      return null;
    }
    String name = field.names().get(text);
    // Where names go by the family, it has none in others.
    if (name != null && field.names().keySet().stream().noneMatch(n -> n.contains(":"))) {
      return "%s is never \"%s\": this number has a name; write %s"
          .formatted(field.path(), text, name);
    }
    return text.matches("0|[1-9]\\d{0,4}")
        ? null
        : field.path() + " is never \"" + text + "\"" + Suggest.among(text, field.names().values());
  }

  private static String regexProblem(String regex) {
    try {
      Patterns.compile(regex);
      return null;
    } catch (PatternSyntaxException e) {
      return "no regular expression that OPA knows (RE2): " + e.getMessage();
    }
  }

  /**
   * Brackets and braces must be closed, and what is in brackets be one range or single characters,
   * as OPA's glob needs it: others never match. Anything else is a literal.
   */
  private static String globProblem(String glob) {
    int braces = 0;
    int bracket = -1;
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      if (c == '\\') {
        i++;
      } else if (bracket < 0) {
        bracket = c == '[' ? i : -1;
        braces += c == '{' ? 1 : c == '}' ? -1 : 0;
      } else if (c == ']') {
        String inside = glob.substring(bracket + 1, i);
        if (!CHARACTERS.matcher(inside).matches()) {
          return "the glob \"%s\": [%s] is neither one range, such as [a-z], nor single characters, such as [abc]; write [!a] for all but a, {[a-z],[0-9]} for several"
              .formatted(glob, inside);
        }
        bracket = -1;
      }
    }
    return bracket < 0 && braces == 0
        ? null
        : "the glob \"" + glob + "\" has an open [ or {, or a } too many";
  }

  private static String doubt(Field field, Operator operator, String text) {
    if (field.isAddress() && TEXTUAL.contains(operator)) {
      return "compares " + field.path() + " by its text; for a network write {cidr: 10.0.0.0/8}";
    }
    if (operator == Operator.REGEX && !text.startsWith("^") && !text.endsWith("$")) {
      return "the expression matches anywhere in "
          + field.path()
          + "; anchor it with ^ and $ if that is not meant";
    }
    boolean pattern = text.indexOf('*') >= 0 && (field.isPath() || field.isCgroupPath());
    return pattern && !PATTERNS.contains(operator)
        ? "\"" + text + "\" is compared literally; for a pattern write {glob: ...}"
        : null;
  }
}
