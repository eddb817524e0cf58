package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.event.Names;
import dev.interdict.event.Workload;
import dev.interdict.policy.Cases.Case;
import dev.interdict.policy.Cases.Expected;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** Reads {@code cases.yaml}. */
final class CaseReader {
  private static final String FILE = PolicySource.CASES_YAML;
  private static final List<String> SETS = List.of("deny", "kill", "warn", "label");
  private static final List<String> KEYS =
      Stream.concat(Stream.of("name", "input", "allow"), SETS.stream()).toList();

  private static final String CGROUP = "process.cgroup.path";
  private static final String UNIT = "process.unit";
  private static final String CONTAINER = "process.container.";
  private static final String MODULE = "module.name";
  private static final String SIGNAL = "signal.name";

  /** A word that only the hook of mounts has. */
  private static final String PIVOT = "pivot";

  /** Facts that every event of a hook has, where a case does not name them. */
  private static final Map<String, Object> HARMLESS =
      Map.ofEntries(
          Map.entry("process.pid", 1000L),
          Map.entry("process.uid", 1000L),
          Map.entry("process.gid", 1000L),
          Map.entry("process.exe.dev", "8:1"),
          Map.entry("process.capabilities", List.of()),
          Map.entry("process.namespaces", List.of()),
          Map.entry("peer.uid", 1000L),
          Map.entry("file.dev", "8:1"),
          Map.entry("file.mode", "0644"),
          Map.entry("socket.type", "stream"),
          Map.entry("socket.protocol", "tcp"),
          Map.entry("socket.address", "192.0.2.1"),
          Map.entry("socket.local.address", "192.0.2.1"),
          Map.entry("packet.parsed", true));

  /** Families whose sockets are no streams. */
  private static final Set<String> RAW = Set.of("netlink", "packet", "xdp", "can", "key");

  private final Set<Hook> hooks;
  private final Findings findings;
  private final LiteralCheck literals;

  CaseReader(Set<Hook> hooks, Findings findings) {
    this.hooks = hooks;
    this.findings = findings;
    this.literals = new LiteralCheck(FILE, findings);
  }

  List<Case> read(byte[] yaml) {
    List<Case> cases = new ArrayList<>();
    YamlNode root = YamlReader.read(FILE, yaml, YamlReader.MAX_BYTES, findings);
    if (root == null) {
      return cases;
    }
    Section top = Section.of(FILE, findings, Section.TOP, root, List.of("cases"));
    top.require("cases");
    Map<String, Mark> names = new HashMap<>();
    for (YamlNode item : top.list("cases")) {
      Case one = one(item, "cases[" + cases.size() + "]");
      Mark first = names.putIfAbsent(one.name(), item.at());
      if (first != null) {
        error(
            item.at(),
            "yaml.value",
            "the case \"" + one.name() + "\" is already in line " + first.line());
      }
      cases.add(one);
    }
    return cases;
  }

  private Case one(YamlNode item, String where) {
    Section section = Section.of(FILE, findings, where, item, KEYS);
    section.require("name");
    section.require("input");
    boolean denies = section.has("deny") || section.has("kill");
    boolean allows = section.has("allow");
    if (denies == allows && !((section.has("warn") || section.has("label")) && !allows)) {
      error(
          item.at(),
          "yaml.missing-key",
          where + " needs either allow: true, or deny or kill with true or a list of reasons");
    }
    if (allows && !Boolean.TRUE.equals(section.node("allow").value())) {
      error(
          section.node("allow").at(),
          "yaml.type",
          "allow must be true; for a denial write deny: true");
    }
    YamlNode input = section.node("input");
    Hook hook = input == null ? null : hook(input);
    return new Case(
        section.string("name", where),
        item.at().line(),
        hook,
        hook == null ? new byte[0] : input(input, hook),
        expected(section, "deny", !section.has("kill")),
        expected(section, "kill", true),
        expected(section, "warn", false),
        expected(section, "label", false));
  }

