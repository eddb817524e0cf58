package dev.interdict.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A mapping of {@code policy.yaml} whose keys are known: reads values by type and reports what does
 * not fit. A getter that reports returns its default, so that reading goes on.
 */
public final class Section {
  /** What messages call the document itself. */
  static final String TOP = "the policy";

  private final String file;
  private final Findings findings;
  private final String where;
  private final Mark at;
  private final Map<String, YamlNode.Entry> entries;

  private Section(
      String file, Findings findings, String where, Mark at, List<YamlNode.Entry> entries) {
    this.file = file;
    this.findings = findings;
    this.where = where;
    this.at = at;
    this.entries = entries.stream().collect(Collectors.toMap(YamlNode.Entry::key, e -> e));
  }

  /**
   * Opens {@code node}; reports if it is no mapping, and each of its keys that is not known.
   *
   * @param where what messages call it, such as {@code spec.budget}
   */
  public static Section of(
      String file, Findings findings, String where, YamlNode node, List<String> known) {
    if (!(node instanceof YamlNode.Mapping mapping)) {
      findings.error(
          file, node.at(), "yaml.type", where + " must be a mapping, not " + node.kind());
      return new Section(file, findings, where, node.at(), List.of());
    }
    for (YamlNode.Entry e : mapping.entries()) {
      if (!known.contains(e.key())) {
        findings.error(
            file,
            e.at(),
            "yaml.unknown-key",
            "unknown key \"" + e.key() + "\" in " + where + Suggest.ruleKey(e.key(), known));
      }
    }
    return new Section(file, findings, where, mapping.at(), mapping.entries());
  }

  /** An empty section, for one that is left out. */
  public Section absent(String key) {
    return new Section(file, findings, name(key), at, List.of());
  }

  /** The section below {@code key}; an empty one if it is left out. */
  public Section section(String key, List<String> known) {
    YamlNode node = node(key);
    return node == null ? absent(key) : of(file, findings, name(key), node, known);
  }

  /** An item of the list below {@code key}, as a section of its own. */
  public Section item(String key, YamlNode item, List<String> known) {
    return of(file, findings, "an item of " + name(key), item, known);
  }

  /** Whether {@code key} is written. */
  public boolean has(String key) {
    return entries.containsKey(key);
  }

  /** The node below {@code key}, or null. */
  public YamlNode node(String key) {
    YamlNode.Entry entry = entries.get(key);
    return entry == null ? null : entry.value();
  }

  /** Where {@code key} is written, or the section if it is not. */
  public Mark mark(String key) {
    YamlNode.Entry entry = entries.get(key);
    return entry == null ? at : entry.at();
  }

  /** Reports a key that must be there and is not. */
  public void require(String key) {
    if (!has(key)) {
      error(at, "yaml.missing-key", where + " needs the key \"" + key + "\"");
    }
  }

  /** A string. */
  public String string(String key, String absent) {
    YamlNode node = node(key);
    return node == null ? absent : stringOf(node, name(key), absent);
  }

  /** One of the words of an enum, in lower case. */
  public <E extends Enum<E>> E word(String key, Class<E> type, E absent) {
    YamlNode node = node(key);
    if (node == null) {
      return absent;
    }
    List<String> words =
        Stream.of(type.getEnumConstants()).map(e -> e.name().toLowerCase(Locale.ROOT)).toList();
    String word = stringOf(node, name(key), null);
    if (word != null && !words.contains(word)) {
      error(
          node.at(),
          "yaml.value",
          name(key) + " is \"" + word + "\"; it must be " + String.join(" or ", words));
    }
    return word == null || !words.contains(word)
        ? absent
        : Enum.valueOf(type, word.toUpperCase(Locale.ROOT));
  }

  /** A whole number of at least {@code min}. */
  public long number(String key, long min, long absent) {
    YamlNode node = node(key);
    if (node == null) {
      return absent;
    }
    if (node.value() instanceof Long number && number >= min) {
      return number;
    }
    error(
        node.at(),
        "yaml.type",
        name(key) + " must be a whole number of at least " + min + ", not " + node.kind());
    return absent;
  }

  /** The items of a list; reports and returns none if it is no list. */
  public List<YamlNode> list(String key) {
    YamlNode node = node(key);
    if (node instanceof YamlNode.Sequence s) {
      return s.items();
    }
    if (node != null) {
      error(node.at(), "yaml.type", name(key) + " must be a list, not " + node.kind());
    }
    return List.of();
  }

  /** A list of strings; those with a check of their own are looked at by the caller. */
  public List<YamlNode.Scalar> strings(String key) {
    List<YamlNode.Scalar> strings = new ArrayList<>();
    for (YamlNode item : list(key)) {
      if (stringOf(item, "an item of " + name(key), null) != null) {
        strings.add((YamlNode.Scalar) item);
      }
    }
    return strings;
  }

  /** The keys of a mapping whose keys are names; reports and returns none if it is no mapping. */
  public List<String> names(String key) {
    YamlNode node = node(key);
    if (node instanceof YamlNode.Mapping m) {
      return m.entries().stream().map(YamlNode.Entry::key).toList();
    }
    if (node != null) {
      error(node.at(), "yaml.type", name(key) + " must be a mapping, not " + node.kind());
    }
    return List.of();
  }

  /** A mapping of strings to strings. */
  public Map<String, String> stringMap(String key) {
    Map<String, String> map = new java.util.TreeMap<>();
    YamlNode node = node(key);
    if (node instanceof YamlNode.Mapping m) {
      for (YamlNode.Entry e : m.entries()) {
        map.put(e.key(), stringOf(e.value(), name(key) + "." + e.key(), ""));
      }
    } else if (node != null) {
      error(node.at(), "yaml.type", name(key) + " must be a mapping, not " + node.kind());
    }
    return map;
  }

  private String stringOf(YamlNode node, String name, String absent) {
    if (node.value() instanceof String s) {
      return s;
    }
    boolean quotable = node instanceof YamlNode.Scalar && node.value() != null;
    error(
        node.at(),
        "yaml.type",
        name + " must be a string, not " + node.kind() + (quotable ? "; put it in quotes" : ""));
    return absent;
  }

  /** Reports an error at a place. */
  public void error(Mark mark, String code, String message) {
    findings.error(file, mark, code, message);
  }

  /** Reports a warning at a place. */
  public void warning(Mark mark, String code, String message) {
    findings.warning(file, mark, code, message);
  }

  private String name(String key) {
    // The document itself has a name of words, "the policy"; all below has one of keys.
    return where.contains(" ") ? key : where + "." + key;
  }
}
