package dev.interdict.builtins;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Rego's view of Java values: order, notation, and what arguments must be. */
public final class Rego {
  /** Rego's {@code null}. */
  public enum Null {
    NULL;

    @Override
    public String toString() {
      return "null";
    }
  }

  private Rego() {}

  /** Rego's total order: null, booleans, numbers, strings, arrays, objects, sets. */
  public static int compare(Object a, Object b) {
    int order = Integer.compare(rank(a), rank(b));
    if (order != 0) {
      return order;
    }
    return switch (a) {
      case Boolean x -> Boolean.compare(x, (Boolean) b);
      case String x -> Arrays.compareUnsigned(x.getBytes(UTF_8), ((String) b).getBytes(UTF_8));
      case List<?> x -> compareAll(x, (List<?>) b);
      case Set<?> x -> compareAll(sorted(x), sorted((Set<?>) b));
      case Map<?, ?> x -> compareAll(pairs(x), pairs((Map<?, ?>) b));
      case Null n -> 0;
      default -> Numbers.decimal(a).compareTo(Numbers.decimal(b));
    };
  }

  /**
   * To be called where work piles up: a policy's time also counts while a builtin works, and only
   * the builtin itself can end then.
   */
  static void checkInterrupt() {
    if (Thread.currentThread().isInterrupted()) {
      throw new Builtin.Interrupted();
    }
  }

  private static int compareAll(List<?> a, List<?> b) {
    checkInterrupt();
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      int order = compare(a.get(i), b.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(a.size(), b.size());
  }

  private static int rank(Object value) {
    return switch (value) {
      case Boolean b -> 1;
      case Long l -> 2;
      case BigDecimal d -> 2;
      case String s -> 3;
      case List<?> l -> 4;
      case Map<?, ?> m -> 5;
      case Set<?> s -> 6;
      default -> 0;
    };
  }

  /** The elements in Rego's order. */
  public static List<Object> sorted(Collection<?> values) {
    List<Object> list = new ArrayList<>(values);
    list.sort(Rego::compare);
    return list;
  }

  /* Key, value, key, value ... in the order of keys. */
  private static List<Object> pairs(Map<?, ?> map) {
    List<Object> list = new ArrayList<>();
    for (Object key : sorted(map.keySet())) {
      list.add(key);
      list.add(map.get(key));
    }
    return list;
  }

  /** The value in Rego's notation, as {@code sprintf("%v")} shows it. */
  static String text(Object value) {
    return switch (value) {
      case String s -> GoFormat.quote(s);
      case List<?> l -> l.stream().map(Rego::text).collect(Collectors.joining(", ", "[", "]"));
      case Set<?> s ->
          s.isEmpty()
              ? "set()"
              : sorted(s).stream().map(Rego::text).collect(Collectors.joining(", ", "{", "}"));
      case Map<?, ?> m -> {
        StringBuilder text = new StringBuilder("{");
        for (Iterator<Object> i = pairs(m).iterator(); i.hasNext(); ) {
          text.append(text.length() > 1 ? ", " : "").append(text(i.next()));
          text.append(": ").append(text(i.next()));
        }
        yield text.append('}').toString();
      }
      default -> value.toString();
    };
  }

  /** Whether the collection holds a value equal to this one. */
  static boolean contains(Collection<?> values, Object value) {
    checkInterrupt();
    return values.contains(value) || values.stream().anyMatch(v -> compare(v, value) == 0);
  }

  static String string(Object value) throws BuiltinException {
    return expect(String.class, value);
  }

  static List<?> array(Object value) throws BuiltinException {
    return expect(List.class, value);
  }

  static Map<?, ?> object(Object value) throws BuiltinException {
    return expect(Map.class, value);
  }

  static boolean bool(Object value) throws BuiltinException {
    return expect(Boolean.class, value);
  }

  /** A number that is whole and fits 64 bits. */
  static long whole(Object value) throws BuiltinException {
    if (value instanceof BigDecimal d && Numbers.of(d) instanceof Long whole) {
      return whole;
    }
    return expect(Long.class, value);
  }

  /** Whether a value is a number. */
  static boolean isNumber(Object value) {
    return value instanceof Long || value instanceof BigDecimal;
  }

  static BigDecimal number(Object value) throws BuiltinException {
    if (!isNumber(value)) {
      throw new BuiltinException("not a number");
    }
    return Numbers.decimal(value);
  }

  /** An array or a set. */
  static Collection<?> collection(Object value) throws BuiltinException {
    return expect(Collection.class, value);
  }

  /** A string, or the strings of an array or a set. */
  static List<String> strings(Object value) throws BuiltinException {
    if (value instanceof String one) {
      return List.of(one);
    }
    List<String> all = new ArrayList<>();
    for (Object element : collection(value)) {
      all.add(string(element));
    }
    return all;
  }

  private static <T> T expect(Class<T> type, Object value) throws BuiltinException {
    if (!type.isInstance(value)) {
      throw new BuiltinException("not of type " + type.getSimpleName());
    }
    return type.cast(value);
  }
}
