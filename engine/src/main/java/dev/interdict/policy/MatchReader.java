package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.policy.Condition.Match;
import dev.interdict.policy.Condition.Values;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Reads the comparison of one fact, {@code file.path: {in: [/etc/shadow]}}, and checks it against
 * the schemas and {@code data}.
 */
final class MatchReader {
  private final String file;
  private final Findings findings;
  private final Set<Hook> hooks;
  private final Map<String, Field> fields;
  private final JsonNode data;
  private final LiteralCheck literals;

  MatchReader(String file, Findings findings, Set<Hook> hooks, JsonNode data) {
    this.file = file;
    this.findings = findings;
    this.hooks = hooks;
    this.fields = Fields.of(hooks);
    this.data = data;
    this.literals = new LiteralCheck(file, findings);
  }

  /** The comparisons of one fact, all of which must hold; null after an error. */
  Condition read(YamlNode.Entry entry) {
    Field field = fields.get(entry.key());
    if (field == null) {
      findings.error(file, entry.at(), "rule.unknown-field", unknown(entry.key()));
      return null;
    }
    return switch (entry.value()) {
      case YamlNode.Scalar scalar -> match(field, Operator.EQUALS, scalar, entry.at());
      case YamlNode.Sequence sequence -> {
        findings.error(
            file,
            sequence.at(),
            "rule.operator",
            "a list needs an operator: {in: [...]} or {notIn: [...]}");
        yield null;
      }
      case YamlNode.Mapping mapping -> operators(field, mapping, entry.at());
    };
  }

  /** Why a fact is not known, with what may be meant. */
  String unknown(String path) {
    List<String> elsewhere = Fields.hooksWith(path);
    String asked = hooks.stream().map(Hook::id).reduce((a, b) -> a + ", " + b).orElse("none");
    if (!elsewhere.isEmpty()) {
      return "no hook of this policy ("
          + asked
          + ") has the fact "
          + path
          + "; it is known at "
          + String.join(", ", elsewhere);
    }
    Set<String> known = new TreeSet<>(fields.keySet());
    known.addAll(List.of("any", "all", "not"));
    return "unknown fact \"" + path + "\"" + Suggest.fact(path, known);
  }

  private Condition operators(Field field, YamlNode.Mapping mapping, Mark at) {
    if (mapping.entries().isEmpty()) {
      findings.error(
          file, mapping.at(), "rule.operator", field.path() + " is compared with nothing");
      return null;
    }
    List<Condition> all = new ArrayList<>();
    for (YamlNode.Entry e : mapping.entries()) {
      Operator operator = Operator.ofKey(e.key()).orElse(null);
      if (operator == null || !operator.fits(field)) {
        all.add(null);
        findings.error(file, e.at(), "rule.operator", misfit(field, e.key(), operator));
      } else {
        all.add(match(field, operator, e.value(), e.at()));
      }
    }
    if (all.contains(null)) {
      return null;
    }
    return all.size() == 1 ? all.getFirst() : new Condition.All(all, at);
  }

  private static String misfit(Field field, String key, Operator operator) {
    List<String> fitting = Operator.keysFor(field);
    if (operator == null) {
      return "unknown operator \""
          + key
          + "\" for "
          + field.path()
          + Suggest.operator(key, fitting);
    }
    if (operator == Operator.EXISTS) {
      return field.path() + " is always there; exists says nothing";
    }
    String bare =
        fitting.isEmpty() ? "a bare value" : "a bare value, " + String.join(", ", fitting);
    return key + " does not fit " + field.path() + "; what fits: " + bare;
  }

  private Condition match(Field field, Operator operator, YamlNode node, Mark at) {
    boolean data = operator.takes != Operator.Takes.ONE && operator != Operator.UNDER;
    if (data && node instanceof YamlNode.Mapping reference) {
      return dataMatch(field, operator, reference, at);
    }
    List<YamlNode> items;
    if (operator.takes != Operator.Takes.ONE && node instanceof YamlNode.Sequence sequence) {
      items = sequence.items();
      if (items.isEmpty()) {
        findings.error(file, node.at(), "rule.empty", "the list is empty");
        return null;
      }
    } else if (operator.takes != Operator.Takes.LIST && node instanceof YamlNode.Scalar) {
      items = List.of(node);
    } else {
      String wanted =
          operator.takes == Operator.Takes.ONE
              ? "one value"
              : data ? "a list or {data: NAME}" : "a value or a list of them";
      findings.error(
          file,
          node.at(),
          "yaml.type",
          (operator.key.isEmpty() ? field.path() : operator.key)
              + " takes "
              + wanted
              + ", not "
              + node.kind());
      return null;
    }
    List<Object> values = new ArrayList<>();
    for (YamlNode item : items) {
      if (AccessWords.isModify(field, item)) {
        values.addAll(AccessWords.modify(field));
      } else {
        values.add(literals.check(field, operator, item));
      }
    }
    if (values.contains(null)) {
      return null;
    }
    AccessWords.warn(file, findings, field, operator, values, node.at());
    if (operator == Operator.UNDER) {
      return under(field, values, at);
    }
    boolean several = operator == Operator.EQUALS && values.size() > 1; // modify
    return literals(field, several ? Operator.IN : operator, values, at);
  }

  private static Match literals(Field field, Operator operator, List<Object> values, Mark at) {
    return new Match(field, operator, new Values.Literals(values), at);
  }

  /** The folder itself, or what is below: two comparisons, as whoever writes them out would. */
  private static Condition under(Field field, List<Object> folders, Mark at) {
    List<Object> below = new ArrayList<>();
    folders.forEach(folder -> below.add(folder + "/"));
    return new Condition.Any(
        List.of(
            literals(field, Operator.IN, folders, at), literals(field, Operator.PREFIX, below, at)),
        at);
  }

  private Condition dataMatch(Field field, Operator operator, YamlNode.Mapping reference, Mark at) {
    Section section = Section.of(file, findings, operator.key, reference, List.of("data"));
    section.require("data");
    String path = section.string("data", null);
    if (path == null) {
      return null;
    }
    Mark mark = section.node("data").at();
    if (!Stream.of(path.split("\\.", -1)).allMatch(name -> name.matches("[a-zA-Z_]\\w*"))) {
      findings.error(
          file, mark, "rule.data", "\"" + path + "\" is no dotted path of names into data");
      return null;
    }
    JsonNode list = data;
    Set<String> known = new TreeSet<>();
    for (String name : path.split("\\.", -1)) {
      known.clear();
      known.addAll(list.propertyNames());
      list = list.path(name);
      if (list.isMissingNode()) {
        findings.error(file, mark, "rule.data", "data has no " + path + Suggest.among(name, known));
        return null;
      }
    }
    return literals.checkData(field, operator, path, list, mark)
        ? new Match(field, operator, new Values.Data(path), at)
        : null;
  }
}