  /** What is said of one set; of a set that is not named, nothing if it refuses. */
  private Expected expected(Section section, String set, boolean emptyIfAbsent) {
    if (!section.has(set)) {
      return emptyIfAbsent ? new Expected.Nothing() : new Expected.Anything();
    }
    if (Boolean.TRUE.equals(section.node(set).value())) {
      return new Expected.Something();
    }
    List<String> reasons =
        section.strings(set).stream().map(YamlNode.Scalar::text).sorted().toList();
    return reasons.isEmpty() ? new Expected.Nothing() : new Expected.Exactly(reasons);
  }

  private byte[] input(YamlNode node, Hook hook) {
    Map<String, Field> fields = Fields.of(hook);
    Map<String, Object> facts = new TreeMap<>();
    collect("", node, hook, facts);
    return complete(fields, facts, node.at());
  }

  /** The event of facts that somebody typed: their type says how a text is meant. */
  Case event(Hook hook, Map<String, String> typed) {
    Map<String, Field> fields = Fields.of(hook);
    Map<String, Object> facts = new TreeMap<>();
    typed.forEach(
        (path, text) -> {
          Field field = fields.get(path);
          if (field == null) {
            error(Mark.START, "rule.unknown-field", noFact(hook, path, fields.keySet()));
          } else {
            facts.put(path, value(field, typed(field, text)));
          }
        });
    byte[] input = complete(fields, facts, Mark.START);
    Expected anything = new Expected.Anything();
    return new Case(hook.id(), 1, hook, input, anything, anything, anything, anything);
  }

  private static YamlNode typed(Field field, String text) {
    if (field.type() != Field.Type.STRINGS) {
      boolean plain = field.type() != Field.Type.STRING;
      return new YamlNode.Scalar(text, plain, false, Mark.START);
    }
    return new YamlNode.Sequence(
        Stream.of(text.isEmpty() ? new String[0] : text.split(","))
            .<YamlNode>map(word -> new YamlNode.Scalar(word, false, false, Mark.START))
            .toList(),
        Mark.START);
  }

  private static String noFact(Hook hook, String path, Set<String> known) {
    return hook.id() + " has no fact \"" + path + "\"" + Suggest.fact(path, known);
  }

  private byte[] complete(Map<String, Field> fields, Map<String, Object> facts, Mark at) {
    family(fields, facts);
    unit(fields, facts, at);
    container(facts, at);
    if (fields.containsKey(MODULE)) {
      loaded(fields, facts, at);
    }
    if (fields.get("access").words().contains(PIVOT)) {
      facts.putIfAbsent("file.type", "directory");
    }
    if (fields.containsKey(SIGNAL)) {
      signal(fields.get(SIGNAL).names(), facts, at);
    }
    if (fields.containsKey("peer.exe.dev")) {
      facts.putIfAbsent("peer.exe.dev", "8:1");
      facts.putIfAbsent("peer.exe.inode", 0L);
    }
    fields.forEach(
        (path, field) -> {
          if (!field.optional()) {
            facts.computeIfAbsent(path, p -> absent(field, facts));
          }
        });
    return JsonMapper.shared().writeValueAsBytes(nest(facts));
  }

  /** A packet with an address has a family: without it there is no such event. */
  private static void family(Map<String, Field> fields, Map<String, Object> facts) {
    for (String end : List.of("packet.source.address", "packet.destination.address")) {
      if (fields.containsKey("packet.family") && facts.get(end) instanceof String address) {
        facts.putIfAbsent("packet.family", address.indexOf(':') < 0 ? "inet" : "inet6");
      }
    }
  }

  /** The unit that a cgroup is of is what its path says, and nothing else. */
  private void unit(Map<String, Field> fields, Map<String, Object> facts, Mark at) {
    if (!fields.containsKey(UNIT) || !(facts.get(CGROUP) instanceof String path)) {
      return;
    }
    Workload.Word unit = Workload.of(Names.toBytes(path)).unit();
    Object written = facts.get(UNIT);
    if (written != null && (unit == null || !written.equals(unit.text()))) {
      error(
          at,
          "rule.value",
          "%s cannot be \"%s\" where %s is \"%s\": %s"
              .formatted(
                  UNIT,
                  written,
                  CGROUP,
                  path,
                  unit == null ? "that is in no unit" : "that is in " + unit.text()));
    } else if (unit != null) {
      facts.put(UNIT, unit.text());
    }
  }

