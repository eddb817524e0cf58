package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads a {@link Decision} out of a module's memory. The usual one, which says nothing, is
 * recognised by three lengths and creates no object.
 */
final class DecisionReader {
  /** Reasons told of one decision; how many more there are is told, too. */
  static final int REASONS_MAX = 64;

  /** Bytes of all reasons of one decision; a decision log line is meant to be read. */
  static final int BYTES_MAX = 64 << 10;

  private static final byte[] RESULT = OpaInstance.key("result");
  private static final byte[] DENY = OpaInstance.key("deny");
  private static final byte[] KILL = OpaInstance.key("kill");
  private static final byte[] WARN = OpaInstance.key("warn");
  private static final byte[] LABEL = OpaInstance.key("label");

  private final Values values;
  private final PolicyMemory memory;
  private int reasonsLeft;
  private int bytesLeft;

  DecisionReader(OpaInstance instance) {
    this.values = instance.values();
    this.memory = instance.memory();
  }

  /**
   * The decision in a result set. Of more reasons or bytes than can be told the first are: who has
   * many objections has one.
   *
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
    // Only policies with such rules have it.
    int label = values.get(decision, LABEL);
    int labels = label == 0 ? 0 : values.arrayLength(label);
    if (values.arrayLength(deny) + values.arrayLength(kill) + values.arrayLength(warn) + labels
        == 0) {
      return Decision.ALLOW;
    }
    // Each has its own room, so that no reason takes a label away.
    List<String> set = labels == 0 ? List.of() : begin().texts(label);
    begin();
    return new Decision(texts(deny), texts(kill), texts(warn), set);
  }

  private DecisionReader begin() {
    reasonsLeft = REASONS_MAX;
    bytesLeft = BYTES_MAX;
    return this;
  }

  private int reasons(int decision, byte[] key) {
    int array = values.get(decision, key);
    if (array == 0 || values.arrayLength(array) < 0) {
      throw new IllegalStateException(
          "the decision has no array " + new String(key, java.nio.charset.StandardCharsets.UTF_8));
    }
    return array;
  }

  private List<String> texts(int array) {
    int count = values.arrayLength(array);
    int elements = memory.readInt(array + 4);
    List<String> texts = new ArrayList<>(Math.min(count, reasonsLeft));
    for (int i = 0; i < count; i++) {
      String reason = reasonsLeft == 0 ? null : reason(memory.readInt(elements + 8 * i + 4));
      if (reason == null) {
        texts.add("and " + (count - i) + " more, which are too many or too long to be told");
        break;
      }
      texts.add(reason);
      reasonsLeft--;
      bytesLeft -= reason.getBytes(UTF_8).length;
    }
    return List.copyOf(texts);
  }

  /* Null: it is too long. */
  private String reason(int address) {
    try {
      if (values.read(address, bytesLeft) instanceof String reason) {
        return reason;
      }
    } catch (Values.TooLarge e) {
      return null;
    }
    throw new IllegalStateException("a reason is no string");
  }
}
