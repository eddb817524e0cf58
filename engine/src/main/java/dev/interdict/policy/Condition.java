package dev.interdict.policy;

import java.util.List;
import java.util.function.Consumer;

/**
 * What must hold of an event.
 *
 * <p>A comparison of an absent fact is false, a negated one ({@code notIn}, {@code not}, {@code
 * exists: false}) is true: a file whose path is unknown is in no list of allowed paths.
 */
sealed interface Condition {

  Mark at();

  /** Every one holds. */
  record All(List<Condition> of, Mark at) implements Condition {}

  /** At least one holds. */
  record Any(List<Condition> of, Mark at) implements Condition {}

  /** Does not hold. */
  record Not(Condition of, Mark at) implements Condition {}

  /** A fact compared with values: with one of them, or for {@code notIn} with none. */
  record Match(Field field, Operator operator, Values values, Mark at) implements Condition {

    /** The facts that are read, by path. */
    List<String> facts() {
      return values instanceof Values.Fact other
          ? List.of(field.path(), other.field().path())
          : List.of(field.path());
    }
  }

  /** What a fact is compared with. */
  sealed interface Values {
    /** Written in the rule: String, Long or Boolean. */
    record Literals(List<Object> values) implements Values {}

    /** A list in {@code data}, by dotted path. */
    record Data(String path) implements Values {}

    /** Another fact of the same event. */
    record Fact(Field field) implements Values {}
  }

  /** Calls {@code action} with every comparison. */
  default void forEachMatch(Consumer<Match> action) {
    switch (this) {
      case All all -> all.of().forEach(c -> c.forEachMatch(action));
      case Any any -> any.of().forEach(c -> c.forEachMatch(action));
      case Not not -> not.of().forEachMatch(action);
      case Match match -> action.accept(match);
    }
  }
}
