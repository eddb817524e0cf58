package dev.interdict.eval;

import dev.interdict.eval.Builtin.BuiltinException;
import java.util.Map;

/** {@code yaml.*}, as go.yaml.in/yaml/v3 has them by way of JSON. */
final class YamlBuiltins {
  private YamlBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("yaml.marshal", a -> new YamlText().write(a[0]));
    table.put("yaml.unmarshal", a -> YamlValues.read(Rego.string(a[0])));
    table.put("yaml.is_valid", a -> a[0] instanceof String text && isValid(text));
  }

  private static boolean isValid(String text) {
    try {
      YamlValues.read(text);
      return true;
    } catch (BuiltinException e) {
      return false;
    }
  }
}
