package dev.interdict.eval;

import dev.interdict.eval.Builtin.BuiltinException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * YAML as go.yaml.in/yaml/v3 writes it with an indentation of two: blocks, keys in the order people
 * count, nothing folded. For one value.
 */
final class YamlText {
  private static final Comparator<String> NATURAL = YamlText::compareKeys;

  /** Longer keys stand behind a question mark. */
  private static final int KEY_BYTES_MAX = 128;

  private final StringBuilder out = new StringBuilder();

  /** The document, with a line break at its end. */
  String write(Object value) throws BuiltinException {
    if (value instanceof String text) {
      YamlScalarText.write(text, 2, false, out);
    } else {
      node(value, 0, true);
    }
    startLine(0);
    return out.toString();
  }

  /*
   * Writes a value behind what the line has already: `here`, as behind a dash, or behind a key, where
   * only what takes one line goes.
   */
  private void node(Object value, int indent, boolean here) throws BuiltinException {
    Rego.checkInterrupt();
    String gap = here ? "" : " ";
    switch (value) {
      case Map<?, ?> map -> {
        if (map.isEmpty()) {
          out.append(gap).append("{}");
        } else {
          mapping(map, indent, here);
        }
      }
      case Collection<?> all -> {
        if (all.isEmpty()) {
          out.append(gap).append("[]");
        } else {
          sequence(all instanceof Set<?> ? Rego.sorted(all) : all, indent, here);
        }
      }
      case String text -> {
        out.append(gap);
        YamlScalarText.write(text, indent, false, out);
      }
      default -> out.append(gap).append(number(value));
    }
  }

  private void sequence(Collection<?> list, int indent, boolean here) throws BuiltinException {
    boolean started = here;
    for (Object element : list) {
      if (!started) {
        startLine(indent);
      }
      started = false;
      out.append("- ");
      node(element, indent + 2, true);
    }
  }

  private void mapping(Map<?, ?> map, int indent, boolean here) throws BuiltinException {
    Map<Object, Object> values = JsonText.textKeys(map);
    List<String> keys = new ArrayList<>();
    values.keySet().forEach(key -> keys.add((String) key));
    sort(keys);
    boolean started = here;
    for (String key : keys) {
      if (!started) {
        startLine(indent);
      }
      started = false;
      if (isSimple(key)) {
        YamlScalarText.write(key, indent, true, out);
        out.append(':');
        node(values.get(key), indent + 2, false);
      } else {
        out.append("? ");
        YamlScalarText.write(key, indent + 2, false, out);
        startLine(indent);
        out.append(": ");
        node(values.get(key), indent + 2, true);
      }
    }
  }

  /* A literal ends its last line by itself. */
  private void startLine(int indent) {
    if (out.charAt(out.length() - 1) != '\n') {
      out.append('\n');
    }
    out.append(" ".repeat(indent));
  }

  private static void sort(List<String> keys) throws BuiltinException {
    try {
      keys.sort(NATURAL);
    } catch (IllegalArgumentException e) {
      throw new BuiltinException("yaml.marshal: keys without an order");
    }
  }

  private static boolean isSimple(String key) {
    return key.getBytes(StandardCharsets.UTF_8).length <= KEY_BYTES_MAX
        && !YamlScalarText.hasBreaks(key);
  }

  private static String number(Object value) {
    if (!(value instanceof BigDecimal d)) {
      return value.toString();
    }
    boolean whole = d.scale() == 0 && d.toBigInteger().bitLength() <= 64;
    BigInteger integer = whole ? d.toBigInteger() : BigInteger.ZERO;
    if (whole && (integer.signum() >= 0 || integer.bitLength() < 64)) {
      return integer.toString();
    }
    double real = d.doubleValue();
    String sign = real < 0 ? "-" : "";
    return sign + GoFloat.general(new BigDecimal(Double.toString(Math.abs(real))), -1);
  }

  /* keyList.Less of yaml/v3: numbers inside of keys count as numbers, letters after the rest. */
  private static int compareKeys(String a, String b) {
    if (a.equals(b)) {
      return 0;
    }
    int[] x = a.codePoints().toArray();
    int[] y = b.codePoints().toArray();
    boolean digits = false;
    for (int i = 0; i < Math.min(x.length, y.length); i++) {
      if (x[i] == y[i]) {
        digits = Character.isDigit(x[i]);
        continue;
      }
      boolean letterX = Character.isLetter(x[i]);
      boolean letterY = Character.isLetter(y[i]);
      if (letterX && letterY) {
        return Integer.compare(x[i], y[i]);
      }
      if (letterX || letterY) {
        return letterX == digits ? -1 : 1;
      }
      return compareNumbers(x, y, i);
    }
    return Integer.compare(x.length, y.length);
  }

  private static int compareNumbers(int[] x, int[] y, int at) {
    long start = 0;
    if (x[at] == '0' || y[at] == '0') {
      for (int j = at - 1; j >= 0 && Character.isDigit(x[j]); j--) {
        start = x[j] == '0' ? start : 1;
      }
    }
    int endX = digitsEnd(x, at);
    int endY = digitsEnd(y, at);
    long numberX = number(x, at, endX, start);
    long numberY = number(y, at, endY, start);
    if (numberX != numberY) {
      return Long.compare(numberX, numberY);
    }
    return endX == endY ? Integer.compare(x[at], y[at]) : Integer.compare(endX, endY);
  }

  private static int digitsEnd(int[] text, int from) {
    int end = from;
    while (end < text.length && Character.isDigit(text[end])) {
      end++;
    }
    return end;
  }

  private static long number(int[] text, int from, int to, long start) {
    long number = start;
    for (int i = from; i < to; i++) {
      number = number * 10 + text[i] - '0';
    }
    return number;
  }
}
