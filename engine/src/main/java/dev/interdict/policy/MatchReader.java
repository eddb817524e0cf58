package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.policy.Condition.Match;
import dev.interdict.policy.Condition.Values;
import java.util.ArrayList;
import java.util.EnumSet;
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
  /** Leads to the name of another fact, where a value may stand. */
  private static final String FACT = "fact";

  private static final Set<Operator> COMPARING =
      EnumSet.of(Operator.EQUALS, Operator.GT, Operator.GE, Operator.LT, Operator.LE);

  private final String file;
  private final Findings findings;
  private final Set<Hook> hooks;
  private final Map<String, Field> fields;
  private final JsonNode data;
  private final LiteralCheck literals;
  private final LinkedFolders linked;

  MatchReader(String file, Findings findings, Set<Hook> hooks, JsonNode data) {
    this.file = file;
    this.findings = findings;
    this.hooks = hooks;
    this.fields = Fields.of(hooks);
    this.data = data;
    this.literals = new LiteralCheck(file, findings);
    this.linked = new LinkedFolders(file, findings);
  }

  /** The folders that paths are said to begin with, in what has been read. */
  List<LinkedFolders.Folder> folders() {
    return linked.folders();
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
      if (e.key().equals(FACT)) {
        all.add(fact(field, Operator.EQUALS, e));
      } else if (operator == null || !operator.fits(field)) {
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
    if (operator == Operator.CONTAINS && field.type() == Field.Type.STRINGS) {
      return "contains looks into a text; "
          + field.path()
          + ": WORD holds if it is one of the words";
    }
    if (operator == Operator.EXISTS) {
      return field.path() + " is always there; exists says nothing";
    }
    String bare =
        fitting.isEmpty() ? "a bare value" : "a bare value, " + String.join(", ", fitting);
    return key + " does not fit " + field.path() + "; what fits: " + bare;
  }

  private Condition match(Field field, Operator operator, YamlNode node, Mark at) {
    if (node instanceof YamlNode.Mapping mapping
        && mapping.entries().size() == 1
        && mapping.entries().getFirst().key().equals(FACT)) {
      return fact(field, operator, mapping.entries().getFirst());
    }
    if (operator == Operator.RANGE) {
      return range(field, node, at);
    }
    boolean data = operator.takes != Operator.Takes.ONE;
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
              : operator.takes == Operator.Takes.LIST
                  ? "a list or {data: NAME}"
                  : "a value, a list of them or {data: NAME}";
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
    linked.look(field, operator, values.stream().map(Object::toString).toList(), at);
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

  /** Not less than the one and not greater than the other, as whoever writes them out would. */
  private Condition range(Field field, YamlNode node, Mark at) {
    if (!(node instanceof YamlNode.Sequence ends) || ends.items().size() != 2) {
      String hint =
          node.value() instanceof String text && text.matches("\\d+ *- *\\d+")
              ? "; write [" + text.replaceFirst(" *- *", ", ") + "]"
              : "";
      String what =
          node instanceof YamlNode.Sequence list ? "a list of " + list.items().size() : node.kind();
      findings.error(
          file,
          node.at(),
          "yaml.type",
          "range takes a list of two, its least value and its greatest, not " + what + hint);
      return null;
    }
    Object least = literals.check(field, Operator.GE, ends.items().getFirst());
    Object greatest = literals.check(field, Operator.LE, ends.items().getLast());
    if (least == null || greatest == null) {
      return null;
    }
    if ((Long) least > (Long) greatest) {
      findings.error(
          file,
          node.at(),
          "rule.value",
          "nothing is in a range from "
              + least
              + " to "
              + greatest
              + "; write {range: ["
              + greatest
              + ", "
              + least
              + "]}");
      return null;
    }
    return new Condition.All(
        List.of(
            literals(field, Operator.GE, List.of(least), at),
            literals(field, Operator.LE, List.of(greatest), at)),
        at);
  }

  /** Compares with another fact: both must be known, and values of one kind. */
  private Condition fact(Field field, Operator operator, YamlNode.Entry entry) {
    String problem = null;
    Field other = null;
    if (!COMPARING.contains(operator)) {
      problem =
          operator.key
              + " takes no fact; two facts are compared as FACT: {fact: OTHER}, or behind gt, ge,"
              + " lt and le";
    } else if (!(entry.value().value() instanceof String path)) {
      problem = "fact takes the name of a fact, such as file.uid, not " + entry.value().kind();
    } else {
      other = fields.get(path);
      problem = other == null ? unknown(path) : incomparable(field, other);
    }
    if (problem != null) {
      String code =
          other == null && COMPARING.contains(operator) ? "rule.unknown-field" : "rule.fact";
      findings.error(file, entry.value().at(), code, problem);
      return null;
    }
    return new Match(field, operator, new Values.Fact(other), entry.at());
  }

  /** Why two facts never say the same of anything; null if they may. */
  private String incomparable(Field field, Field other) {
    if (field.isPath()) {
      return "a path is compared with what it may be only: the same file has several, and each is"
          + " asked about. Whether two are the same file, file.inode and file.dev say";
    }
    if (field.kind() == null) {
      return "no other fact has values like those of " + field.path();
    }
    if (!other.path().equals(field.path()) && field.kind().equals(other.kind())) {
      return null;
    }
    List<String> alike =
        fields.values().stream()
            .filter(f -> field.kind().equals(f.kind()) && !f.path().equals(field.path()))
            .map(Field::path)
            .toList();
    String what =
        other.path().equals(field.path())
            ? field.path() + " is always the same as itself"
            : field.path() + " and " + other.path() + " are numbers of different things";
    return what
        + (alike.isEmpty()
            ? ""
            : "; " + field.path() + " can be compared with " + String.join(", ", alike));
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
    if (!literals.checkData(field, operator, path, list, mark)) {
      return null;
    }
    linked.look(field, operator, list.valueStream().map(JsonNode::asString).toList(), at);
    Match match = new Match(field, operator, new Values.Data(path), at);
    if (operator != Operator.UNDER) {
      return match;
    }
    Match itself = new Match(field, Operator.IN, new Values.Data(path), at);
    return new Condition.Any(List.of(itself, match), at);
  }
}
