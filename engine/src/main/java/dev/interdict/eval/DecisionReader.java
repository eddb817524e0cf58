package dev.interdict.eval;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads a {@link Decision} out of a module's memory. The usual one, which says nothing, is
 * recognised by three lengths and creates no object.
 */
final class DecisionReader {
  /** Reasons in one decision. */
  static final int REASONS_MAX = 64;

  /** Bytes of all reasons of one decision; a decision log line is meant to be read. */
  static final int BYTES_MAX = 64 << 10;

  private static final byte[] RESULT = OpaInstance.key("result");
  private static final byte[] DENY = OpaInstance.key("deny");
  private static final byte[] KILL = OpaInstance.key("kill");
  private static final byte[] WARN = OpaInstance.key("warn");

  private final Values values;
  private final PolicyMemory memory;
  private int bytesLeft;

  DecisionReader(OpaInstance instance) {
    this.values = instance.values();
    this.memory = instance.memory();
  }

  /**
   * The decision in a result set.
   *
   * @throws Values.TooLarge if there are too many reasons or bytes
   * @throws IllegalStateException if this is no decision
   */
  Decision read(int resultSet) {
    int binding = resultSet == 0 ? 0 : values.only(resultSet);
    int decision = binding == 0 ? 0 : values.get(binding, RESULT);
    if (decision == 0) {
      throw new IllegalStateException("the entrypoint is undefined");
    }
    int deny = reasons(decision, DENY);
    int kill = reasons(decision, KILL);
    int warn = reasons(decision, WARN);
    int total = count(deny) + count(kill) + count(warn);
    if (total == 0) {
      return Decision.ALLOW;
    }
    if (total > REASONS_MAX) {
      throw new Values.TooLarge(total + " reasons; the limit is " + REASONS_MAX);
    }
    bytesLeft = BYTES_MAX;
    return new Decision(texts(deny), texts(kill), texts(warn));
  }

  private int reasons(int decision, byte[] key) {
    int array = values.get(decision, key);
    if (array == 0 || values.arrayLength(array) < 0) {
      throw new IllegalStateException(
          "the decision has no array " + new String(key, java.nio.charset.StandardCharsets.UTF_8));
    }
    return array;
  }

  private int count(int array) {
    int length = values.arrayLength(array);
    return Math.min(length, REASONS_MAX + 1);
  }

  private List<String> texts(int array) {
    int count = count(array);
    int elements = memory.readInt(array + 4);
    List<String> texts = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Object text = values.read(memory.readInt(elements + 8 * i + 4), bytesLeft);
      if (!(text instanceof String reason)) {
        throw new IllegalStateException("a reason is no string: " + text);
      }
      texts.add(reason);
      bytesLeft -= reason.length();
    }
    return List.copyOf(texts);
  }
}
