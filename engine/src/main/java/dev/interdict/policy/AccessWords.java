package dev.interdict.policy;

import java.util.List;
import java.util.stream.Stream;

/**
 * The words of {@code access}. Changing a file has many of them: an open that only truncates, and
 * one that only creates, are no {@code write}, and whoever forgets them has a rule with a hole.
 */
final class AccessWords {
  /** All of an open that changes a file or makes one. */
  private static final List<String> OPEN = List.of("write", "append", "create", "truncate");

  /** What else {@code access: modify} stands for where names and attributes are changed. */
  private static final List<String> CHANGE =
      List.of("delete", "mkdir", "mknod", "symlink", "link", "rename", "chmod", "chown", "xattr");

  private static final String WORD = "modify";

  private AccessWords() {}

  /** Whether the word stands for several here. */
  static boolean isModify(Field field, YamlNode node) {
    return isOfFiles(field) && WORD.equals(node.value());
  }

  /** What {@code modify} stands for at the hooks that have this field. */
  static List<String> modify(Field field) {
    return Stream.concat(OPEN.stream(), CHANGE.stream()).filter(field.words()::contains).toList();
  }

  /** Reports {@code write} without what else changes a file. */
  static void warn(
      String file, Findings findings, Field field, Operator operator, List<Object> words, Mark at) {
    boolean positive = operator == Operator.EQUALS || operator == Operator.IN;
    if (positive && isOfFiles(field) && words.contains("write") && !words.containsAll(OPEN)) {
      findings.warning(
          file,
          at,
          LintRule.VALUE.id(),
          "write alone misses an open that only truncates or only creates the file; write access:"
              + " modify, which is write, append, create and truncate");
    }
  }

  private static boolean isOfFiles(Field field) {
    return field.type() == Field.Type.STRINGS && field.words().contains("truncate");
  }
}
