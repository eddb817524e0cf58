package dev.interdict.decisions;

import java.time.Duration;
import java.util.List;

/**
 * What can be told of a decision afterwards.
 *
 * @param asked the policies that it names, in the order of its findings
 * @param held what the kernel holds about the same facts now
 * @param answers what it answers by that, of each policy that is asked about such an event; empty
 *     unless it holds a verdict
 * @param expires from now on; null: never, or it holds none
 */
public record Explanation(
    DecisionRecord record, List<Asked> asked, Held held, List<Answer> answers, Duration expires) {

  /** What the kernel holds. */
  public enum Held {
    VERDICT,
    /** Nothing, or nothing any more: the next one is asked about. */
    NOTHING,
    /** The policies can tell other things apart since then: what it holds has other keys. */
    OTHER_KEYS,
    /** It refuses by itself what it cannot read; no policy is asked. */
    UNREAD
  }

  /** What a policy has said. */
  public enum Said {
    PASS,
    DENY,
    KILL,
    /** It was asked and has no answer: its fallback counts. */
    NO_ANSWER,
    NOT_ASKED
  }

  /**
   * The answer of one policy.
   *
   * @param slot of the set in force
   */
  public record Answer(int slot, String policy, Said said) {}

  /**
   * A policy that the decision names.
   *
   * @param policy as the decision has it
   * @param slot where it is in force; -1: it is not, any more
   * @param same whether it is what has decided, and no other revision
   * @param inputs the JSON document that it is shown for the event, once for each name that counts;
   *     empty if it is not in force, or the names are those of an earlier engine
   */
  public record Asked(String policy, int slot, boolean same, List<String> inputs) {}
}
