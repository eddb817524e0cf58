package dev.interdict.compile;

import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The JSON Schemas of {@code input}, one for each hook: the contract with policy authors. */
public final class Schemas {
  private static final Map<String, byte[]> ALL = load();

  private Schemas() {}

  /** All of them, UTF-8, by the hook's id; nobody may write to the arrays. */
  public static Map<String, byte[]> all() {
    return ALL;
  }

  /** Whether all that can be read with this set is in the input of some hook. */
  public static boolean have(ReadSet reads) {
    List<JsonNode> schemas =
        ALL.values().stream().map(json -> JsonMapper.shared().readTree(json)).toList();
    return reads.paths().stream()
        .allMatch(
            path ->
                path.isEmpty()
                    || path.equals(ReadSet.MOMENT)
                    || schemas.stream().anyMatch(schema -> has(schema, path)));
  }

  private static boolean has(JsonNode schema, String path) {
    JsonNode at = schema;
    for (String name : path.split("\\.", -1)) {
      if (!at.has("properties")) {
        return true; // it is below a field
      }
      at = at.path("properties").path(name);
      if (at.isMissingNode()) {
        return false;
      }
    }
    return true;
  }

  private static Map<String, byte[]> load() {
    Map<String, byte[]> all = new TreeMap<>();
    for (Hook hook : Hook.values()) {
      String name = "/dev/interdict/policies/schema/" + hook.id() + ".json";
      try (InputStream in = Schemas.class.getResourceAsStream(name)) {
        if (in == null) {
          throw new IOException("no resource " + name);
        }
        all.put(hook.id(), in.readAllBytes());
      } catch (IOException e) {
        throw new UncheckedIOException("the schemas in the class path are damaged", e);
      }
    }
    return Collections.unmodifiableMap(all);
  }
}
