package dev.interdict.policy;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** One node of a YAML document, with its place; scalars are typed by YAML 1.2's core schema. */
public sealed interface YamlNode {

  /** Where it starts. */
  Mark at();

  /** What an error message calls it. */
  String kind();

  /** The node as JSON knows it: null, Boolean, Long, BigInteger, Double, String, List or Map. */
  Object value();

  /**
   * A scalar.
   *
   * @param plain written without quotes, so that its type follows from its text
   * @param literal written as a {@code |} block: each of its lines is a line of the file
   */
  record Scalar(String text, boolean plain, boolean literal, Mark at) implements YamlNode {

    /* YAML 1.2, chapter 10.3.2. Not 1.1: no, on, yes, 1:30 and 0123 (an octal number there) stay what they look like. */
    private static final Pattern NULL = Pattern.compile("null|Null|NULL|~|");
    private static final Pattern BOOLEAN = Pattern.compile("true|True|TRUE|false|False|FALSE");
    private static final Pattern DECIMAL = Pattern.compile("[-+]?[0-9]+");
    private static final Pattern OCTAL = Pattern.compile("0o[0-7]+");
    private static final Pattern HEXADECIMAL = Pattern.compile("0x[0-9a-fA-F]+");
    private static final Pattern FLOAT =
        Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");

    @Override
    public String kind() {
      return switch (value()) {
        case null -> "nothing";
        case String s -> "the string \"" + s + "\"";
        case Boolean b -> "the boolean " + b;
        case Object number -> "the number " + number;
      };
    }

    @Override
    public Object value() {
      if (!plain) {
        return text;
      }
      if (NULL.matcher(text).matches()) {
        return null;
      }
      if (BOOLEAN.matcher(text).matches()) {
        return text.charAt(0) == 't' || text.charAt(0) == 'T';
      }
      if (DECIMAL.matcher(text).matches()) {
        return integer(text, 10);
      }
      if (OCTAL.matcher(text).matches()) {
        return integer(text.substring(2), 8);
      }
      if (HEXADECIMAL.matcher(text).matches()) {
        return integer(text.substring(2), 16);
      }
      return FLOAT.matcher(text).matches() ? (Object) Double.valueOf(text) : text;
    }

    private static Object integer(String digits, int radix) {
      BigInteger number = new BigInteger(digits, radix);
      return number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
    }
  }

  /** A list. */
  record Sequence(List<YamlNode> items, Mark at) implements YamlNode {
    @Override
    public String kind() {
      return "a list";
    }

    @Override
    public Object value() {
      return items.stream()
          .map(YamlNode::value)
          .collect(java.util.ArrayList::new, List::add, List::addAll);
    }
  }

  /** A mapping; keys in the order of the file, the first of duplicates. */
  record Mapping(List<Entry> entries, Mark at) implements YamlNode {
    @Override
    public String kind() {
      return "a mapping";
    }

    @Override
    public Object value() {
      Map<String, Object> map = new LinkedHashMap<>();
      entries.forEach(e -> map.put(e.key(), e.value().value()));
      return map;
    }
  }

  /** A key with its value. */
  record Entry(String key, Mark at, YamlNode value) {}
}
