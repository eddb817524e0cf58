package dev.interdict.eval;

import dev.interdict.builtins.Builtin;
import dev.interdict.builtins.Builtins;
import dev.interdict.builtins.JsonText;
import dev.interdict.builtins.Numbers;
import dev.interdict.builtins.Rego;
import dev.interdict.compile.CompiledPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** One of OPA's cases, as {@code cases.go} gives it, run as OPA runs it on its own host. */
record OpaCase(JsonNode json) {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final int MEMORY = 64 << 20;

  String note() {
    return json.get("note").asString();
  }

  String folder() {
    return json.get("folder").asString();
  }

  /** The builtin it needs that is not offered; empty: none. */
  String builtin() {
    return json.path("builtin").asString("");
  }

  /** Its name and the like, without the module. */
  OpaCase withoutModule() {
    ObjectNode small = JSON.createObjectNode();
    for (String name : List.of("note", "folder", "builtin")) {
      small.set(name, json.path(name));
    }
    return new OpaCase(small);
  }

  /** What is wrong with our answer; empty if it is OPA's. */
  String run() {
    if (json.has("error")) {
      return "does not compile: " + json.get("error").asString();
    }
    Object result;
    try {
      result = evaluate();
    } catch (OpaInstance.Abort e) {
      return expectsError() ? "" : "abort: " + e.getMessage();
    } catch (Exception e) {
      return e.toString();
    }
    List<Object> rows = new ArrayList<>();
    ((Set<?>) result).forEach(row -> rows.add(binding(plain(row))));
    if (expectsError()) {
      return "no error, but " + rows;
    }
    if (!json.get("defined").isNull()) {
      return rows.isEmpty() != json.get("defined").asBoolean() ? "" : "rows: " + rows;
    }
    // An error that only strictness shows leaves nothing.
    List<Object> want = new ArrayList<>();
    json.get("want").forEach(row -> want.add(binding(value(row))));
    return sameSets(want, rows) ? "" : "got " + rows + ", want " + want;
  }

  private boolean expectsError() {
    return json.has("code")
        && !json.path("strict").asBoolean()
        && !json.get("want").isArray()
        && json.get("defined").isNull();
  }

  private Object evaluate() throws Exception {
    OpaModule module = OpaModule.interpreted(note(), json.get("wasm").binaryValue());
    OpaInstance instance = new OpaInstance(module, MEMORY);
    Builtin[] table = new Builtin[1024];
    for (Map.Entry<?, ?> wanted : instance.names("builtins").entrySet()) {
      String name = (String) wanted.getKey();
      Builtin builtin = Builtins.find(name);
      if (builtin == null) {
        throw new IllegalStateException("no builtin " + name);
      }
      table[((Long) wanted.getValue()).intValue()] = builtin;
    }
    instance.link(table);
    instance.prepare(JSON.writeValueAsBytes(json.get("data")), CompiledPolicy.NO_TABLES, 0);
    int input = json.has("input") ? instance.writer().write(typed(json.get("input"))) : 0;
    return instance.values().read(instance.evaluate(input, instance.heapPointer()), 4 << 20);
  }

  private static boolean sameSets(List<Object> a, List<Object> b) {
    Set<Object> left = new TreeSet<>(Rego::compare);
    left.addAll(a);
    Set<Object> right = new TreeSet<>(Rego::compare);
    right.addAll(b);
    return Rego.compare(List.copyOf(left), List.copyOf(right)) == 0;
  }

  /* Where a case says so, the order of a variable's array does not matter. */
  private Object binding(Object row) {
    if (!json.get("sorted").asBoolean()) {
      return row;
    }
    Map<Object, Object> sorted = new TreeMap<>(Rego::compare);
    ((Map<?, ?>) row).forEach((k, v) -> sorted.put(k, v instanceof List<?> l ? Rego.sorted(l) : v));
    return sorted;
  }

  /* As it is in JSON: sets are sorted arrays there, and all keys text. */
  private static Object plain(Object value) {
    return switch (value) {
      case Set<?> set -> Rego.sorted(set.stream().map(OpaCase::plain).toList());
      case List<?> list -> list.stream().map(OpaCase::plain).toList();
      case Map<?, ?> map -> {
        Map<Object, Object> all = new TreeMap<>(Rego::compare);
        JsonText.textKeys(map).forEach((k, v) -> all.put(k, plain(v)));
        yield all;
      }
      default -> value;
    };
  }

  /** Plain JSON. */
  static Object value(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> {
        Map<Object, Object> map = new TreeMap<>(Rego::compare);
        node.properties().forEach(e -> map.put(e.getKey(), value(e.getValue())));
        yield map;
      }
      case ARRAY -> node.valueStream().map(OpaCase::value).toList();
      case STRING -> node.asString();
      case BOOLEAN -> node.asBoolean();
      case NUMBER -> Numbers.parse(node.asString());
      default -> Rego.Null.NULL;
    };
  }

  /* See cases.go. */
  private static Object typed(JsonNode node) {
    List<JsonNode> parts = node.valueStream().skip(1).toList();
    return switch (node.get(0).asString()) {
      case "array" -> parts.stream().map(OpaCase::typed).toList();
      case "set" -> {
        Set<Object> set = new TreeSet<>(Rego::compare);
        parts.forEach(part -> set.add(typed(part)));
        yield set;
      }
      case "object" -> {
        Map<Object, Object> map = new TreeMap<>(Rego::compare);
        for (int i = 0; i < parts.size(); i += 2) {
          map.put(typed(parts.get(i)), typed(parts.get(i + 1)));
        }
        yield map;
      }
      case "null" -> Rego.Null.NULL;
      default -> value(parts.getFirst());
    };
  }
}
