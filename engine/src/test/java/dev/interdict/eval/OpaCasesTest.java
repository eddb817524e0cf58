package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.GoProgram;
import java.io.BufferedReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** OPA's own cases for the builtins that the host computes, unedited. */
class OpaCasesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Folders of OPA's cases. */
  private static final List<String> FOLDERS =
      List.of(
          "cryptohmacequal",
          "cryptohmacmd5",
          "cryptohmacsha1",
          "cryptohmacsha256",
          "cryptohmacsha512",
          "cryptomd5",
          "cryptosha1",
          "cryptosha256",
          "globquotemeta",
          "hexbuiltins",
          "netcidrcontainsmatches",
          "netcidrexpand",
          "netcidrisvalid",
          "netcidrmerge",
          "numbersrangestep",
          "reachable",
          "regexfind",
          "regexmatchtemplate",
          "regexreplace",
          "regexsplit",
          "semvercompare",
          "semverisvalid",
          "sprintf",
          "strings",
          "subset",
          "time",
          "units");

  /** Cases whose answer differs on purpose, each with its reason. */
  private static final Map<String, String> DIFFERENT =
      Map.of(
          "strings/format_int: bignum exact (>64-bit integer, all bases + negative)",
          "inside the module: OPA's own C code aborts, which ends the evaluation");

  @Test
  void hostBuiltinsAnswerAsOpaDoes() throws Exception {
    Map<String, String> wrong = new TreeMap<>();
    Set<String> unsupported = new TreeSet<>();
    int passed = 0;
    Process cases = GoProgram.opaCases(FOLDERS);
    try (BufferedReader lines = cases.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode c = JSON.readTree(line);
        String note = c.get("note").asString();
        String verdict;
        try {
          verdict = run(c, unsupported);
        } catch (RuntimeException e) {
          verdict = e.toString();
        }
        if (verdict.isEmpty()) {
          passed++;
        } else if (!verdict.equals("unsupported") && !DIFFERENT.containsKey(note)) {
          wrong.put(note, verdict);
        }
      }
    }
    assertEquals(0, cases.waitFor());
    System.out.println("OPA's cases: " + passed + " as OPA; builtins not offered: " + unsupported);
    assertEquals(Map.of(), wrong);
    assertTrue(passed > 200, passed + " cases");
  }

  private static String run(JsonNode c, Set<String> unsupported) throws Exception {
    OpaModule module = OpaModule.interpreted(c.get("note").asString(), c.get("wasm").binaryValue());
    OpaInstance instance = new OpaInstance(module, 16 << 20);
    Builtin[] table = new Builtin[1024];
    for (Map.Entry<?, ?> wanted : instance.names("builtins").entrySet()) {
      Builtin builtin = Builtins.find((String) wanted.getKey());
      if (builtin == null) {
        unsupported.add((String) wanted.getKey());
        return "unsupported";
      }
      table[((Long) wanted.getValue()).intValue()] = builtin;
    }
    instance.link(table);
    instance.prepare(JSON.writeValueAsBytes(c.get("data")), 0);
    int input = 0;
    if (c.has("input")) {
      byte[] text = JSON.writeValueAsBytes(c.get("input"));
      input = instance.parseJson(instance.writer().bytes(text), text.length);
    }
    Object result;
    try {
      result = instance.values().read(instance.evaluate(input, instance.heapPointer()), 1 << 20);
    } catch (OpaInstance.Abort e) {
      return c.get("fails").asBoolean() ? "" : "abort: " + e.getMessage();
    }
    List<Object> rows = new ArrayList<>((Set<?>) result);
    if (c.get("fails").asBoolean() || c.get("undefined").asBoolean()) {
      return rows.isEmpty() ? "" : "defined: " + rows;
    }
    if (c.get("want").isNull()) {
      return rows.isEmpty() ? "undefined" : "";
    }
    Object want = fromJson(c.get("want"));
    return Rego.compare(Rego.sorted((List<?>) want), sortedRows(rows)) == 0
        ? ""
        : "got " + rows + ", want " + want;
  }

  private static List<Object> sortedRows(List<Object> rows) {
    List<Object> plain = new ArrayList<>();
    rows.forEach(row -> plain.add(plain(row)));
    return Rego.sorted(plain);
  }

  /* JSON has no sets: they are sorted arrays there. */
  private static Object plain(Object value) {
    return switch (value) {
      case Set<?> set -> plain(Rego.sorted(set));
      case List<?> list -> list.stream().map(OpaCasesTest::plain).toList();
      case Map<?, ?> map -> {
        Map<Object, Object> all = new TreeMap<>(Rego::compare);
        map.forEach((k, v) -> all.put(k, plain(v)));
        yield all;
      }
      default -> value;
    };
  }

  private static Object fromJson(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> {
        Map<Object, Object> map = new TreeMap<>(Rego::compare);
        node.properties().forEach(e -> map.put(e.getKey(), fromJson(e.getValue())));
        yield map;
      }
      case ARRAY -> node.valueStream().map(OpaCasesTest::fromJson).toList();
      case STRING -> node.asString();
      case BOOLEAN -> node.asBoolean();
      case NUMBER -> Numbers.parse(node.asString());
      default -> Values.Null.NULL;
    };
  }
}
