package dev.interdict.builtins;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** JSON as {@code encoding/json} of Go writes it: keys sorted, angle brackets escaped. */
public final class JsonText {
  private final String prefix;
  private final String indent;
  private final StringBuilder out = new StringBuilder();

  /** In one line if {@code indent} is null. */
  JsonText(String prefix, String indent) {
    this.prefix = prefix;
    this.indent = indent;
  }

  /** The text of one value; sets become sorted arrays. For one value. */
  String write(Object value) {
    write(value, 0);
    return out.toString();
  }

  private void write(Object value, int depth) {
    Rego.checkInterrupt();
    switch (value) {
      case String s -> quote(s, out);
      case Map<?, ?> map -> object(map, depth);
      case Set<?> set -> array(Rego.sorted(set), depth);
      case List<?> list -> array(list, depth);
      default -> out.append(number(value));
    }
  }

  private void array(List<?> list, int depth) {
    out.append('[');
    for (int i = 0; i < list.size(); i++) {
      out.append(i == 0 ? "" : ",");
      line(depth + 1);
      write(list.get(i), depth + 1);
    }
    if (!list.isEmpty()) {
      line(depth);
    }
    out.append(']');
  }

  private void object(Map<?, ?> map, int depth) {
    Map<Object, Object> sorted = textKeys(map);
    out.append('{');
    boolean first = true;
    for (Map.Entry<Object, Object> entry : sorted.entrySet()) {
      out.append(first ? "" : ",");
      first = false;
      line(depth + 1);
      quote((String) entry.getKey(), out);
      out.append(indent == null ? ":" : ": ");
      write(entry.getValue(), depth + 1);
    }
    if (!sorted.isEmpty()) {
      line(depth);
    }
    out.append('}');
  }

  private void line(int depth) {
    if (indent != null) {
      out.append('\n').append(prefix).append(indent.repeat(depth));
    }
  }

  /** In Go's order; a key that is no string becomes its JSON text. */
  public static Map<Object, Object> textKeys(Map<?, ?> map) {
    Map<Object, Object> sorted = new TreeMap<>(Rego::compare);
    for (Object key : sortedKeys(map)) {
      sorted.put(key instanceof String ? key : new JsonText(null, null).write(key), map.get(key));
    }
    return sorted;
  }

  private static List<Object> sortedKeys(Map<?, ?> map) {
    return Rego.sorted(new ArrayList<>(map.keySet()));
  }

  /** Numbers, booleans and null; Go has small exponents. */
  static String number(Object value) {
    return value instanceof BigDecimal d
        ? d.toString().toLowerCase(Locale.ROOT).replace("e+", "e")
        : value.toString();
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> out.append('\\').append(c);
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || "<>&\u2028\u2029".indexOf(c) >= 0) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
