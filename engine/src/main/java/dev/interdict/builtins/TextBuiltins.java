package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code sprintf} and {@code strings.*}. */
final class TextBuiltins {
  private TextBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("sprintf", TextBuiltins::sprintf);
    table.put(
        "strings.any_prefix_match",
        a -> any(Rego.strings(a[0]), Rego.strings(a[1]), String::startsWith));
    table.put(
        "strings.any_suffix_match",
        a -> any(Rego.strings(a[0]), Rego.strings(a[1]), String::endsWith));
    table.put("strings.count", a -> count(Rego.string(a[0]), Rego.string(a[1])));
    table.put("strings.split_n", TextBuiltins::splitN);
    table.put("indexof_n", TextBuiltins::indexOfN);
  }

  @FunctionalInterface
  private interface Match {
    boolean test(String text, String part);
  }

  private static boolean any(List<String> texts, List<String> parts, Match match) {
    for (String text : texts) {
      Rego.checkInterrupt();
      if (parts.stream().anyMatch(part -> match.test(text, part))) {
        return true;
      }
    }
    return false;
  }

  private static Object sprintf(Object[] a) throws BuiltinException {
    List<Object> arguments = new ArrayList<>();
    for (Object value : Rego.array(a[1])) {
      arguments.add(
          switch (value) {
            case Long whole -> whole;
            case String text -> text;
            case BigDecimal number -> number(number);
            default -> Rego.text(value);
          });
    }
    return GoFormat.format(Rego.string(a[0]), arguments);
  }

  private static Object number(BigDecimal number) {
    if (number.scale() == 0) {
      return number.toBigInteger();
    }
    double real = number.doubleValue();
    return Double.isInfinite(real)
        ? number.toString().toLowerCase(Locale.ROOT).replace("e+", "e")
        : (Object) real;
  }

  private static long count(String text, String part) {
    if (part.isEmpty()) {
      return text.codePointCount(0, text.length()) + 1L;
    }
    long count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  private static Object splitN(Object[] a) throws BuiltinException {
    List<Object> parts = split(Rego.string(a[0]), Rego.string(a[1]), Long.MAX_VALUE);
    long n = Rego.whole(a[2]);
    int size = parts.size();
    return n >= 0
        ? parts.subList(0, (int) Math.min(n, size))
        : parts.subList((int) Math.max(size + n, 0), size);
  }

  /**
   * {@code strings.SplitN} of Go: at most {@code limit} parts; by characters if there is no
   * delimiter.
   */
  static List<Object> split(String text, String delimiter, long limit) {
    List<Object> parts = new ArrayList<>();
    int from = 0;
    while (parts.size() + 1 < limit) {
      int at =
          delimiter.isEmpty()
              ? (from < text.length() ? text.offsetByCodePoints(from, 1) : -1)
              : text.indexOf(delimiter, from);
      if (at < 0 || (delimiter.isEmpty() && at == text.length())) {
        break;
      }
      parts.add(text.substring(from, at));
      from = at + delimiter.length();
    }
    if (!(delimiter.isEmpty() && text.isEmpty())) {
      parts.add(text.substring(from));
    }
    return parts;
  }

  private static Object indexOfN(Object[] a) throws BuiltinException {
    String text = Rego.string(a[0]);
    String part = Rego.string(a[1]);
    if (part.isEmpty()) {
      throw new BuiltinException("indexof_n: empty search");
    }
    List<Object> found = new ArrayList<>();
    long characters = 0;
    int counted = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
      Rego.checkInterrupt(); // a part that nearly repeats itself is compared again and again
      characters += text.codePointCount(counted, at);
      counted = at;
      found.add(characters);
    }
    return found;
  }
}
