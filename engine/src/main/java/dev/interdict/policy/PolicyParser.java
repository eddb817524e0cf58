package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.policy.Policy.Budget;
import dev.interdict.policy.Policy.Fallback;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.policy.Policy.OnMiss;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Reads policies: strict, and with all problems in one run. Each has file, line and column, and
 * where it can be guessed, what was meant. Rego is taken as it is; its compiler checks it.
 */
public final class PolicyParser {
  static final String API_VERSION = "interdict.dev/v1";

  /** The Rego module that the YAML rules become. */
  static final String LOWERED = "policy.yaml.rego";

  /** The Rego module that is written inside of the YAML document. */
  static final String INLINE = "policy.yaml.inline.rego";

  /* What Rego's parser takes for something else behind "package interdict.policies.". */
  private static final Set<String> REGO_WORDS =
      Set.of(
          "as",
          "contains",
          "default",
          "else",
          "every",
          "false",
          "if",
          "import",
          "in",
          "not",
          "null",
          "package",
          "some",
          "true",
          "with");

  private static final Duration MIN_WINDOW = Duration.ofSeconds(1);
  private static final Duration MAX_WINDOW = Duration.ofDays(1);
  private static final Duration MAX_SETTLE = Duration.ofDays(365);

  /** A wrong policy shows within its first hour; afterwards who is refused is refused rightly. */
  private static final Duration SETTLE = Duration.ofHours(1);

  private final PolicySource source;
  private final String file;
  private final Findings findings = new Findings();
  private final SourceMap sourceMap;
  private final LintNotes notes;
  private boolean named;

  private PolicyParser(PolicySource source) {
    this.source = source;
    this.file = source.manifest();
    this.sourceMap = new SourceMap(file);
    this.notes = new LintNotes(file);
  }

  /** Parses a policy's files. */
  public static ParsedPolicy parse(PolicySource source) {
    return new PolicyParser(source).parse();
  }

  private ParsedPolicy parse() {
    byte[] yaml = source.files().get(file);
    Policy policy = null;
    if (yaml == null) {
      findings.error(file, "policy.missing-file", "the policy has no " + file);
    } else {
      YamlNode root = YamlReader.read(file, yaml, YamlReader.MAX_BYTES, findings);
      policy = root == null ? null : policy(root);
    }
    RegoFiles rego = RegoFiles.read(source, named ? policy.name() : null, findings);
    return new ParsedPolicy(
        findings.failed() ? null : policy,
        rego.tests(),
        source.files().get(PolicySource.CASES_YAML),
        policy != null && policy.rego().containsKey(LOWERED) ? LOWERED : null,
        sourceMap,
        notes,
        notes.keep(findings.sorted()));
  }

  private Policy policy(YamlNode root) {
    Section top =
        Section.of(
            file, findings, Section.TOP, root, List.of("apiVersion", "kind", "metadata", "spec"));
    if (!(root instanceof YamlNode.Mapping)) {
      return null;
    }
    List.of("apiVersion", "kind", "metadata", "spec").forEach(top::require);
    constant(top, "apiVersion", API_VERSION);
    constant(top, "kind", "Policy");
    Section metadata = top.section("metadata", List.of("name", "labels", "annotations"));
    if (top.has("metadata")) {
      metadata.require("name");
    }
    notes.metadata(metadata); // other annotations are for other tools
    String name = name(metadata);
    Section spec =
        top.section(
            "spec",
            List.of(
                "description",
                "hooks",
                "mode",
                "scope",
                "onMiss",
                "fallback",
                "unparsed",
                "unknownPath",
                "budget",
                "data",
                "rules",
                "rego"));
    Set<Hook> hooks = top.has("spec") ? hooks(spec) : EnumSet.noneOf(Hook.class);
    JsonNode data = DataReader.read(source, spec.node("data"), findings);
    Policy policy =
        new Policy(
            name,
            spec.string("description", ""),
            metadata.stringMap("labels"),
            hooks,
            spec.word("mode", Mode.class, Mode.AUDIT),
            new ScopeReader(spec).read(hooks),
            spec.word("onMiss", OnMiss.class, OnMiss.HOLD),
            spec.word("fallback", Fallback.class, Fallback.ALLOW),
            unparsedPass(spec, hooks),
            judgesUnknownPath(spec, hooks),
            budget(spec, hooks),
            rego(name, hooks, spec, data),
            DataReader.write(data));
    notes.spec(spec, policy);
    return policy;
  }

