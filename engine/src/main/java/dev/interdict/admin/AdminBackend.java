package dev.interdict.admin;

import dev.interdict.control.Check;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.Snapshot;
import dev.interdict.decisions.Comparison;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionLog.Kept;
import dev.interdict.decisions.Explanation;
import dev.interdict.delivery.Deliveries;
import dev.interdict.recording.Recorder;
import dev.interdict.worker.Worker;
import java.time.Instant;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * What the admin API speaks for.
 *
 * @param decides whether who decides has shown a sign of life lately
 * @param threads how each of the engine's is
 * @param bundles the sources of bundles
 * @param version of the engine
 * @param explain what can be told of a decision
 * @param recorder of what the engine is asked
 * @param comparisons by a candidate's slot; null: nothing was compared yet
 * @param started when the engine was
 */
public record AdminBackend(
    PolicyControl control,
    Deliveries bundles,
    Supplier<Snapshot> snapshot,
    DecisionLog decisions,
    Function<Kept, Explanation> explain,
    Recorder recorder,
    IntFunction<Comparison> comparisons,
    BooleanSupplier decides,
    Supplier<List<Worker.Health>> threads,
    Check.Doctor doctor,
    String version,
    Instant started) {}
