package dev.interdict.engine;

import dev.interdict.decisions.DecisionFile;
import dev.interdict.metrics.MetricsAddress;

/**
 * Who is told what an engine does, beside who asks its socket. Immutable.
 *
 * @param decisionLog null: no file
 * @param metrics where they are served; null: nowhere
 */
public record Outlets(DecisionFile.Config decisionLog, MetricsAddress metrics) {
  /** Nobody. */
  public static final Outlets NONE = new Outlets(null, null);
}
