package dev.interdict.policy;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** How a rule compares a fact with what it names. */
enum Operator {
  /** Written as a bare value. */
  EQUALS("", Takes.ONE),
  IN("in", Takes.LIST),
  NOT_IN("notIn", Takes.LIST),
  PREFIX("prefix", Takes.ONE_OR_LIST),
  SUFFIX("suffix", Takes.ONE_OR_LIST),
  CONTAINS("contains", Takes.ONE_OR_LIST),
  /** For paths only: this one and all below. */
  UNDER("under", Takes.ONE_OR_LIST),
  GLOB("glob", Takes.ONE_OR_LIST),
  REGEX("regex", Takes.ONE_OR_LIST),
  /** For addresses only. */
  CIDR("cidr", Takes.ONE_OR_LIST),
  GT("gt", Takes.ONE),
  LT("lt", Takes.ONE),
  GE("ge", Takes.ONE),
  LE("le", Takes.ONE),
  /** Least and greatest; both are in it. */
  RANGE("range", Takes.LIST),
  /** For facts that can be absent only; true or false. */
  EXISTS("exists", Takes.ONE);

  /** How many values stand behind an operator. */
  enum Takes {
    ONE,
    LIST,
    ONE_OR_LIST
  }

  final String key;
  final Takes takes;

  Operator(String key, Takes takes) {
    this.key = key;
    this.takes = takes;
  }

  /** Whether it can compare {@code field}. */
  boolean fits(Field field) {
    return switch (this) {
      case EQUALS -> true;
      case IN, NOT_IN -> field.type() != Field.Type.BOOLEAN;
      case PREFIX, SUFFIX, CONTAINS, GLOB, REGEX -> field.type() == Field.Type.STRING;
      case UNDER -> field.isPath() || field.isCgroupPath();
      case CIDR -> field.isAddress();
      case GT, LT, GE, LE, RANGE -> field.type() == Field.Type.INTEGER;
      case EXISTS -> field.optional();
    };
  }

  /** The keys that fit {@code field}. */
  static List<String> keysFor(Field field) {
    return Stream.of(values())
        .filter(o -> !o.key.isEmpty() && o.fits(field))
        .map(o -> o.key)
        .toList();
  }

  static Optional<Operator> ofKey(String key) {
    return Stream.of(values()).filter(o -> o.key.equals(key) && !key.isEmpty()).findFirst();
  }
}
