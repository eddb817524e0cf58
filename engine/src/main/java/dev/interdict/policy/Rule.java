package dev.interdict.policy;

import dev.interdict.event.Hook;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * One item of {@code spec.rules}, checked.
 *
 * @param hooks where it is tried: the hooks of the policy that have every fact it names
 * @param reason text and facts in turn
 */
record Rule(Kind kind, Condition when, List<ReasonPart> reason, Set<Hook> hooks, Mark at) {

  /** What a match means; the names are those of the Rego sets. */
  enum Kind {
    DENY,
    KILL,
    WARN,
    /** The reason is the label. */
    LABEL;

    /** The key in {@code policy.yaml} and the set in Rego. */
    String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A piece of a reason. */
  sealed interface ReasonPart {
    record Text(String text) implements ReasonPart {}

    record Fact(Field field) implements ReasonPart {}
  }
}