  private void constant(Section top, String key, String value) {
    String written = top.string(key, value);
    if (!written.equals(value)) {
      top.error(
          top.node(key).at(),
          "yaml.value",
          key + " is \"" + written + "\"; this version reads \"" + value + "\"");
    }
  }

  private String name(Section metadata) {
    String name = metadata.string("name", "unnamed");
    String problem = null;
    if (!name.matches("[a-z][a-z0-9-]{0,62}") || name.endsWith("-")) {
      problem =
          "; it starts with a letter, ends with a letter or digit, and has at most 63 lower-case"
              + " letters, digits and dashes";
    } else if (REGO_WORDS.contains(name)) {
      problem = ", which is a word of Rego: no package can be called so; choose another";
    }
    if (problem != null) {
      metadata.error(
          metadata.node("name").at(), "yaml.value", "metadata.name is \"" + name + '"' + problem);
    }
    named = problem == null && metadata.node("name") instanceof YamlNode.Scalar;
    return name;
  }

  private Set<Hook> hooks(Section spec) {
    spec.require("hooks");
    Set<Hook> hooks = EnumSet.noneOf(Hook.class);
    List<String> known = Stream.of(Hook.values()).map(Hook::id).toList();
    for (YamlNode.Scalar item : spec.strings("hooks")) {
      int index = known.indexOf(item.text());
      if (index < 0) {
        spec.error(
            item.at(),
            "yaml.value",
            "unknown hook \"" + item.text() + "\"" + Suggest.among(item.text(), known));
      } else if (!hooks.add(Hook.values()[index])) {
        spec.error(item.at(), "yaml.value", "the hook " + item.text() + " is named twice");
      }
    }
    if (spec.has("hooks")
        && spec.node("hooks") instanceof YamlNode.Sequence s
        && s.items().isEmpty()) {
      spec.error(s.at(), "yaml.value", "spec.hooks is empty; known: " + String.join(", ", known));
    }
    return hooks;
  }

  /** What becomes of packets whose headers cannot be read, and of sockets with detours. */
  private enum Unparsed {
    DROP,
    PASS
  }

  private enum UnknownPath {
    DENY,
    JUDGE
  }

  private boolean judgesUnknownPath(Section spec, Set<Hook> hooks) {
    if (spec.has("unknownPath") && hooks.equals(EnumSet.of(Hook.XDP_INGRESS))) {
      spec.warning(
          spec.mark("unknownPath"),
          LintRule.SCOPE.id(),
          "unknownPath matters for hooks of processes only, and there are none");
    }
    return spec.word("unknownPath", UnknownPath.class, UnknownPath.DENY) == UnknownPath.JUDGE;
  }

  private boolean unparsedPass(Section spec, Set<Hook> hooks) {
    if (spec.has("unparsed")
        && !hooks.contains(Hook.XDP_INGRESS)
        && !hooks.contains(Hook.SOCKET_CONNECT)
        && hooks.stream().noneMatch(Hook::isLocal)) {
      spec.warning(
          spec.mark("unparsed"),
          LintRule.SCOPE.id(),
          "unparsed matters for packets and addresses only, and no hook of this policy has them");
    }
    return spec.word("unparsed", Unparsed.class, Unparsed.DROP) == Unparsed.PASS;
  }

