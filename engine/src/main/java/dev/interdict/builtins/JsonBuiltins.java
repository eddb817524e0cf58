package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code json.patch} and {@code json.marshal_with_options}. */
final class JsonBuiltins {
  private static final Set<String> OPTIONS = Set.of("prefix", "indent", "pretty");

  private JsonBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("json.patch", a -> patch(a[0], Rego.array(a[1])));
    table.put("json.marshal_with_options", a -> marshal(a[0], Rego.object(a[1])));
  }

  private static String marshal(Object value, Map<?, ?> options) throws BuiltinException {
    if (!OPTIONS.containsAll(options.keySet())) {
      throw new BuiltinException("json.marshal_with_options: unknown option");
    }
    boolean hinted = options.containsKey("prefix") || options.containsKey("indent");
    if (!Rego.bool(options.containsKey("pretty") ? options.get("pretty") : (Object) hinted)) {
      return new JsonText(null, null).write(value);
    }
    String prefix = options.containsKey("prefix") ? Rego.string(options.get("prefix")) : "";
    String indent = options.containsKey("indent") ? Rego.string(options.get("indent")) : "\t";
    return prefix + new JsonText(prefix, indent).write(value);
  }

  private static Object patch(Object document, List<?> operations) throws BuiltinException {
    Object patched = document;
    for (Object operation : operations) {
      Rego.checkInterrupt();
      patched = apply(Rego.object(operation), patched);
    }
    return patched;
  }

  private static Object apply(Map<?, ?> operation, Object document) throws BuiltinException {
    List<?> path = JsonPatch.path(member(operation, "path"));
    return switch (Rego.string(member(operation, "op"))) {
      case "add" -> JsonPatch.add(document, path, member(operation, "value"));
      case "remove" -> JsonPatch.remove(document, path);
      case "replace" ->
          JsonPatch.add(JsonPatch.remove(document, path), path, member(operation, "value"));
      case "move" -> {
        List<?> from = JsonPatch.path(member(operation, "from"));
        Object moved = JsonPatch.get(document, from);
        yield JsonPatch.add(JsonPatch.remove(document, from), path, moved);
      }
      case "copy" -> {
        Object copied = JsonPatch.get(document, JsonPatch.path(member(operation, "from")));
        yield JsonPatch.add(document, path, copied);
      }
      case "test" -> {
        if (Rego.compare(JsonPatch.get(document, path), member(operation, "value")) != 0) {
          throw new BuiltinException("json.patch: a test failed");
        }
        yield document;
      }
      default -> throw new BuiltinException("json.patch: unknown operation");
    };
  }

  private static Object member(Map<?, ?> operation, String name) throws BuiltinException {
    Object value = operation.get(name);
    if (value == null) {
      throw new BuiltinException("json.patch: an operation without " + name);
    }
    return value;
  }
}
