package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The steps of {@code json.patch} on values that do not change: each returns the document that
 * results, or null for one that was removed as a whole. As OPA has them: paths may also lead
 * through sets, whose elements are their own keys.
 */
final class JsonPatch {
  private static final Pattern INDEX = Pattern.compile("(?:0|[+-]?[1-9][0-9]{0,8})(?:\\.0*)?");

  private JsonPatch() {}

  /** A JSON pointer, or an array of keys. */
  static List<?> path(Object path) throws BuiltinException {
    if (!(path instanceof String pointer)) {
      return Rego.array(path);
    }
    if (pointer.isEmpty()) {
      return List.of();
    }
    List<Object> keys = new ArrayList<>();
    for (String part : pointer.replaceFirst("^/+", "").split("/", -1)) {
      keys.add(part.replace("~1", "/").replace("~0", "~"));
    }
    return keys;
  }

  static Object get(Object document, List<?> path) throws BuiltinException {
    Object at = existing(document);
    for (Object key : path) {
      Rego.checkInterrupt();
      at = child(at, key);
    }
    return at;
  }

  static Object add(Object document, List<?> path, Object value) throws BuiltinException {
    if (path.isEmpty()) {
      return value;
    }
    Object key = path.getFirst();
    Object whole = existing(document);
    if (path.size() > 1) {
      return with(whole, key, add(child(whole, key), path.subList(1, path.size()), value));
    }
    return switch (whole) {
      case List<?> array -> {
        int index = index(array, key);
        if (index < 0 || index > array.size()) {
          throw missing();
        }
        List<Object> longer = new ArrayList<>(array);
        longer.add(index, value);
        yield longer;
      }
      case Set<?> set -> {
        if (Rego.compare(key, value) != 0) {
          throw new BuiltinException("json.patch: an element of a set is its own key");
        }
        yield Rego.contains(set, value) ? set : replaced(set, null, value);
      }
      default -> with(whole, key, value);
    };
  }

  static Object remove(Object document, List<?> path) throws BuiltinException {
    Object whole = existing(document);
    if (path.isEmpty()) {
      return null;
    }
    Object key = path.getFirst();
    Object child = child(whole, key);
    if (path.size() > 1) {
      return with(whole, key, remove(child, path.subList(1, path.size())));
    }
    return switch (whole) {
      case List<?> array -> {
        List<Object> shorter = new ArrayList<>(array);
        shorter.remove(index(array, key));
        yield shorter;
      }
      case Set<?> set -> replaced(set, child, null);
      default -> {
        Map<Object, Object> smaller = new LinkedHashMap<>((Map<?, ?>) whole);
        smaller.keySet().removeIf(k -> Rego.compare(k, key) == 0);
        yield smaller;
      }
    };
  }

  /* The same but for what is under the key. */
  private static Object with(Object whole, Object key, Object value) throws BuiltinException {
    return switch (whole) {
      case List<?> array -> {
        List<Object> changed = new ArrayList<>(array);
        changed.set(index(array, key), value);
        yield changed;
      }
      case Set<?> set -> replaced(set, child(set, key), value);
      case Map<?, ?> map -> {
        Map<Object, Object> changed = new LinkedHashMap<>(map);
        Object same = CollectionBuiltins.findKey(map, key);
        changed.put(same == null ? key : same, value);
        yield changed;
      }
      default -> throw missing();
    };
  }

  private static Set<Object> replaced(Set<?> set, Object gone, Object added) {
    Set<Object> changed = new LinkedHashSet<>(set);
    changed.remove(gone);
    if (added != null && !Rego.contains(changed, added)) {
      changed.add(added);
    }
    return changed;
  }

  private static Object child(Object whole, Object key) throws BuiltinException {
    Object child =
        switch (whole) {
          case List<?> array -> {
            int index = index(array, key);
            yield index >= 0 && index < array.size() ? array.get(index) : null;
          }
          case Set<?> set ->
              set.stream().filter(e -> Rego.compare(e, key) == 0).findFirst().orElse(null);
          case Map<?, ?> map -> {
            Object same = CollectionBuiltins.findKey(map, key);
            yield same == null ? null : map.get(same);
          }
          default -> null;
        };
    return existing(child);
  }

  private static Object existing(Object value) throws BuiltinException {
    if (value == null) {
      throw missing();
    }
    return value;
  }

  /* "-" is the place behind the last element. */
  private static int index(List<?> array, Object key) throws BuiltinException {
    if (key.equals("-")) {
      return array.size();
    }
    String text = key instanceof String || Rego.isNumber(key) ? key.toString() : "";
    if (!INDEX.matcher(text).matches()) {
      throw missing();
    }
    return Integer.parseInt(text.replaceFirst("\\..*", ""));
  }

  private static BuiltinException missing() {
    return new BuiltinException("json.patch: a path that does not exist");
  }
}
