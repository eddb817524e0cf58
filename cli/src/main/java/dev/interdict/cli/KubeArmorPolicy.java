package dev.interdict.cli;

import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.Mark;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import dev.interdict.policy.YamlNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * One document of KubeArmor's, said in rules of ours: {@code Block} becomes {@code deny}, {@code
 * Audit} becomes {@code warn}, and {@code Allow} denies what it does not list. What cannot be said
 * is left out, and told; what is left out of a list of what is allowed is refused.
 *
 * <p>Meanings are those of KubeArmor's specification of security policies; patterns are AppArmor's.
 */
final class KubeArmorPolicy {
  /** What the {@code apiVersion} of a document begins with. */
  static final String API = "security.kubearmor.com/";

  private static final String POLICY = "KubeArmorPolicy";
  private static final String HOST = "KubeArmorHostPolicy";
  private static final String CLUSTER = "KubeArmorClusterPolicy";

  private static final int NAME_MAX = 63;

  /** In characters; a reason of ours may have twice as many, and a brace is written as two. */
  private static final int REASON_MAX = 480;

  private static final Pattern TECHNIQUE =
      Pattern.compile("(?<![A-Za-z0-9])T[0-9]{4}(\\.[0-9]{3})?(?![0-9])");

  /** Of AppArmor's patterns and of ours: what a name rarely has in it. */
  private static final Pattern PATTERN = Pattern.compile("[*?\\[{]");

  /** Of regular expressions, which people write although no enforcer takes them. */
  private static final Pattern REGEX = Pattern.compile("[\\\\^$()|]|]\\+");

  /**
   * What AppArmor has a word for, and nobody else: variables, and a class that has an exclamation
   * mark.
   */
  private static final Pattern APPARMOR = Pattern.compile("@\\{|\\[!");

  private static final Pattern NAMESPACE = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");

  private static final Map<String, Object> OWNER =
      Map.of("process.euid", Map.of("fact", "file.uid"));

  private static final Map<String, Object> CHANGES = Map.of("access", "modify");

  private static final Set<String> FLAGS = Set.of("recursive", "readOnly", "ownerOnly");

  private static final Map<String, Map<String, Object>> PROTOCOLS =
      Map.of(
          "tcp", Map.of("socket.protocol", "tcp"),
          "udp", Map.of("socket.protocol", "udp"),
          "icmp", Map.of("socket.protocol", "icmp"),
          "icmpv6", Map.of("socket.protocol", "icmpv6"),
          "raw", Map.of("socket.type", "raw"));

  /** A part of a policy, by what it is about. */
  private enum Section {
    PROCESS,
    FILE,
    NETWORK;

    String key() {
      return name().toLowerCase(Locale.ROOT);
    }

    List<String> hooks() {
      return switch (this) {
        case PROCESS -> List.of("exec", "mmap_exec");
        case FILE -> List.of("file_open", "file_change");
        case NETWORK -> List.of("socket_create");
      };
    }
  }

  private enum Action {
    ALLOW,
    AUDIT,
    BLOCK
  }

  /**
   * Something that is not said, or not as it was.
   *
   * @param line of the file
   */
  record Note(int line, String text) {}

  /** What rules are made of: conditions of one section, with one action and one reason. */
  private record Group(Section section, List<String> hooks, Action action, String reason) {}

  private final String file;

  /** Lines of the file before the document. */
  private final int before;

  private final YamlNode.Mapping document;
  private final String kind;
  private final List<Note> leftOut = new ArrayList<>();
  private final List<Note> wider = new ArrayList<>();
  private final List<Map<String, Object>> containers = new ArrayList<>();
  private final Map<Group, List<Map<String, Object>>> groups = new LinkedHashMap<>();
  private final List<Object> rules = new ArrayList<>();
  private final Set<String> techniques = new TreeSet<>();

  /**
   * @param before lines of the file before those that the document's marks count
   */
  KubeArmorPolicy(String file, int before, YamlNode.Mapping document) {
    this.file = file;
    this.before = before;
    this.document = document;
    this.kind = text(document, "kind");
    read();
  }

  /** Whether the document is one of KubeArmor's, of whatever kind. */
  static boolean is(YamlNode.Mapping document) {
    return text(document, "apiVersion").startsWith(API);
  }

  /** As it calls itself. */
  String name() {
    return text(mapping(document, "metadata"), "name");
  }

