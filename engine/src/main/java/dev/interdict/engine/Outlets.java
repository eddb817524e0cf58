package dev.interdict.engine;

import dev.interdict.decisions.DecisionFile;
import dev.interdict.metrics.MetricsAddress;
import dev.interdict.service.ServiceManager;

/**
 * Who is told what an engine does, beside who asks its socket. Immutable.
 *
 * @param decisionLog null: no file
 * @param metrics where they are served; null: nowhere
 * @param service what has started the process and wants to know how it is; null: nothing has
 */
public record Outlets(
    DecisionFile.Config decisionLog, MetricsAddress metrics, ServiceManager service) {
  /** Nobody. */
  public static final Outlets NONE = new Outlets(null, null, null);

  /** The same with this service manager. */
  public Outlets with(ServiceManager told) {
    return new Outlets(decisionLog, metrics, told);
  }
}
