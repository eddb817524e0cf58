package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/** {@code urlquery.*} and {@code uri.*}. */
final class UrlBuiltins {
  /** As many as Go accepts in one query. */
  private static final int PARAMETERS_MAX = 10_000;

  private UrlBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("urlquery.encode", a -> GoUrl.escape(Rego.string(a[0]), GoUrl.Part.QUERY));
    table.put("urlquery.decode", a -> GoUrl.unescape(Rego.string(a[0]), GoUrl.Part.QUERY));
    table.put("urlquery.encode_object", a -> encodeObject(Rego.object(a[0])));
    table.put("urlquery.decode_object", a -> decodeObject(Rego.string(a[0])));
    table.put("uri.parse", a -> parse(GoUrl.parse(Rego.string(a[0]))));
    table.put("uri.is_valid", a -> a[0] instanceof String text && isValid(text));
  }

  private static String encodeObject(Map<?, ?> object) throws BuiltinException {
    StringJoiner out = new StringJoiner("&");
    for (Object key : Rego.sorted(object.keySet())) {
      Object values = object.get(key);
      for (String value : Rego.strings(values instanceof Set<?> set ? Rego.sorted(set) : values)) {
        out.add(
            GoUrl.escape(Rego.string(key), GoUrl.Part.QUERY)
                + "="
                + GoUrl.escape(value, GoUrl.Part.QUERY));
      }
    }
    return out.toString();
  }

  private static Object decodeObject(String query) throws BuiltinException {
    Map<Object, List<Object>> object = new LinkedHashMap<>();
    String[] pairs = query.split("&", -1);
    if (pairs.length > PARAMETERS_MAX) {
      throw new BuiltinException("urlquery: more than " + PARAMETERS_MAX + " parameters");
    }
    for (String pair : pairs) {
      if (pair.contains(";")) {
        throw new BuiltinException("urlquery: invalid semicolon separator");
      }
      if (!pair.isEmpty()) {
        int equals = pair.indexOf('=');
        String key = equals < 0 ? pair : pair.substring(0, equals);
        String value = equals < 0 ? "" : pair.substring(equals + 1);
        object
            .computeIfAbsent(GoUrl.unescape(key, GoUrl.Part.QUERY), k -> new ArrayList<>())
            .add(GoUrl.unescape(value, GoUrl.Part.QUERY));
      }
    }
    return object;
  }

  private static Object parse(GoUrl url) {
    Map<Object, Object> parts = new LinkedHashMap<>();
    put(parts, "scheme", url.scheme());
    put(parts, "hostname", url.hostname());
    put(parts, "port", url.port());
    put(parts, "path", url.path());
    put(parts, "raw_path", url.rawPath());
    put(parts, "raw_query", url.rawQuery());
    put(parts, "fragment", url.fragment());
    return parts;
  }

  private static void put(Map<Object, Object> parts, String name, String value) {
    if (!value.isEmpty()) {
      parts.put(name, value);
    }
  }

  private static boolean isValid(String text) {
    try {
      GoUrl.parse(text);
      return !text.isEmpty();
    } catch (BuiltinException e) {
      return false;
    }
  }
}