  /**
   * A name for the policy, made of its own.
   *
   * @param prefix before it
   * @param number from 2 on, behind it
   */
  String name(String prefix, int number) {
    String suffix = number < 2 ? "" : "-" + number;
    String name = name().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    name = (prefix + name).replaceAll("^[^a-z]+", "");
    name = name.substring(0, Math.min(name.length(), NAME_MAX - suffix.length()));
    name = name.replaceAll("-+$", "");
    return (name.isEmpty() ? "kubearmor" : name) + suffix;
  }

  /** The file it is in, and the line where it begins. */
  String place() {
    return file + ":" + (before + document.at().line());
  }

  int rules() {
    return rules.size();
  }

  /** What is not in the rules. */
  List<Note> leftOut() {
    return leftOut;
  }

  /** What covers more than it did. */
  List<Note> wider() {
    return wider;
  }

  /**
   * The policy of this name as a tree of {@code policy.yaml}, in audit. Only if it has {@link
   * #rules}.
   */
  Map<String, Object> tree(String name) {
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("description", "From " + kind + " " + Text.line(name()) + ".");
    spec.put(
        "hooks",
        groups.keySet().stream().flatMap(g -> g.hooks.stream()).distinct().sorted().toList());
    spec.put("mode", "audit");
    if (!containers.isEmpty()) {
      spec.put("scope", Map.of("containers", containers));
    }
    spec.put("rules", rules);
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", name);
    Map<String, Object> labels = labels();
    if (!labels.isEmpty()) {
      metadata.put("labels", labels);
    }
    return tree(metadata, spec);
  }

