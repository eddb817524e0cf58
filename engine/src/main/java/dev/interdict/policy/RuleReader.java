package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.policy.Rule.ReasonPart;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Reads {@code spec.rules} and checks them against the schemas of the policy's hooks.
 *
 * <p>A rule is tried at the hooks of its policy that have all the facts it names. So a rule about
 * {@code file.path} stays silent at {@code socket_connect}, whatever it says about the path.
 */
final class RuleReader {

  /** More rules than anybody reviews; longer lists belong into {@code data}. */
  private static final int MAX_RULES = 1000;

  private static final String REASON = "reason";

  /** Leads to the facts of a rule whose kind leads to its label. */
  private static final String WHEN = "when";

  private static final Pattern LABEL = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  private static final List<String> KINDS =
      Stream.of(Rule.Kind.values()).map(Rule.Kind::key).toList();
  private static final List<String> KEYS =
      Stream.concat(KINDS.stream(), Stream.of(REASON, WHEN)).toList();

  /** What a reader of the log takes in at a glance; the kernel's side keeps less. */
  private static final int MAX_REASON = 1000;

  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{|}}|\\{([^{}]*)}|[{}]");

  private final String file;
  private final Findings findings;
  private final Set<Hook> hooks;
  private final Map<String, Field> fields;
  private final MatchReader matches;

  RuleReader(String file, Findings findings, Set<Hook> hooks, JsonNode data) {
    this.file = file;
    this.findings = findings;
    this.hooks = hooks;
    this.fields = Fields.of(hooks);
    this.matches = new MatchReader(file, findings, hooks, data);
  }

  /** The folders that rules say paths begin with. */
  List<LinkedFolders.Folder> folders() {
    return matches.folders();
  }

  /** Reads the rules; those with errors are left out. */
  List<Rule> read(List<YamlNode> items) {
    List<Rule> rules = new ArrayList<>();
    if (items.size() > MAX_RULES) {
      findings.error(
          file,
          items.get(MAX_RULES).at(),
          "policy.size",
          items.size() + " rules; at most " + MAX_RULES + ". Move long lists to data");
      return rules;
    }
    for (int i = 0; i < items.size(); i++) {
      Rule rule = rule(items.get(i), "spec.rules[" + i + "]");
      if (rule != null) {
        rules.add(rule);
      }
    }
    return rules;
  }

  private Rule rule(YamlNode node, String where) {
    Section section = Section.of(file, findings, where, node, KEYS);
    List<Rule.Kind> kinds =
        Stream.of(Rule.Kind.values()).filter(k -> section.has(k.key())).toList();
    if (kinds.size() != 1) {
      if (node instanceof YamlNode.Mapping) {
        findings.error(
            file,
            node.at(),
            "yaml.missing-key",
            where
                + " needs exactly one of the keys deny, kill, warn and label; it has "
                + (kinds.isEmpty() ? "none" : kinds.size()));
      }
      return null;
    }
    Rule.Kind kind = kinds.getFirst();
    if (kind == Rule.Kind.LABEL) {
      return label(section, where);
    }
    if (section.has(WHEN)) {
      section.error(
          section.mark(WHEN),
          "yaml.unknown-key",
          "when stands beside label; the facts of " + kind.key() + " stand below it");
    }
    Condition when = condition(section.node(kind.key()), where + "." + kind.key());
    section.require("reason");
    String reason = section.string("reason", "");
    if (when == null) {
      reason(reason, section.mark("reason"), Set.of(), new Condition.All(List.of(), node.at()));
      return null;
    }
    Set<Hook> applicable = applicable(when, section.mark(kind.key()));
    if (section.has("reason") && reason.isBlank()) {
      section.error(
          section.mark("reason"),
          "yaml.value",
          "the reason is empty; say why, for those who read the log");
    }
    if (reason.length() > MAX_REASON) {
      section.error(
          section.mark("reason"),
          "policy.size",
          "the reason has " + reason.length() + " characters; at most " + MAX_REASON);
      reason = "";
    }
    Mark reasonMark = section.has("reason") ? section.node("reason").at() : node.at();
    return new Rule(
        kind,
        when,
        reason(reason, reasonMark, applicable, when),
        applicable,
        section.mark(kind.key()));
  }

  /** {@code label: NAME} with the facts under {@code when}. */
  private Rule label(Section section, String where) {
    section.require(WHEN);
    if (section.has(REASON)) {
      section.error(
          section.mark(REASON), "yaml.unknown-key", "a label needs no reason: it is one itself");
    }
    String label = section.string(Rule.Kind.LABEL.key(), "");
    if (!LABEL.matcher(label).matches()) {
      section.error(
          section.mark(Rule.Kind.LABEL.key()),
          "yaml.value",
          "\""
              + label
              + "\" is no label; one is a letter, then at most 62 lower-case letters, digits and"
              + " dashes, and the facts stand below when");
    }
    if (!section.has(WHEN)) {
      return null;
    }
    Condition when = condition(section.node(WHEN), where + "." + WHEN);
    if (when == null) {
      return null;
    }
    Mark at = section.mark(Rule.Kind.LABEL.key());
    Set<Hook> applicable = applicable(when, at);
    if (applicable.remove(Hook.XDP_INGRESS) && applicable.isEmpty()) {
      section.error(at, "rule.no-hook", "a packet has no process that could have a label");
    }
    return new Rule(Rule.Kind.LABEL, when, List.of(new ReasonPart.Text(label)), applicable, at);
  }

  private Set<Hook> applicable(Condition when, Mark at) {
    Set<String> named = new TreeSet<>();
    when.forEachMatch(m -> named.addAll(m.facts()));
    Set<Hook> applicable = EnumSet.noneOf(Hook.class);
    for (Hook hook : hooks) {
      if (Fields.of(hook).keySet().containsAll(named)) {
        applicable.add(hook);
      }
    }
    if (applicable.isEmpty()) {
      findings.error(
          file,
          at,
          "rule.no-hook",
          "no hook of this policy has all the facts this rule names ("
              + String.join(", ", named)
              + "); write a rule for each hook");
    }
    return applicable;
  }

  private Condition condition(YamlNode node, String where) {
    if (!(node instanceof YamlNode.Mapping mapping)) {
      findings.error(
          file, node.at(), "yaml.type", where + " must be a mapping of facts, not " + node.kind());
      return null;
    }
    if (mapping.entries().isEmpty()) {
      findings.error(
          file,
          node.at(),
          "rule.empty",
          where
              + " names no fact and would match every event; to match every event of a hook, write hook: NAME");
      return null;
    }
    List<Condition> all = new ArrayList<>();
    boolean complete = true;
    for (YamlNode.Entry entry : mapping.entries()) {
      Condition condition =
          switch (entry.key()) {
            case "any" -> list(entry, where, Condition.Any::new);
            case "all" -> list(entry, where, Condition.All::new);
            case "not" -> {
              Condition inner = condition(entry.value(), where + ".not");
              yield inner == null ? null : new Condition.Not(inner, entry.at());
            }
            default -> matches.read(entry);
          };
      complete &= condition != null;
      all.add(condition);
    }
    if (!complete) {
      return null;
    }
    return all.size() == 1 ? all.getFirst() : new Condition.All(all, mapping.at());
  }

  /** Makes a condition of a list of them. */
  private interface Combinator {
    Condition of(List<Condition> conditions, Mark at);
  }

  private Condition list(YamlNode.Entry entry, String where, Combinator combinator) {
    String name = where + "." + entry.key();
    if (!(entry.value() instanceof YamlNode.Sequence sequence) || sequence.items().isEmpty()) {
      findings.error(
          file,
          entry.value().at(),
          "yaml.type",
          name
              + " must be a list of at least one mapping of facts, not "
              + (entry.value() instanceof YamlNode.Sequence
                  ? "an empty list"
                  : entry.value().kind()));
      return null;
    }
    List<Condition> conditions = new ArrayList<>();
    for (int i = 0; i < sequence.items().size(); i++) {
      conditions.add(condition(sequence.items().get(i), name + "[" + i + "]"));
    }
    return conditions.contains(null) ? null : combinator.of(conditions, entry.at());
  }

  private List<ReasonPart> reason(
      String text, Mark at, Collection<Hook> applicable, Condition when) {
    List<ReasonPart> parts = new ArrayList<>();
    StringBuilder plain = new StringBuilder();
    Matcher matcher = PLACEHOLDER.matcher(text);
    int end = 0;
    while (matcher.find()) {
      plain.append(text, end, matcher.start());
      end = matcher.end();
      String found = matcher.group();
      if (found.equals("{{") || found.equals("}}")) {
        plain.append(found.charAt(0));
      } else if (matcher.group(1) == null) {
        findings.error(
            file,
            at,
            "rule.reason",
            "the reason has a single "
                + found
                + "; a fact is written {file.path}, a brace "
                + found
                + found);
      } else {
        Field field = reasonField(matcher.group(1), at, applicable, when);
        if (field != null) {
          parts.add(new ReasonPart.Text(plain.toString()));
          plain.setLength(0);
          parts.add(new ReasonPart.Fact(field));
        }
      }
    }
    parts.add(new ReasonPart.Text(plain.append(text.substring(end)).toString()));
    return parts.stream().filter(p -> !p.equals(new ReasonPart.Text(""))).toList();
  }

  private Field reasonField(String path, Mark at, Collection<Hook> applicable, Condition when) {
    Field field = fields.get(path);
    if (field == null) {
      findings.error(file, at, "rule.unknown-field", matches.unknown(path) + " (in the reason)");
      return null;
    }
    List<String> without =
        applicable.stream().filter(h -> !Fields.of(h).containsKey(path)).map(Hook::id).toList();
    if (!without.isEmpty()) {
      findings.error(
          file,
          at,
          "rule.unknown-field",
          "the reason names "
              + path
              + ", which "
              + String.join(" and ", without)
              + " does not have; name the hook in the rule or leave the fact out");
      return null;
    }
    Set<String> compared = new TreeSet<>();
    when.forEachMatch(m -> compared.addAll(m.facts()));
    if (path.equals("process.pid") && !compared.contains(path)) {
      findings.warning(
          file,
          at,
          LintRule.EVERY_PROCESS.id(),
          "the reason names process.pid, so that each process is decided anew; the decision log has the pid anyway");
    }
    return field;
  }
}
