package dev.interdict.engine;

import dev.interdict.decisions.DecisionFile;

/**
 * Who is told what an engine does, beside who asks its socket. Immutable.
 *
 * @param decisionLog null: no file
 */
public record Outlets(DecisionFile.Config decisionLog) {
  /** Nobody. */
  public static final Outlets NONE = new Outlets(null);
}