  /** Of a container that a case names by one fact the others are there that all containers have. */
  private void container(Map<String, Object> facts, Mark at) {
    if ("unknown".equals(facts.get(CONTAINER + "state"))) {
      List<String> more =
          facts.keySet().stream()
              .filter(fact -> fact.startsWith(CONTAINER) && !fact.endsWith(".state"))
              .toList();
      if (!more.isEmpty()) {
        error(
            at,
            "rule.value",
            "%s is not there where %sstate is unknown: leave it out, or write known"
                .formatted(String.join(", ", more), CONTAINER));
      }
      return;
    }
    boolean pod = facts.keySet().stream().anyMatch(fact -> fact.startsWith(CONTAINER + "pod."));
    if (facts.keySet().stream().anyMatch(fact -> fact.startsWith(CONTAINER))) {
      facts.putIfAbsent(CONTAINER + "id", "c0ffee");
      facts.putIfAbsent(CONTAINER + "state", "known");
      facts.putIfAbsent(CONTAINER + "runtime", pod ? "containerd" : "docker");
    }
    if (pod) {
      facts.putIfAbsent(CONTAINER + "pod.namespace", "default");
      facts.putIfAbsent(CONTAINER + "pod.name", "pod");
    }
  }

  /** What is loaded is a file with all that a file has, unless the case says otherwise. */
  private void loaded(Map<String, Field> fields, Map<String, Object> facts, Mark at) {
    List<?> access = facts.get("access") instanceof List<?> words ? words : List.of();
    boolean request = access.contains("request");
    boolean memory = access.contains("memory");
    List<String> wrong =
        facts.keySet().stream()
            .filter(f -> f.startsWith("file.") ? request || memory : f.equals(MODULE) && !request)
            .toList();
    if (!wrong.isEmpty()) {
      error(
          at,
          "rule.value",
          "%s is not there where access is %s: only a request has a name, and neither it nor what"
                  .formatted(String.join(", ", wrong), access)
              + " comes from memory has a file");
    }
    // One that the case does not name is the hook's first.
    if (!access.isEmpty() && (access.size() != (memory ? 2 : 1) || (request && memory))) {
      error(
          at,
          "rule.value",
          "access is never %s: one kind of things is loaded, or that with memory, or a request is alone"
              .formatted(access));
    }
    if (!request && !memory) {
      fields.forEach(
          (path, field) -> {
            if (path.startsWith("file.") && !path.equals("file.path")) {
              facts.computeIfAbsent(path, p -> absent(field, facts));
            }
          });
    }
  }

  /** Name and number are one. */
  private void signal(Map<String, String> names, Map<String, Object> facts, Mark at) {
    Object number = facts.getOrDefault("signal.number", 15L);
    String named = names.getOrDefault(number.toString(), number.toString());
    Object name = facts.getOrDefault(SIGNAL, named);
    if (facts.containsKey(SIGNAL) && !facts.containsKey("signal.number")) {
      number =
          names.entrySet().stream()
              .filter(e -> e.getValue().equals(name))
              .map(e -> Long.valueOf(e.getKey()))
              .findFirst()
              .orElseGet(() -> numbered(name.toString(), at));
    } else if (!name.equals(named)) {
      error(
          at, "rule.value", "signal.number %s is %s, and never %s".formatted(number, named, name));
    }
    facts.put("signal.number", number);
    facts.put(SIGNAL, name);
  }

  /** Of a signal without a name; of a word that is none, which is told elsewhere, any. */
  private long numbered(String name, Mark at) {
    if (!name.matches("\\d+")) {
      return 15;
    }
    if (!name.matches("3[2-9]|[45]\\d|6[0-4]")) {
      error(
          at,
          "rule.value",
          "signal.name %s is none: those up to 31 have names, 64 is the last".formatted(name));
      return 15;
    }
    return Long.parseLong(name);
  }

