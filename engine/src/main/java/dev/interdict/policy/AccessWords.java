package dev.interdict.policy;

import java.util.List;

/**
 * The words of {@code access}. Writing has four of them: an open that only truncates, and one that
 * only creates, are no {@code write}, and whoever forgets them has a rule with a hole.
 */
final class AccessWords {
  /** All that changes a file or makes one; {@code access: modify} stands for them. */
  static final List<Object> MODIFY = List.of("write", "append", "create", "truncate");

  private static final String WORD = "modify";

  private AccessWords() {}

  /** Whether the word stands for all four here. */
  static boolean isModify(Field field, YamlNode node) {
    return isOfFiles(field) && WORD.equals(node.value());
  }

  /** Reports {@code write} without what else changes a file. */
  static void warn(
      String file, Findings findings, Field field, Operator operator, List<Object> words, Mark at) {
    boolean positive = operator == Operator.EQUALS || operator == Operator.IN;
    if (positive && isOfFiles(field) && words.contains("write") && !words.containsAll(MODIFY)) {
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
