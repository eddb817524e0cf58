package dev.interdict.eval;

import dev.interdict.eval.Builtin.BuiltinException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a plain scalar means to go.yaml.in/yaml/v3: YAML 1.2, and the octal numbers of 1.1. */
final class YamlScalars {
  private static final Map<String, Object> WORDS = new HashMap<>();
  private static final Pattern FLOAT =
      Pattern.compile("[-+]?(?:\\.[0-9]+|[0-9]+(?:\\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?");
  private static final Pattern INTEGER =
      Pattern.compile(
          "([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0([oO]?)([0-7]+)|(0|[1-9][0-9]*))");

  /* Behind these two prefixes Go takes another sign. */
  private static final Pattern SIGNED_INSIDE = Pattern.compile("0b([-+][01]+)|0o([-+][0-7]+)");

  private static final BigInteger UNSIGNED_MAX = BigInteger.ONE.shiftLeft(64);

  /** A number that JSON has no notation for: an infinity, or none at all. */
  record NotJson() {}

  static {
    for (String word : new String[] {"true", "True", "TRUE"}) {
      WORDS.put(word, true);
    }
    for (String word : new String[] {"false", "False", "FALSE"}) {
      WORDS.put(word, false);
    }
    for (String word : new String[] {"", "~", "null", "Null", "NULL"}) {
      WORDS.put(word, Values.Null.NULL);
    }
    for (String word : new String[] {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF"}) {
      WORDS.put(word, new NotJson());
    }
    for (String sign : new String[] {"+", "-"}) {
      for (String word : new String[] {".inf", ".Inf", ".INF"}) {
        WORDS.put(sign + word, new NotJson());
      }
    }
  }

  private YamlScalars() {}

  /** The value: a string is its own; {@link NotJson} for infinities. */
  static Object resolve(String plain) {
    Object word = WORDS.get(plain);
    if (word != null) {
      return word;
    }
    char first = plain.charAt(0);
    if (first == '.') {
      return FLOAT.matcher(plain).matches() ? real(plain, plain) : plain;
    }
    if (first != '+' && first != '-' && !GoLayout.isDigit(first)) {
      return plain;
    }
    String digits = plain.replace("_", "");
    BigInteger whole = whole(digits);
    if (whole != null) {
      return Numbers.of(new BigDecimal(whole));
    }
    if (FLOAT.matcher(digits).matches()) {
      return real(digits, plain);
    }
    Matcher inside = SIGNED_INSIDE.matcher(digits);
    if (!inside.matches()) {
      return plain;
    }
    boolean binary = inside.group(1) != null;
    BigInteger value = new BigInteger(inside.group(binary ? 1 : 2), binary ? 2 : 8);
    return value.bitLength() < 64 ? (Object) value.longValue() : plain;
  }

  /**
   * The value under an explicit tag.
   *
   * @throws BuiltinException if it is not of this tag's type
   */
  static Object resolve(String tag, String text) throws BuiltinException {
    String name = tag.replaceFirst("^tag:yaml\\.org,2002:", "!!");
    return switch (name) {
      case "!!binary" -> binary(text);
      case "!!bool", "!!int", "!!float", "!!null" -> typed(name, text);
      case "!!timestamp" -> throw new BuiltinException("yaml: a timestamp by tag");
      default -> text;
    };
  }

  private static Object typed(String tag, String text) throws BuiltinException {
    Object value = resolve(text);
    boolean fits =
        switch (value) {
          case Boolean b -> tag.equals("!!bool");
          case Values.Null n -> tag.equals("!!null");
          case Long l -> tag.equals("!!int") || tag.equals("!!float");
          case BigDecimal d -> tag.equals("!!float");
          default -> false;
        };
    if (!fits) {
      throw new BuiltinException("yaml: not a " + tag);
    }
    return value;
  }

  private static String binary(String text) throws BuiltinException {
    try {
      String plain = text.replaceAll("[\r\n]", "");
      return new String(Base64.getDecoder().decode(plain), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new BuiltinException("yaml: no base64");
    }
  }

  /* strconv.ParseInt and ParseUint with base 0; null if neither takes it. */
  private static BigInteger whole(String digits) {
    Matcher m = INTEGER.matcher(digits);
    if (!m.matches()) {
      return null;
    }
    BigInteger value =
        m.group(2) != null
            ? new BigInteger(m.group(2), 16)
            : m.group(3) != null
                ? new BigInteger(m.group(3), 2)
                : m.group(5) != null ? new BigInteger(m.group(5), 8) : new BigInteger(m.group(6));
    if (m.group(1).equals("-")) {
      value = value.negate();
    }
    boolean unsigned = m.group(1).isEmpty() && value.compareTo(UNSIGNED_MAX) < 0;
    return value.bitLength() < 64 || unsigned ? value : null;
  }

  private static Object real(String digits, String plain) {
    double value = Double.parseDouble(digits);
    return Double.isInfinite(value) ? plain : number(value);
  }

  /** A double as it comes back from JSON. */
  static Object number(double value) {
    BigDecimal exact = new BigDecimal(Double.toString(value));
    return Math.abs(value) < 1e21 ? Numbers.of(exact) : exact;
  }
}
