package dev.interdict.admin;

import dev.interdict.control.Check;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.Snapshot;
import dev.interdict.delivery.Deliveries;
import dev.interdict.pipeline.DecisionLog;
import java.time.Instant;
import java.util.function.Supplier;

/**
 * What the admin API speaks for.
 *
 * @param bundles the sources of bundles
 * @param version of the engine
 * @param started when the engine was
 */
public record AdminBackend(
    PolicyControl control,
    Deliveries bundles,
    Supplier<Snapshot> snapshot,
    DecisionLog decisions,
    Check.Doctor doctor,
    String version,
    Instant started) {}
