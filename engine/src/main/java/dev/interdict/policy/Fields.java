package dev.interdict.policy;

import dev.interdict.event.Hook;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The facts of each hook, read once from the published schemas. Immutable. */
final class Fields {
  private static final String SCHEMAS = "/dev/interdict/policies/schema/";
  private static final Map<Hook, Map<String, Field>> BY_HOOK = load();

  private Fields() {}

  /** The facts of {@code hook} by path. */
  static Map<String, Field> of(Hook hook) {
    return BY_HOOK.get(hook);
  }

  /** The facts that at least one of {@code hooks} has. */
  static Map<String, Field> of(Collection<Hook> hooks) {
    Map<String, Field> union = new TreeMap<>();
    for (Hook hook : hooks) {
      of(hook).forEach((path, field) -> union.merge(path, field, Field::or));
    }
    return union;
  }

  /** The hooks that have the fact {@code path}. */
  static List<String> hooksWith(String path) {
    List<String> ids = new ArrayList<>();
    BY_HOOK.forEach(
        (hook, fields) -> {
          if (fields.containsKey(path)) {
            ids.add(hook.id());
          }
        });
    return ids;
  }

  private static Map<Hook, Map<String, Field>> load() {
    Map<Hook, Map<String, Field>> all = new EnumMap<>(Hook.class);
    for (Hook hook : Hook.values()) {
      String resource = SCHEMAS + hook.id() + ".json";
      try (InputStream in = Fields.class.getResourceAsStream(resource)) {
        if (in == null) {
          throw new IllegalStateException("the schema " + resource + " is not on the class path");
        }
        Map<String, Field> fields = new TreeMap<>();
        collect("", JsonMapper.shared().readTree(in), false, fields);
        all.put(hook, Collections.unmodifiableMap(fields));
      } catch (IOException e) {
        throw new UncheckedIOException("reading the schema " + resource, e);
      }
    }
    return Collections.unmodifiableMap(all);
  }

  private static void collect(
      String path, JsonNode schema, boolean optional, Map<String, Field> fields) {
    String type = schema.path("type").asString();
    if (!type.equals("object")) {
      fields.put(path, leaf(path, type, schema, optional));
      return;
    }
    List<String> required = strings(schema.path("required"));
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      String name = property.getKey();
      collect(
          path.isEmpty() ? name : path + "." + name,
          property.getValue(),
          optional || !required.contains(name),
          fields);
    }
  }

  private static Field leaf(String path, String type, JsonNode schema, boolean optional) {
    Field.Type fieldType =
        switch (type) {
          case "string" -> Field.Type.STRING;
          case "integer" -> Field.Type.INTEGER;
          case "boolean" -> Field.Type.BOOLEAN;
          case "array" -> Field.Type.STRINGS;
          default -> throw new IllegalStateException("schema of " + path + ": type " + type);
        };
    JsonNode values = fieldType == Field.Type.STRINGS ? schema.path("items") : schema;
    JsonNode pattern = values.path("pattern");
    return new Field(
        path,
        fieldType,
        strings(values.path("enum")),
        names(schema.path("names")),
        pattern.isMissingNode() ? null : Pattern.compile(pattern.asString()),
        schema.path("minimum").asLong(Long.MIN_VALUE),
        schema.path("maximum").asLong(Long.MAX_VALUE),
        optional);
  }

  private static Map<String, String> names(JsonNode object) {
    Map<String, String> names = new TreeMap<>();
    object.properties().forEach(e -> names.put(e.getKey(), e.getValue().asString()));
    return Collections.unmodifiableMap(names);
  }

  private static List<String> strings(JsonNode array) {
    List<String> strings = new ArrayList<>();
    array.forEach(item -> strings.add(item.asString()));
    return List.copyOf(strings);
  }
}