  private Budget budget(Section spec, Set<Hook> hooks) {
    if (!spec.has("budget")) {
      return null;
    }
    Section budget = spec.section("budget", List.of("subjects", "denials", "window", "settle"));
    if (!(spec.node("budget") instanceof YamlNode.Mapping)) {
      return null; // said already; what it lacks is not worth saying
    }
    // As it was called when it counted attempts: what is kept from then stays in force.
    String limit = budget.has("denials") && !budget.has("subjects") ? "denials" : "subjects";
    budget.require(limit);
    budget.require("window");
    // Sources of packets are forged at will: no source shall disarm a policy.
    Duration absent = hooks.contains(Hook.XDP_INGRESS) ? Duration.ZERO : SETTLE;
    boolean never =
        budget.node("settle") instanceof YamlNode.Scalar scalar && scalar.text().equals("never");
    return new Budget(
        budget.number(limit, 1, 1),
        duration(budget, "window", MIN_WINDOW, MAX_WINDOW, MIN_WINDOW),
        never ? null : duration(budget, "settle", Duration.ZERO, MAX_SETTLE, absent));
  }

  private static Duration duration(
      Section section, String key, Duration min, Duration max, Duration absent) {
    YamlNode node = section.node(key);
    if (node == null) {
      return absent;
    }
    String text = node instanceof YamlNode.Scalar s ? s.text() : "";
    Duration duration = Durations.parse(text).orElse(max.plusNanos(1));
    if (duration.compareTo(min) < 0 || duration.compareTo(max) > 0) {
      section.error(
          node.at(),
          "yaml.value",
          "spec.budget.%s must be a duration from %ds to %dd with its unit (ms, s, m, h, d), such as 90s, not %s"
              .formatted(key, min.toSeconds(), max.toDays(), node.kind()));
      return absent;
    }
    return duration;
  }

  private Map<String, String> rego(String name, Set<Hook> hooks, Section spec, JsonNode data) {
    Map<String, String> modules =
        new TreeMap<>(RegoFiles.read(source, null, new Findings()).modules());
    notes.rego(modules);
    for (String generated : List.of(LOWERED, INLINE)) {
      if (source.files().containsKey(generated)) {
        findings.error(
            generated, "policy.reserved", "has a name that rules of " + file + " get; change it");
      }
    }
    List<YamlNode> items = spec.list("rules");
    if (!items.isEmpty() && !hooks.isEmpty()) {
      RuleReader reader = new RuleReader(file, findings, hooks, data);
      List<Rule> rules = reader.read(items);
      notes.folders(reader.folders());
      notes.rules(rules);
      RegoLowering.Lowered lowered = RegoLowering.lower(file, name, hooks, rules);
      modules.put(LOWERED, lowered.rego());
      sourceMap.put(LOWERED, lowered.marks(), false);
      if (modules.size() == 1 && !spec.has("rego")) {
        warnOfSilentHooks(spec, hooks, rules);
      }
    }
    if (spec.node("rego") instanceof YamlNode.Scalar inline && spec.string("rego", null) != null) {
      modules.put(INLINE, inline.text());
      sourceMap.put(
          INLINE, RegoFiles.inlineMarks(source.files().get(file), inline), inline.literal());
      if (named) {
        RegoFiles.checkPackage(file, inline.at(), inline.text(), name, findings);
      }
    } else {
      spec.string("rego", null); // reports its type
    }
    boolean files = source.files().keySet().stream().anyMatch(PolicyParser::isModule);
    if (modules.isEmpty() && !hooks.isEmpty() && !files) {
      spec.error(
          spec.mark("rules"),
          "policy.no-rules",
          "the policy has no rule: write spec.rules, spec.rego or a .rego file");
    }
    return modules;
  }

  private static boolean isModule(String file) {
    return file.endsWith(".rego") && !file.endsWith("_test.rego");
  }

  private void warnOfSilentHooks(Section spec, Set<Hook> hooks, List<Rule> rules) {
    Set<Hook> silent = EnumSet.copyOf(hooks);
    rules.forEach(r -> silent.removeAll(r.hooks()));
    if (!silent.isEmpty() && !findings.failed()) {
      spec.warning(
          spec.mark("hooks"),
          LintRule.HOOK.id(),
          "no rule can match at " + String.join(", ", silent.stream().map(Hook::id).toList()));
    }
  }
}