  private static Map<String, Object> tree(Map<String, Object> metadata, Map<String, Object> spec) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("apiVersion", "interdict.dev/v1");
    tree.put("kind", "Policy");
    tree.put("metadata", metadata);
    tree.put("spec", spec);
    return tree;
  }

  private void read() {
    if (!Set.of(POLICY, HOST, CLUSTER).contains(kind)) {
      String known = String.join(", ", POLICY, HOST, CLUSTER);
      leaveOut(document.at(), "kind " + kind + " is none of " + known);
      return;
    }
    keys(document, "", Set.of("apiVersion", "kind", "metadata", "spec", "status"));
    YamlNode.Mapping spec = mapping(document, "spec");
    if (spec == null) {
      leaveOut(document.at(), "it has no spec");
      return;
    }
    Set<String> known =
        Set.of(
            "severity",
            "tags",
            "message",
            "action",
            "status",
            kind.equals(HOST) ? "nodeSelector" : "selector",
            "process",
            "file",
            "network",
            "capabilities",
            "syscalls",
            "apparmor");
    YamlNode status = value(spec, "status");
    if (status != null && !text(spec, "status").equals("Active")) {
      leaveOut(status.at(), "status: it is not Active");
      return;
    }
    // One that is not known may be what says whom or what it is about.
    if (!keys(spec, "spec.", known) || !selector(spec)) {
      return;
    }
    for (YamlNode.Entry entry : spec.entries()) {
      switch (entry.key()) {
        case "process" -> section(Section.PROCESS, spec, entry);
        case "file" -> section(Section.FILE, spec, entry);
        case "network" -> section(Section.NETWORK, spec, entry);
        case "capabilities" ->
            leaveOut(entry.at(), "capabilities: no hook asks about the use of one");
        case "syscalls" -> leaveOut(entry.at(), "syscalls: rules are about what calls do");
        case "apparmor" -> leaveOut(entry.at(), "apparmor: rules of its own language");
        default -> {}
      }
    }
    groups.forEach(this::rule);
    if (rules.isEmpty() && leftOut.isEmpty()) {
      leaveOut(spec.at(), "it has no rules");
    }
  }

  /**
   * Whom it is about. Labels are not known here: what is covered is the namespace, and that may be
   * more.
   *
   * @return whether that can be said
   */
  private boolean selector(YamlNode.Mapping spec) {
    String key = kind.equals(HOST) ? "nodeSelector" : "selector";
    int told = leftOut.size();
    YamlNode.Mapping selector = shaped(spec, key);
    YamlNode.Mapping labels = shaped(selector, "matchLabels");
    List<YamlNode.Mapping> expressions = mappings(selector, "matchExpressions");
    if (selector != null) {
      keys(selector, key + ".", Set.of("matchLabels", "matchExpressions"));
    }
    Set<String> namespaces = kind.equals(POLICY) ? own() : null;
    if (labels != null && !labels.entries().isEmpty()) {
      String shown =
          labels.entries().stream()
              .map(e -> e.key() + "=" + e.value().value())
              .collect(Collectors.joining(","));
      widen(
          labels.at(),
          kind.equals(HOST)
              ? shown + ": labels of nodes are not known: apply it to these nodes only"
              : shown + ": labels of pods are not known: name the pods in scope.containers");
    }
    for (YamlNode.Mapping expression : expressions) {
      keys(expression, key + ".matchExpressions.", Set.of("key", "operator", "values"));
      String about = text(expression, "key");
      if (!kind.equals(HOST)
          && about.equals("namespace")
          && text(expression, "operator").equals("In")) {
        Set<String> named = namespaces(expression);
        if (namespaces != null) {
          named.retainAll(namespaces);
        }
        namespaces = named;
      } else {
        widen(
            expression.at(),
            "an expression about %s: not known: name whom it is about in scope.containers"
                .formatted(about));
      }
    }
    if (namespaces != null && namespaces.isEmpty() && leftOut.size() == told) {
      leaveOut(spec.at(), "it is about no namespace");
    }
    if (kind.equals(CLUSTER) && namespaces == null) {
      namespaces = Set.of("*");
    }
    if (namespaces != null) {
      namespaces.forEach(n -> containers.add(Map.of("namespace", n)));
    }
    return leftOut.size() == told;
  }

  /** The namespace that it stands in. */
  private Set<String> own() {
    YamlNode said = value(mapping(document, "metadata"), "namespace");
    return said == null || said.value() == null ? Set.of("default") : namespaces(List.of(said));
  }

  private Set<String> namespaces(YamlNode.Mapping expression) {
    YamlNode values = value(expression, "values");
    if (values instanceof YamlNode.Sequence sequence) {
      return namespaces(sequence.items());
    }
    leaveOut(expression.at(), "an expression about namespace without a list of values");
    return new TreeSet<>();
  }

  private Set<String> namespaces(List<YamlNode> names) {
    Set<String> all = new TreeSet<>();
    for (YamlNode name : names) {
      if (name instanceof YamlNode.Scalar scalar
          && scalar.value() != null
          && NAMESPACE.matcher(scalar.text()).matches()) {
        all.add(scalar.text());
      } else {
        leaveOut(name.at(), "a namespace is " + name.kind());
      }
    }
    return all;
  }

  private Map<String, Object> labels() {
    YamlNode.Mapping spec = mapping(document, "spec");
    Map<String, Object> labels = new LinkedHashMap<>();
    String severity = text(spec, "severity");
    if (!severity.isEmpty()) {
      labels.put("severity", Text.line(severity));
    }
    if (!techniques.isEmpty()) {
      labels.put("mitre", String.join(",", techniques));
    }
    return labels;
  }

  private void section(Section section, YamlNode.Mapping spec, YamlNode.Entry entry) {
    if (!(entry.value() instanceof YamlNode.Mapping content)) {
      leaveOut(entry.at(), section.key() + ": it is " + entry.value().kind());
      return;
    }
    Map<String, String> lists =
        section == Section.NETWORK
            ? Map.of("matchProtocols", "protocol")
            : new TreeMap<>(
                Map.of(
                    "matchPaths", "path", "matchDirectories", "dir", "matchPatterns", "pattern"));
    Set<String> known = new TreeSet<>(Set.of("severity", "tags", "message", "action"));
    known.addAll(lists.keySet());
    if (!keys(content, "spec." + section.key() + ".", known)) {
      return;
    }
    lists.forEach(
        (list, key) -> {
          for (YamlNode.Mapping match : mappings(content, list)) {
            match(section, key, match, List.of(match, content, spec));
          }
        });
  }

  /**
   * @param key what the matches of this list are about
   * @param outward where to look for what is not said here
   */
  private void match(
      Section section, String key, YamlNode.Mapping match, List<YamlNode.Mapping> outward) {
    Set<String> known =
        new TreeSet<>(Set.of("severity", "tags", "message", "action", "fromSource", key));
    if (section != Section.NETWORK) {
      known.add("ownerOnly");
    }
    if (section == Section.FILE) {
      known.add("readOnly");
    }
    if (key.equals("dir")) {
      known.add("recursive");
    }
    if (!keys(match, "", known)) {
      return; // something that would make it narrower may be among them
    }
    Action action = action(outward);
    if (action == null) {
      leaveOut(match.at(), "the action is none of Allow, Audit and Block");
      return;
    }
    Map<String, Object> base = new LinkedHashMap<>();
    Map<String, Object> object =
        section == Section.NETWORK ? protocol(match) : named("file.path", path(match, key));
    if (object == null) {
      return;
    }
    base.putAll(object);
    int told = leftOut.size();
    List<YamlNode.Mapping> sources = mappings(match, "fromSource");
    if (leftOut.size() > told || !sources(sources, base)) {
      return; // without one of them a rule that allows would allow more
    }
    boolean literal = object.get("file.path") instanceof String;
    List<String> asked = hooks(section, action, !sources.isEmpty() || !literal);
    // What is allowed is one list, whatever its parts say.
    List<YamlNode.Mapping> speakers = action == Action.ALLOW ? outward.subList(1, 3) : outward;
    Group group = new Group(section, asked, action, reason(speakers));
    List<Map<String, Object>> conditions = new ArrayList<>();
    for (Map<String, Object> limit :
        limits(action, is(match, "ownerOnly"), is(match, "readOnly"))) {
      Map<String, Object> condition = new LinkedHashMap<>(base);
      condition.putAll(limit);
      Map<String, Object> spec = new LinkedHashMap<>();
      spec.put("hooks", asked);
      spec.put("rules", List.of(item("deny", with(asked, condition), group)));
      List<String> problems = problems(tree(Map.of("name", "one"), spec));
      if (!problems.isEmpty()) {
        leaveOut(match.at(), String.join("; ", problems));
        return;
      }
      conditions.add(condition);
    }
    groups.computeIfAbsent(group, g -> new ArrayList<>()).addAll(conditions);
    outward.forEach(this::techniques);
  }

  /** Conditions of which one must hold; what is about to be made is its maker's. */
  private static List<Map<String, Object>> limits(
      Action action, boolean ownerOnly, boolean readOnly) {
    if (action == Action.ALLOW) {
      Map<String, Object> both = new LinkedHashMap<>();
      if (ownerOnly) {
        both.putAll(OWNER);
      }
      if (readOnly) {
        both.put("not", CHANGES);
      }
      return List.of(both);
    }
    List<Map<String, Object>> either = new ArrayList<>();
    if (ownerOnly) {
      either.add(Map.of("not", OWNER));
    }
    if (readOnly) {
      either.add(CHANGES);
    }
    return either.isEmpty() ? List.of(Map.of()) : either;
  }

  private static Map<String, Object> named(String fact, Object value) {
    return value == null ? null : Map.of(fact, value);
  }

  private void techniques(YamlNode.Mapping node) {
    for (String tag : strings(node, "tags")) {
      Matcher found = TECHNIQUE.matcher(tag);
      while (found.find()) {
        techniques.add(found.group());
      }
    }
  }

  /**
   * What a program maps as code it maps itself, and its libraries are in no list of programs: who
   * has started it, and what else may start, is a question at exec alone. So is what lies in a
   * folder, libraries among it.
   */
  private static List<String> hooks(Section section, Action action, boolean started) {
    return section == Section.PROCESS && (started || action == Action.ALLOW)
        ? List.of("exec")
        : section.hooks();
  }

  /** Null: none that there is. */
  private static Action action(List<YamlNode.Mapping> outward) {
    for (YamlNode.Mapping node : outward) {
      YamlNode said = value(node, "action");
      if (said != null && said.value() != null) {
        return switch (text(node, "action").toUpperCase(Locale.ROOT)) {
          case "ALLOW" -> Action.ALLOW;
          case "AUDIT" -> Action.AUDIT;
          case "BLOCK" -> Action.BLOCK;
          default -> null;
        };
      }
    }
    return Action.BLOCK;
  }

  private String reason(List<YamlNode.Mapping> outward) {
    String said =
        outward.stream()
            .map(node -> text(node, "message"))
            .filter(text -> !text.isBlank())
            .findFirst()
            .orElse("KubeArmor policy " + name());
    StringBuilder cut = new StringBuilder();
    Text.line(said.strip().replaceAll("\\s+", " "))
        .codePoints()
        .limit(REASON_MAX)
        .forEach(cut::appendCodePoint);
    return cut.toString().replace("{", "{{").replace("}", "}}");
  }

  /** What a path must be, as a rule says it; null if that cannot be said. */
  private Object path(YamlNode.Mapping node, String key) {
    String all = text(node, key);
    boolean pattern = PATTERN.matcher(all).find();
    if (!all.startsWith("/")
        || !StreamReader.isPrintable(all)
        || ((pattern || key.equals("pattern")) && REGEX.matcher(all).find())
        || APPARMOR.matcher(all).find()) {
      leaveOut(node.at(), Text.word(all) + " is no path, and no pattern that is known");
      return null;
    }
    if (!key.equals("dir")) {
      return pattern ? Map.of("glob", all) : all;
    }
    String stem = all.replaceAll("/+$", "");
    boolean deep = is(node, "recursive");
    if (deep && !stem.isEmpty() && !pattern) {
      return Map.of("under", stem);
    }
    String below = deep ? "**" : "*"; // the folder, too
    return Map.of("glob", stem.isEmpty() ? "/{," + below + "}" : stem + "{,/" + below + "}");
  }

  private Map<String, Object> protocol(YamlNode.Mapping match) {
    String protocol = text(match, "protocol").toLowerCase(Locale.ROOT);
    Map<String, Object> known = PROTOCOLS.get(protocol);
    if (known == null) {
      leaveOut(match.at(), "protocol " + protocol + " is none of tcp, udp, icmp, icmpv6 and raw");
    }
    return known;
  }

  private boolean sources(List<YamlNode.Mapping> sources, Map<String, Object> condition) {
    List<Object> exact = new ArrayList<>();
    List<Object> any = new ArrayList<>();
    for (YamlNode.Mapping source : sources) {
      String key = value(source, "dir") == null ? "path" : "dir";
      Set<String> known = key.equals("dir") ? Set.of("dir", "recursive") : Set.of("path");
      Object where = keys(source, "fromSource.", known) ? path(source, key) : null;
      if (where == null) {
        return false;
      }
      if (where instanceof String) {
        exact.add(where);
      } else {
        any.add(Map.of("process.exe.path", where));
      }
    }
    Map<String, Object> listed = Map.of("process.exe.path", Map.of("in", exact));
    if (any.isEmpty() && !exact.isEmpty()) {
      condition.putAll(listed);
    } else if (!any.isEmpty()) {
      if (!exact.isEmpty()) {
        any.add(listed);
      }
      condition.put("any", any);
    }
    return true;
  }

  private void rule(Group group, List<Map<String, Object>> conditions) {
    List<Map<String, Object>> merged = merged(conditions);
    if (group.action == Action.ALLOW) {
      Map<String, Object> others = new LinkedHashMap<>();
      if (group.section == Section.NETWORK) { // of other families it has no word
        others.put("socket.family", in("inet", "inet6", "packet"));
      }
      others.put("not", Map.of("any", merged));
      rules.add(item("deny", with(group.hooks, others), group));
      widen(
          document.at(),
          "Allow in %s: all%s that is not in this list is refused, also what another policy about the same pods allows, and what this one blocks stays blocked: put lists about the same pods into one"
              .formatted(
                  group.section.key(),
                  group.section == Section.NETWORK ? " of internet and packet sockets" : ""));
    } else {
      String verb = group.action == Action.AUDIT ? "warn" : "deny";
      for (Map<String, Object> condition : merged) {
        rules.add(item(verb, with(group.hooks, condition), group));
      }
    }
  }

  private static Map<String, Object> item(String verb, Object body, Group group) {
    Map<String, Object> item = new LinkedHashMap<>();
    item.put(verb, body);
    item.put("reason", group.reason);
    return item;
  }

  /** Those that differ by one path alone become one with a list of paths. */
  private static List<Map<String, Object>> merged(List<Map<String, Object>> conditions) {
    Map<Map<String, Object>, Map<String, List<Object>>> paths = new LinkedHashMap<>();
    List<Map<String, Object>> merged = new ArrayList<>();
    for (Map<String, Object> condition : conditions) {
      Map<String, Object> rest = new LinkedHashMap<>(condition);
      Object path = rest.remove("file.path");
      if (path == null) {
        merged.add(condition);
        continue;
      }
      Map.Entry<?, ?> said =
          path instanceof Map<?, ?> map ? map.entrySet().iterator().next() : Map.entry("in", path);
      paths
          .computeIfAbsent(rest, r -> new LinkedHashMap<>())
          .computeIfAbsent(String.valueOf(said.getKey()), k -> new ArrayList<>())
          .add(said.getValue());
    }
    paths.forEach(
        (rest, kinds) ->
            kinds.forEach(
                (operator, values) -> {
                  Map<String, Object> one = new LinkedHashMap<>();
                  one.put("file.path", Map.of(operator, values.stream().distinct().toList()));
                  one.putAll(rest);
                  merged.add(one);
                }));
    return merged;
  }

  private Map<String, Object> with(List<String> hooks, Map<String, Object> condition) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("hook", Map.of("in", hooks));
    body.putAll(condition);
    if (kind.equals(HOST)) { // whose rules hold for who is in no container
      body.put("all", List.of(Map.of("not", Map.of("process.namespaces", "pid"))));
    }
    return body;
  }

  /** What the parser says against a policy: it alone knows what one may say. */
  static List<String> problems(Map<String, Object> tree) {
    byte[] text = Output.yaml(tree).getBytes(StandardCharsets.UTF_8);
    return PolicyParser.parse(PolicySource.ofYaml("one", text)).diagnostics().stream()
        .filter(d -> d.severity() == Diagnostic.Severity.ERROR)
        .map(Diagnostic::message)
        .toList();
  }

  /** Whether there is none but the known ones, each with what it can be; tells of the others. */
  private boolean keys(YamlNode.Mapping node, String where, Set<String> known) {
    boolean all = true;
    for (YamlNode.Entry entry : node.entries()) {
      String key = entry.key();
      YamlNode value = entry.value();
      String why = null;
      if (!known.contains(key)) {
        why = "unknown key " + where + key;
      } else if (FLAGS.contains(key) && !(value.value() instanceof Boolean)) {
        why = "%s%s is %s: true or false".formatted(where, key, value.kind());
      }
      if (why != null) {
        leaveOut(entry.at(), why);
        all = false;
      }
    }
    return all;
  }

  private void leaveOut(Mark at, String why) {
    leftOut.add(new Note(before + at.line(), Text.line(why)));
  }

  private void widen(Mark at, String why) {
    wider.add(new Note(before + at.line(), Text.line(why)));
  }

  private static boolean is(YamlNode.Mapping node, String key) {
    YamlNode value = value(node, key);
    return value != null && Boolean.TRUE.equals(value.value());
  }

  private static Map<String, Object> in(Object... values) {
    return Map.of("in", List.of(values));
  }

  private static YamlNode value(YamlNode.Mapping node, String key) {
    return node == null
        ? null
        : node.entries().stream()
            .filter(e -> e.key().equals(key))
            .map(YamlNode.Entry::value)
            .findFirst()
            .orElse(null);
  }

  /** Of a scalar; else empty. */
  private static String text(YamlNode.Mapping node, String key) {
    return value(node, key) instanceof YamlNode.Scalar scalar && scalar.value() != null
        ? scalar.text()
        : "";
  }

  private static YamlNode.Mapping mapping(YamlNode.Mapping node, String key) {
    return value(node, key) instanceof YamlNode.Mapping mapping ? mapping : null;
  }

  /** The same, if it is one or nothing; else it is told. */
  private YamlNode.Mapping shaped(YamlNode.Mapping node, String key) {
    YamlNode value = value(node, key);
    if (value != null && value.value() != null && !(value instanceof YamlNode.Mapping)) {
      leaveOut(value.at(), key + ": it is " + value.kind());
    }
    return mapping(node, key);
  }

  private List<YamlNode.Mapping> mappings(YamlNode.Mapping node, String key) {
    List<YamlNode.Mapping> mappings = new ArrayList<>();
    YamlNode list = value(node, key);
    if (list instanceof YamlNode.Sequence sequence) {
      for (YamlNode item : sequence.items()) {
        if (item instanceof YamlNode.Mapping mapping) {
          mappings.add(mapping);
        } else {
          leaveOut(item.at(), key + ": an item is " + item.kind());
        }
      }
    } else if (list != null && list.value() != null) {
      leaveOut(list.at(), key + ": it is " + list.kind());
    }
    return mappings;
  }

  private static List<String> strings(YamlNode.Mapping node, String key) {
    return value(node, key) instanceof YamlNode.Sequence sequence
        ? sequence.items().stream().map(item -> String.valueOf(item.value())).toList()
        : List.of();
  }
}