  private Hook hook(YamlNode input) {
    String written = null;
    Mark at = input.at();
    if (input instanceof YamlNode.Mapping mapping) {
      for (YamlNode.Entry e : mapping.entries()) {
        if (e.key().equals("hook")) {
          written = String.valueOf(e.value().value());
          at = e.value().at();
        }
      }
    }
    List<String> known = hooks.stream().map(Hook::id).toList();
    if (written == null && hooks.size() == 1) {
      return hooks.iterator().next();
    }
    if (written == null || !known.contains(written)) {
      error(
          at,
          "yaml.value",
          written == null
              ? "input needs the key \"hook\": the policy has several ("
                  + String.join(", ", known)
                  + ")"
              : "\"" + written + "\" is no hook of the policy" + Suggest.among(written, known));
      return null;
    }
    return Hook.values()[Stream.of(Hook.values()).map(Hook::id).toList().indexOf(written)];
  }

  private void collect(String path, YamlNode node, Hook hook, Map<String, Object> facts) {
    Map<String, Field> fields = Fields.of(hook);
    Field field = fields.get(path);
    if (field != null) {
      facts.put(path, value(field, node));
    } else if (node instanceof YamlNode.Mapping mapping) {
      for (YamlNode.Entry e : mapping.entries()) {
        String below = path.isEmpty() ? e.key() : path + "." + e.key();
        boolean known = fields.keySet().stream().anyMatch(f -> (f + ".").startsWith(below + "."));
        if (known) {
          collect(below, e.value(), hook, facts);
        } else {
          error(e.at(), "rule.unknown-field", noFact(hook, below, fields.keySet()));
        }
      }
    } else {
      error(
          node.at(),
          "yaml.type",
          (path.isEmpty() ? "input" : path) + " must be a mapping, not " + node.kind());
    }
  }

  private Object value(Field field, YamlNode node) {
    if (field.type() != Field.Type.STRINGS) {
      Object value = literals.check(field, Operator.EQUALS, node);
      return value instanceof String text
          ? Names.toText(Names.toBytes(text))
          : value == null ? "" : value;
    }
    if (!(node instanceof YamlNode.Sequence sequence)) {
      error(node.at(), "yaml.type", field.path() + " must be a list, not " + node.kind());
      return List.of();
    }
    List<Object> values = new ArrayList<>();
    sequence.items().forEach(item -> values.add(literals.check(field, Operator.IN, item)));
    String problem =
        values.contains("exec") && field.words().contains("read") && values.size() > 1
            ? "exec comes alone: it is the open of execve"
            : values.containsAll(List.of("create", "truncate"))
                ? "create and truncate never come together: what an open makes is empty"
                : field.words().contains(PIVOT) && values.size() > 1
                    ? "one thing is done to mounts at a time"
                    : null;
    if (problem != null) {
      error(node.at(), "rule.value", problem);
    }
    return values;
  }

  private static Object absent(Field field, Map<String, Object> facts) {
    Object harmless = HARMLESS.get(field.path());
    String family = facts.getOrDefault("socket.family", "inet").toString();
    if (!family.startsWith("inet") && field.path().equals("socket.protocol")) {
      return family.equals("netlink") ? "route" : "0";
    }
    if (RAW.contains(family) && field.path().equals("socket.type")) {
      return "raw";
    }
    if (harmless != null) {
      return harmless;
    }
    return switch (field.path()) {
      case "process.euid" -> facts.getOrDefault("process.uid", 1000L);
      case "process.egid" -> facts.getOrDefault("process.gid", 1000L);
      case "socket.family" ->
          Stream.of("socket.address", "socket.local.address")
                  .anyMatch(end -> facts.getOrDefault(end, "").toString().contains(":"))
              ? "inet6"
              : "inet";
      default ->
          switch (field.type()) {
            case STRING -> field.words().isEmpty() ? "" : field.words().getFirst();
            case STRINGS -> field.words().isEmpty() ? List.of() : List.of(field.words().getFirst());
            case INTEGER -> Math.max(0, field.min());
            case BOOLEAN -> false;
          };
    };
  }

  @SuppressWarnings("unchecked") // the maps are those made here
  private static Map<String, Object> nest(Map<String, Object> facts) {
    Map<String, Object> root = new TreeMap<>();
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

  private void error(Mark at, String code, String message) {
    findings.error(FILE, at, code, message);
  }
}
