package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.compile.Schemas;
import dev.interdict.event.Hook;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The reference page of all facts is what the schemas say. When this fails, the page as it should
 * be is {@code engine/target/fields.md}: {@code cp engine/target/fields.md
 * policies/schema/README.md}.
 */
class FieldsPageTest {
  private static final Path PAGE = Path.of("../policies/schema/README.md");
  private static final String HEAD =
      """
      # The facts of every hook

      What `input` holds, hook by hook: the page is made from the schemas beside it, and a test keeps it so
      (`cp engine/target/fields.md policies/schema/README.md` after that has failed).

      *Absent*: whether the fact can be missing; a comparison of it is false then, and its negation true (in Rego of your own, see
      [Absent facts](../README.md#rules)). *Per process*: reading it makes the kernel ask for every process anew. All ids and numbers are those
      of the initial namespaces.
      """;

  /** One row, and the hooks it is true of. */
  private record Row(String path, String type, boolean absent, boolean perProcess, String what) {}

  @Test
  void thePageMustSayWhatTheSchemasSay() throws IOException {
    StringBuilder page = new StringBuilder(HEAD);
    page.append("\n## Hooks\n\n| hook | what happens |\n|---|---|\n");
    Map<Row, List<String>> rows = new LinkedHashMap<>();
    for (Hook hook : Hook.values()) {
      JsonNode schema = JsonMapper.shared().readTree(Schemas.all().get(hook.id()));
      page.append("| `%s` | %s |\n".formatted(hook.id(), schema.get("description").asString()));
      collect(hook, "", schema, false, rows);
    }
    List<String> parts = rows.keySet().stream().map(FieldsPageTest::part).distinct().toList();
    for (String part : parts) {
      page.append(part.isEmpty() ? "\n## Every hook\n\n" : "\n## " + part + "\n\n");
      page.append(
          "| fact | hooks | type | absent | per process | what it is |\n|---|---|---|---|---|---|\n");
      rows.forEach(
          (row, hooks) -> {
            if (part(row).equals(part)) {
              page.append(line(row, hooks));
            }
          });
    }
    page.append(decision());
    Files.writeString(Path.of("target/fields.md"), page);
    assertEquals(page.toString(), Files.readString(PAGE), "see target/fields.md");
  }

  private static String part(Row row) {
    int dot = row.path().indexOf('.');
    return dot < 0 ? "" : row.path().substring(0, dot);
  }

  private static String line(Row row, List<String> hooks) {
    boolean every = hooks.size() == Hook.values().length;
    return "| `%s` | %s | %s | %s | %s | %s |%n"
        .formatted(
            row.path(),
            every ? "all" : String.join(", ", hooks),
            row.type(),
            row.absent() ? "yes" : "",
            row.perProcess() ? "**yes**" : "",
            row.what());
  }

  private static String decision() throws IOException {
    JsonNode schema = JsonMapper.shared().readTree(Path.of("../policies/schema/decision.json"));
    StringBuilder text = new StringBuilder("\n## The decision\n\n");
    text.append(schema.get("description").asString())
        .append("\n\n| set | what it is |\n|---|---|\n");
    schema
        .get("properties")
        .properties()
        .forEach(
            p ->
                text.append(
                    "| `%s` | %s |\n"
                        .formatted(p.getKey(), p.getValue().get("description").asString())));
    return text.toString();
  }

  private static void collect(
      Hook hook, String prefix, JsonNode schema, boolean absent, Map<Row, List<String>> rows) {
    List<String> required = texts(schema.path("required")).toList();
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      String path = prefix + property.getKey();
      JsonNode field = property.getValue();
      boolean missing = absent || !required.contains(property.getKey());
      if (field.has("properties")) {
        collect(hook, path + ".", field, missing, rows);
        continue;
      }
      boolean perProcess =
          KeyFields.of(hook).get(path).places().stream().anyMatch(p -> p.name().equals("image"));
      boolean same = path.equals("hook"); // each hook has its own word for itself
      String what = same ? "The hook that asks." : field.get("description").asString();
      Row row = new Row(path, same ? hooks() : type(field), missing, perProcess, what);
      rows.computeIfAbsent(row, r -> new ArrayList<>()).add(hook.id());
    }
  }

  private static String hooks() {
    return words(Stream.of(Hook.values()).map(Hook::id));
  }

  private static String type(JsonNode field) {
    JsonNode values = field.has("items") ? field.get("items") : field;
    String set = field.has("items") ? "a set of: " : "";
    if (values.has("enum")) {
      return set + words(texts(values.get("enum")));
    }
    if (field.has("names")) {
      return words(field.get("names").valueStream().map(JsonNode::asString)) + ", or a number";
    }
    if (field.has("maximum")) {
      return "%s to %s".formatted(field.get("minimum"), field.get("maximum"));
    }
    if (field.has("pattern")) {
      return "string like `" + field.get("pattern").asString() + "`";
    }
    return field.get("type").asString();
  }

  private static String words(Stream<String> words) {
    return String.join(", ", words.map(w -> "`" + w + "`").toList());
  }

  private static Stream<String> texts(JsonNode array) {
    return array.valueStream().map(JsonNode::asString);
  }
}
