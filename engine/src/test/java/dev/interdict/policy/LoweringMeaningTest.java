package dev.interdict.policy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.NativeRego;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/**
 * Generated rules mean the same in WebAssembly as in a few lines of Java that know nothing of Rego,
 * on generated events, facts missing among them.
 */
class LoweringMeaningTest {
  private static final int POLICIES = 3;
  private static final int RULES = 80;
  private static final int EVENTS = 400;
  private static final Path CLASSES = Path.of("../.cache/library-classes").toAbsolutePath();

  /** A condition as YAML in one line, with its meaning. */
  private record Sample(String yaml, Predicate<Map<String, Object>> meaning) {}

  @TempDir static Path temp;
  private final Random random = new Random(20261124);

  private static final List<String> PATHS =
      List.of("/etc/shadow", "/etc/passwd", "/usr/bin/ls", "/usr/bin/cat", "/tmp/a.so", "/tmp/b/c");

  /** One is a file, and one only begins like others. */
  private static final List<String> FOLDERS =
      List.of("/usr", "/usr/bin", "/tmp/b", "/tmp/a.so", "/us", "/etc/pass");

  private static final List<String> ACCESS = List.of("read", "write", "append", "create");

  @Test
  void generatedRulesMeanTheSameInWasmAsInJava() throws Exception {
    RegoCompiler compiler = NativeRego.compiler(temp);
    for (int i = 0; i < POLICIES; i++) {
      List<Sample> samples = new ArrayList<>();
      StringBuilder rules = new StringBuilder();
      for (int n = 0; n < RULES; n++) {
        boolean file = random.nextInt(4) > 0;
        Sample sample = conjunction(3, file);
        samples.add(sample);
        rules
            .append("- {deny: ")
            .append(sample.yaml)
            .append(", reason: \"r")
            .append(n)
            .append("\"}\n");
      }
      PolicySource source = withData(Sources.rules("file_open, socket_connect", rules.toString()));
      Policy policy = PolicyParser.parse(source).orThrow();
      Compilation compilation = compiler.compile(policy);
      assertEquals(List.of(), compilation.diagnostics());
      PolicyModule module = PolicyModule.load(compilation.compiled(), CLASSES);
      try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
        for (int e = 0; e < EVENTS; e++) {
          Map<String, Object> facts = event();
          Collection<String> expected = new TreeSet<>();
          for (int n = 0; n < RULES; n++) {
            if (samples.get(n).meaning.test(facts)) {
              expected.add("r" + n);
            }
          }
          byte[] input = JsonMapper.shared().writeValueAsBytes(nested(facts));
          Collection<String> said = new TreeSet<>(evaluator.evaluate(input).deny());
          assertEquals(
              expected, said, () -> new String(input, UTF_8) + "\n" + rules + policy.rego());
        }
      }
    }
  }

  /**
   * A port that is missing is neither equal to one nor above or below it, and its negation holds.
   */
  @Test
  void aComparisonOfFactsOfWhichOneIsMissingIsFalse() throws Exception {
    List<String> operators = List.of("", "gt", "ge", "lt", "le");
    StringBuilder rules = new StringBuilder();
    for (String operator : operators) {
      String fact = "{fact: packet.destination.port}";
      String yaml =
          "packet.source.port: " + (operator.isEmpty() ? fact : "{" + operator + ": " + fact + "}");
      rules.append("- {deny: {").append(yaml).append("}, reason: \"is").append(operator);
      rules
          .append("\"}\n- {deny: {not: {")
          .append(yaml)
          .append("}}, reason: \"not")
          .append(operator);
      rules.append("\"}\n");
    }
    Policy policy = PolicyParser.parse(Sources.rules("xdp_ingress", rules.toString())).orThrow();
    Compilation compilation = NativeRego.compiler(temp).compile(policy);
    assertEquals(List.of(), compilation.diagnostics());
    assertEquals(
        Set.of("packet.source.port", "packet.destination.port"),
        Set.copyOf(compilation.compiled().reads().paths()));
    PolicyModule module = PolicyModule.load(compilation.compiled(), CLASSES);
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      for (Long source : new Long[] {null, 1L, 2L}) {
        for (Long destination : new Long[] {null, 1L, 2L}) {
          Map<String, Object> facts = new TreeMap<>(Map.of("hook", "xdp_ingress"));
          if (source != null) {
            facts.put("packet.source.port", source);
          }
          if (destination != null) {
            facts.put("packet.destination.port", destination);
          }
          Collection<String> expected = new TreeSet<>();
          for (String operator : operators) {
            boolean both = source != null && destination != null;
            boolean holds = both && holds(operator, source, destination);
            expected.add((holds ? "is" : "not") + operator);
          }
          byte[] input = JsonMapper.shared().writeValueAsBytes(nested(facts));
          assertEquals(
              expected,
              new TreeSet<>(evaluator.evaluate(input).deny()),
              () -> facts + "\n" + policy.rego());
        }
      }
    }
  }

  private static PolicySource withData(PolicySource source) {
    return Sources.folder(
        "policy.yaml",
        new String(source.files().get("policy.yaml"), UTF_8),
        "data.json",
        "{\"paths\": [\"/etc/shadow\", \"/usr/bin/cat\"], \"ids\": [0, 33],"
            + " \"few\": [\"/usr/bin\", \"/tmp/a.so\"], \"folders\": [\"/tmp/a.so\", \"/usr/bin\","
            + " \"/a/b/c\", \"/a/b/d\", \"/a/b/e\", \"/c/d/e/f\", \"/g/d/e/f\", \"/etc/shado\"]}");
  }

  private Sample conjunction(int depth, boolean file) {
    Map<String, Sample> parts = new TreeMap<>();
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      Sample part = condition(depth, file);
      parts.put(part.yaml.substring(0, part.yaml.indexOf(':')), part);
    }
    // A rule about files is tried at file_open only, one about sockets at socket_connect only.
    String anchor = file ? "file.uid" : "socket.port";
    parts.put(anchor, number(anchor));
    String hook = file ? "file_open" : "socket_connect";
    List<Sample> all = List.copyOf(parts.values());
    return new Sample(
        "{" + String.join(", ", all.stream().map(Sample::yaml).toList()) + "}",
        facts ->
            facts.get("hook").equals(hook) && all.stream().allMatch(p -> p.meaning.test(facts)));
  }

  private Sample condition(int depth, boolean file) {
    int kind = random.nextInt(depth > 0 ? 11 : 6);
    return switch (kind) {
      case 0, 1 -> string(file ? "file.path" : "process.exe.path");
      case 2 -> string("process.exe.path");
      case 3 -> number("process.uid");
      case 4 -> file ? access() : address();
      case 5 -> file ? flag() : number("socket.port");
      case 10 ->
          random.nextBoolean()
              ? facts("process.uid", file ? "file.uid" : "process.euid")
              : facts("process.euid", "process.uid");
      case 6, 7 -> {
        Sample inner = conjunction(depth - 1, file);
        yield new Sample("not: " + inner.yaml, inner.meaning.negate().or(f -> !known(f, file)));
      }
      default -> {
        List<Sample> items = new ArrayList<>();
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
          items.add(conjunction(depth - 1, file));
        }
        String word = kind == 8 ? "any" : "all";
        String list = String.join(", ", items.stream().map(Sample::yaml).toList());
        yield new Sample(
            word + ": [" + list + "]",
            f ->
                word.equals("any")
                    ? items.stream().anyMatch(i -> i.meaning.test(f))
                    : items.stream().allMatch(i -> i.meaning.test(f)));
      }
    };
  }

  private static boolean known(Map<String, Object> facts, boolean file) {
    return facts.get("hook").equals(file ? "file_open" : "socket_connect");
  }

  private Sample string(String fact) {
    String a = pick(PATHS);
    String b = pick(PATHS);
    String set = "[" + a + ", " + b + "]";
    return switch (random.nextInt(15)) {
      case 14 ->
          text(
              fact,
              "{under: {data: " + (random.nextBoolean() ? "folders" : "few") + "}}",
              v -> v.startsWith("/usr/bin/") || v.equals("/tmp/a.so"));
      case 11 ->
          text(
              fact,
              "{contains: " + a.substring(2, 6) + "}",
              v -> v.indexOf(a.substring(2, 6)) >= 0);
      case 12 ->
          text(fact, "{contains: [/b, dow]}", v -> v.indexOf("/b") >= 0 || v.indexOf("dow") >= 0);
      case 13 -> {
        String folder = pick(FOLDERS);
        String other = pick(FOLDERS);
        yield text(
            fact,
            "{under: [" + folder + ", " + other + "]}",
            v -> within(v, folder) || within(v, other));
      }
      case 0 -> text(fact, a, v -> v.equals(a));
      case 1 -> text(fact, "{in: " + set + "}", v -> v.equals(a) || v.equals(b));
      case 2 -> negated(fact, "{notIn: " + set + "}", v -> v.equals(a) || v.equals(b));
      case 3 ->
          text(
              fact,
              "{prefix: [/tmp/, /etc/]}",
              v -> v.startsWith("/tmp/") || v.startsWith("/etc/"));
      case 4 -> text(fact, "{suffix: " + a.substring(2) + "}", v -> v.endsWith(a.substring(2)));
      case 5 ->
          text(fact, "{glob: [\"/tmp/*\", \"/usr/**\"]}", v -> v.matches("/tmp/[^/]*|/usr/.*"));
      case 6 -> text(fact, "{regex: '^/(etc|tmp)/[a-z.]+$'}", v -> v.matches("/(etc|tmp)/[a-z.]+"));
      case 7 -> text(fact, "{exists: true}", v -> true);
      case 8 -> negated(fact, "{exists: false}", v -> true);
      case 9 ->
          text(
              fact,
              "{in: {data: paths}}",
              v -> v.equals("/etc/shadow") || v.equals("/usr/bin/cat"));
      default ->
          negated(
              fact,
              "{notIn: {data: paths}}",
              v -> v.equals("/etc/shadow") || v.equals("/usr/bin/cat"));
    };
  }

  /** By names, not by characters: each name of the folder is one of the path's, from the root. */
  private static boolean within(String path, String folder) {
    List<String> names = List.of(path.split("/", -1));
    List<String> above = List.of(folder.split("/", -1));
    return names.size() >= above.size() && names.subList(0, above.size()).equals(above);
  }

  private static Sample text(String fact, String yaml, Predicate<String> holds) {
    return new Sample(
        fact + ": " + yaml, f -> f.get(fact) instanceof String value && holds.test(value));
  }

  private static Sample negated(String fact, String yaml, Predicate<String> holds) {
    return new Sample(
        fact + ": " + yaml, f -> !(f.get(fact) instanceof String value && holds.test(value)));
  }

  private Sample number(String fact) {
    long a = random.nextInt(4) * 11L;
    long b = random.nextInt(4) * 11L;
    record Comparison(String yaml, Predicate<Long> holds) {}
    Comparison c =
        switch (random.nextInt(7)) {
          case 6 ->
              new Comparison(
                  "{range: [%s, %s]}"
                      .formatted(named(fact, Math.min(a, b)), named(fact, Math.max(a, b))),
                  v -> v >= Math.min(a, b) && v <= Math.max(a, b));
          case 0 -> new Comparison(named(fact, a), v -> v == a);
          case 1 -> new Comparison("{gt: %d, le: %d}".formatted(a, b), v -> v > a && v <= b);
          case 2 -> new Comparison("{lt: %d}".formatted(a), v -> v < a);
          case 3 -> new Comparison("{ge: %d}".formatted(a), v -> v >= a);
          case 4 -> new Comparison("{in: {data: ids}}", v -> v == 0 || v == 33);
          default -> new Comparison("{notIn: [%d, %d]}".formatted(a, b), v -> v != a && v != b);
        };
    return new Sample(
        fact + ": " + c.yaml, f -> f.get(fact) instanceof Long value && c.holds.test(value));
  }

  /** A port by the name that it has. */
  private static String named(String fact, long number) {
    return fact.equals("socket.port") && number == 22 ? "ssh" : String.valueOf(number);
  }

  private Sample facts(String fact, String other) {
    String operator = pick(List.of("", "gt", "ge", "lt", "le"));
    String yaml = "{fact: " + other + "}";
    return new Sample(
        fact + ": " + (operator.isEmpty() ? yaml : "{" + operator + ": " + yaml + "}"),
        f ->
            f.get(fact) instanceof Long a
                && f.get(other) instanceof Long b
                && holds(operator, a, b));
  }

  private static boolean holds(String operator, long a, long b) {
    return switch (operator) {
      case "gt" -> a > b;
      case "ge" -> a >= b;
      case "lt" -> a < b;
      case "le" -> a <= b;
      default -> a == b;
    };
  }

  private Sample access() {
    String a = pick(ACCESS);
    String b = pick(ACCESS);
    return switch (random.nextInt(3)) {
      case 0 -> new Sample("access: " + a, f -> accesses(f).contains(a));
      case 1 ->
          new Sample(
              "access: {in: [" + a + ", " + b + "]}",
              f -> accesses(f).contains(a) || accesses(f).contains(b));
      default ->
          new Sample(
              "access: {notIn: [" + a + ", " + b + "]}",
              f -> !accesses(f).contains(a) && !accesses(f).contains(b));
    };
  }

  private static List<?> accesses(Map<String, Object> facts) {
    return (List<?>) facts.get("access");
  }

  private Sample flag() {
    boolean wanted = random.nextBoolean();
    return new Sample(
        "file.deleted: " + wanted, f -> f.get("file.deleted") instanceof Boolean b && b == wanted);
  }

  private Sample address() {
    return random.nextBoolean()
        ? text(
            "socket.address",
            "{cidr: [10.0.0.0/8, \"fd00::/8\"]}",
            v -> v.startsWith("10.") || v.startsWith("fd"))
        : text(
            "socket.address",
            "{in: [10.1.2.3, \"::1\"]}",
            v -> v.equals("10.1.2.3") || v.equals("::1"));
  }

  private Map<String, Object> event() {
    Map<String, Object> facts = new TreeMap<>();
    boolean file = random.nextInt(4) > 0;
    facts.put("hook", file ? "file_open" : "socket_connect");
    facts.put("process.uid", random.nextInt(4) * 11L);
    facts.put("process.euid", random.nextInt(4) * 11L);
    if (random.nextInt(4) > 0) {
      facts.put("process.exe.path", pick(PATHS));
    }
    if (!file) {
      facts.put("access", List.of("connect"));
      facts.put("socket.port", random.nextInt(4) * 11L);
      facts.put(
          "socket.address", pick(List.of("10.1.2.3", "11.0.0.1", "fd00::1", "::1", "2001:db8::1")));
      return facts;
    }
    facts.put("access", ACCESS.stream().filter(a -> random.nextBoolean()).toList());
    facts.put("file.uid", random.nextInt(4) * 11L);
    facts.put("file.deleted", random.nextBoolean());
    if (random.nextInt(4) > 0) {
      facts.put("file.path", pick(PATHS));
    }
    return facts;
  }

  private <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  @SuppressWarnings("unchecked") // the maps are those made here
  private static Map<String, Object> nested(Map<String, Object> facts) {
    Map<String, Object> root =
        new TreeMap<>(Map.of("process", new TreeMap<>(Map.of("exe", new TreeMap<>()))));
    facts.forEach(
        (path, value) -> {
          Map<String, Object> map = root;
          String[] names = path.split("\\.", -1);
          for (int i = 0; i < names.length - 1; i++) {
            map = (Map<String, Object>) map.computeIfAbsent(names[i], n -> new TreeMap<>());
          }
          map.put(names[names.length - 1], value);
        });
    return root;
  }
}
