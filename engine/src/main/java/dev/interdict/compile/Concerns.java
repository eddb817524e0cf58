package dev.interdict.compile;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * What an event must have so that any rule of a policy can hold: at least one of some conditions,
 * each on one field of {@code input}. More than the truth is allowed, less never. Immutable.
 *
 * @param any the conditions; empty: no rule can hold at all; null: nothing is known, every event
 *     may concern the policy
 */
public record Concerns(List<Concern> any) {
  /** Every event may concern the policy. */
  public static final Concerns EVERYTHING = new Concerns(null);

  public Concerns {
    any = any == null ? null : List.copyOf(any);
  }

  /** How a field is compared; a field that is absent is in no relation to anything. */
  public enum Operator {
    /** Is one of the values. */
    @JsonProperty("in")
    IN,
    /** Begins with one of the values. */
    @JsonProperty("prefix")
    PREFIX,
    /** Ends with one of the values. */
    @JsonProperty("suffix")
    SUFFIX,
    /** Is an address in one of the networks. */
    @JsonProperty("cidr")
    CIDR,
    /** Is a list with one of the values in it. */
    @JsonProperty("contains")
    CONTAINS
  }

  /**
   * One condition.
   *
   * @param field dotted, below {@code input}
   * @param values strings, numbers, booleans
   */
  public record Concern(String field, Operator operator, List<Object> values) {}
}
