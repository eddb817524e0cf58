package dev.interdict.policy;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A fact that rules can read: one leaf of the schema of {@code input}.
 *
 * @param path dotted, below {@code input}, such as {@code file.path}
 * @param type what its values are
 * @param words the values it can take; empty: not listed
 * @param names names of numbers: a value is one of them, or a number that has none; empty: no such
 *     fact. Of numbers that have another name in each family, by {@code family:number}
 * @param pattern what a string must look like, or null
 * @param min least number; {@code Long.MIN_VALUE} if the schema says nothing
 * @param max largest number; {@code Long.MAX_VALUE} if the schema says nothing
 * @param optional whether the fact can be absent
 */
record Field(
    String path,
    Type type,
    List<String> words,
    Map<String, String> names,
    Pattern pattern,
    long min,
    long max,
    boolean optional) {

  enum Type {
    STRING("a string"),
    INTEGER("a whole number"),
    BOOLEAN("true or false"),
    /** A set of words, such as {@code access}. */
    STRINGS("a string");

    /** What a value in a rule must be. */
    final String wanted;

    Type(String wanted) {
      this.wanted = wanted;
    }
  }

  /** Whether the values are IP addresses. */
  boolean isAddress() {
    return path.endsWith(".address");
  }

  /** Whether the values are absolute paths of files. */
  boolean isPath() {
    return path.equals("file.path") || path.endsWith(".exe.path");
  }

  /** Whether the values are paths of cgroups, written as those of files. */
  boolean isCgroupPath() {
    return path.endsWith(".cgroup.path");
  }

  /** Whether the values are ports, which have names. */
  boolean isPort() {
    return path.endsWith(".port");
  }

  /**
   * What the values number or name, so that those of two facts can be equal: a user, a port. Null:
   * no other fact has values of this kind, or the same thing has several.
   */
  String kind() {
    String name = path.substring(path.lastIndexOf('.') + 1);
    return switch (name) {
      case "uid", "euid" -> type == Type.INTEGER ? "user" : null; // a pod has one, too
      case "gid", "egid" -> "group";
      case "port", "address", "dev", "inode" -> name;
      default -> null;
    };
  }

  /** The same fact at another hook: what either side allows. */
  Field or(Field other) {
    List<String> both =
        words.isEmpty() || other.words.isEmpty()
            ? List.of()
            : List.copyOf(
                new TreeSet<>(Stream.concat(words.stream(), other.words.stream()).toList()));
    Map<String, String> allNames = new TreeMap<>(names);
    allNames.putAll(other.names);
    return new Field(
        path,
        type,
        both,
        Collections.unmodifiableMap(allNames),
        pattern,
        Math.min(min, other.min),
        Math.max(max, other.max),
        optional || other.optional);
  }
}
