package dev.interdict.cli;

import dev.interdict.v1.Mode;
import dev.interdict.v1.PolicyMode;
import java.util.List;

/** Modes in words. */
final class Modes {
  private Modes() {}

  static String word(Mode mode) {
    return mode == Mode.MODE_UNSPECIFIED ? "-" : Trees.word(mode.getValueDescriptor());
  }

  /** Such as {@code audit (host)}: the mode, and what made it so where that is not the policy. */
  static String explained(PolicyMode mode, Mode host) {
    String word = word(mode.getEffective());
    if (mode.getTripped()) {
      return word + " (budget tripped)";
    }
    Mode own =
        mode.getOverride() == Mode.MODE_UNSPECIFIED ? mode.getDeclared() : mode.getOverride();
    if (own != mode.getEffective()) {
      return word + (host == Mode.MODE_AUDIT ? " (host)" : " (not in force)");
    }
    if (mode.getAlarmed()) {
      return word + " (budget alarm)";
    }
    return mode.getOverride() == Mode.MODE_UNSPECIFIED ? word : word + " (set)";
  }

  static Table table(List<PolicyMode> modes, Mode host) {
    Table table = new Table("POLICY", "MODE", "POLICY.YAML", "SET");
    for (PolicyMode mode : modes) {
      table.row(
          mode.getPolicy(),
          explained(mode, host),
          word(mode.getDeclared()),
          word(mode.getOverride()));
    }
    return table;
  }
}
