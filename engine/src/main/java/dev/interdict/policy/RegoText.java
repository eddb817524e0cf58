package dev.interdict.policy;

import dev.interdict.policy.Rule.ReasonPart;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/** Rego literals, as {@code opa fmt} leaves them. */
final class RegoText {

  /** Longer sets are written one item a line. */
  private static final int MAX_LINE = 100;

  private RegoText() {}

  /** A string, number or boolean. */
  static String quote(Object value) {
    return value instanceof String
        ? JsonMapper.shared().writeValueAsString(value)
        : value.toString();
  }

  /** A string; a raw one where that keeps a regular expression readable. */
  static String quotePattern(Object value) {
    String pattern = (String) value;
    boolean raw =
        pattern.indexOf('\\') >= 0 && pattern.indexOf('`') < 0 && pattern.indexOf('\n') < 0;
    return raw ? "`" + pattern + "`" : quote(pattern);
  }

  /** A set, on one line if it fits there behind {@code before}. */
  static String set(String before, List<?> values, Function<Object, String> quote) {
    List<String> items = values.stream().map(quote).distinct().toList();
    String line = "{" + String.join(", ", items) + "}";
    if (before.length() + line.length() <= MAX_LINE) {
      return line;
    }
    return items.stream().map(i -> "\t" + i + ",\n").collect(Collectors.joining("", "{\n", "}"));
  }

  /**
   * A string, or a template string if the reason has facts in it. There an absent fact reads {@code
   * <undefined>}; with sprintf it would make the whole rule undefined, and nothing would be denied.
   */
  static String reason(List<ReasonPart> parts) {
    boolean template = parts.stream().anyMatch(ReasonPart.Fact.class::isInstance);
    StringBuilder out = new StringBuilder(template ? "$\"" : "\"");
    for (ReasonPart part : parts) {
      switch (part) {
        case ReasonPart.Text t -> {
          String quoted = quote(t.text());
          String inside = quoted.substring(1, quoted.length() - 1);
          out.append(template ? inside.replace("{", "\\{") : inside);
        }
        case ReasonPart.Fact f -> out.append('{').append(fact(f.field())).append('}');
      }
    }
    return out.append('"').toString();
  }

  private static String fact(Field field) {
    String reference = "input." + field.path();
    return field.type() == Field.Type.STRINGS ? "concat(\", \", " + reference + ")" : reference;
  }
}
