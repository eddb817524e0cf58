package dev.interdict.engine;

import dev.interdict.admin.AdminBackend;
import dev.interdict.admin.AdminConfig;
import dev.interdict.admin.AdminServer;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.control.Check;
import dev.interdict.control.FolderBuilder;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.StateStore;
import dev.interdict.control.Version;
import dev.interdict.decisions.DecisionFile;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.delivery.Deliveries;
import dev.interdict.eval.PolicyModules;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.eval.Watchdog;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.ProcessIdentity;
import dev.interdict.metrics.Exposition;
import dev.interdict.metrics.MetricsServer;
import dev.interdict.pipeline.Pipeline;
import dev.interdict.recording.Recorder;
import dev.interdict.service.ServiceLoop;
import dev.interdict.verdict.EngineState;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import dev.interdict.workload.Workloads;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

/**
 * The engine: all parts put together, and their life cycle. Only this class knows both flows, and
 * it only wires them.
 *
 * <p>{@link #close} leaves enforcement in the kernel as it is: what is pinned stays in force, and
 * misses get their policy's fallback until the next engine adopts it.
 */
public final class Engine implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Engine.class.getName());

  /**
   * A cgroup that appears is covered after at most this time, if a policy names it and not one
   * above it.
   */
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final DecisionLog decisions = new DecisionLog();
  private final CompletableFuture<String> lost = new CompletableFuture<>();
  private final Workers workers = new Workers(this::lost);
  private HostAbilities abilities;
  private Check socket;
  private volatile EngineState state;

  private Engine() {}

  /**
   * Starts an engine: adopts what an earlier one has pinned, brings the saved policies into force,
   * listens.
   *
   * @throws IOException if a directory or the socket cannot be used, or another engine runs
   * @throws BpfException if the kernel refuses the maps
   * @throws RuntimeException if saved policies cannot be read or brought into force
   */
  public static Engine start(EngineConfig config) throws IOException {
    Engine engine = new Engine();
    try {
      engine.open(config);
      return engine;
    } catch (Throwable e) { // an Error too: half an engine holds the lock and answers nobody
      engine.close();
      throw e;
    }
  }

  private void open(EngineConfig config) throws IOException {
    ProcessIdentity self = ProcessIdentity.self();
    parts.push(EngineLock.take(config.stateDirectory()));
    if (config.outlets().decisionLog() != null) {
      decisions.add(
          part(DecisionFile.start(config.outlets().decisionLog(), Version.current(), workers)));
    }
    abilities = HostAbilities.probe();
    socket = SocketCheck.of(config.stateDirectory());
    KernelSide kernel = part(KernelSide.open(config.pins()));
    state = kernel.state();
    state.engine(self);
    NameSets nameSets = new NameSets();
    Workloads workloads = part(new Workloads(kernel.cgroups().root()));
    KernelNames names =
        new KernelNames(kernel.cgroups()::place, nameSets, workloads, kernel.labels()::names);
    FileNameKeeper files =
        part(FileNameKeeper.start(kernel.files(), nameSets, workers, Whereabouts::find));
    Recorder recorder =
        part(
            Recorder.start(
                config.stateDirectory(),
                names,
                kernel.postures()::mask,
                Version.current(),
                workers));
    Pipeline pipeline =
        part(
            new Pipeline(
                new Pipeline.Parts(
                    kernel.decide(),
                    kernel.packets(),
                    kernel.observe(),
                    kernel.state(),
                    kernel.verdicts(),
                    kernel.counters(),
                    decisions,
                    names,
                    kernel.postures()::isGenuine),
                config.spin(),
                workers));
    pipeline.tap(recorder);
    PolicyModules modules =
        new PolicyModules(config.cacheDirectory().resolve("classes"), config.limits());
    PolicyLoader loader = new PolicyLoader(modules, names, new WarmUp(config.warmUp()));
    Enforcer enforcer = new Enforcer(kernel, pipeline, loader, files, abilities, config);
    PolicyControl control =
        new PolicyControl(
            new FolderBuilder(
                RegoCompiler.inChild(config.cacheDirectory()),
                (compiled, hooks) -> PolicyTrial.problems(compiled, hooks, modules)),
            enforcer,
            new StateStore(config.stateDirectory(), kernel.memory()),
            Clock.systemUTC());
    control.restore();
    BreakGlass glass = new BreakGlass(config.pins(), config.stateDirectory());
    part(workers.add("housekeeping", () -> keep(enforcer, names)).start());
    part(workers.add("changes", () -> follow(control, glass)).start());
    Deliveries bundles = part(Deliveries.start(config.bundles(), control.bundles(), workers));
    part(
        AdminServer.start(
            new AdminConfig(config.socket(), AdminConfig.defaults().uids()),
            new AdminBackend(
                control,
                bundles,
                enforcer::snapshot,
                decisions,
                pipeline::explain,
                recorder,
                pipeline::comparison,
                () -> state.silentNs() <= config.stale().toNanos(),
                this::threads,
                this::checks,
                Version.current(),
                Instant.now())));
    if (config.outlets().metrics() != null) {
      Exposition metrics =
          new Exposition(
              control,
              bundles,
              enforcer::snapshot,
              decisions,
              this::threads,
              pipeline.counters()::latency,
              state::silentNs,
              Version.current(),
              Instant.now());
      part(MetricsServer.start(config.outlets().metrics(), metrics, workers));
    }
    if (config.outlets().service() != null) {
      ServiceStatus status = new ServiceStatus(control, bundles, enforcer::snapshot, this::threads);
      // The last, so that it is the first to be closed: that the engine ends is told before it
      // does.
      part(
          ServiceLoop.start(
              config.outlets().service(),
              new ServiceLoop.Subject(state::silentNs, config.stale(), status, bundles::askAgain),
              workers));
    }
    LOG.log(
        Level.INFO,
        "interdict {0}: {1} policies, host in {2}, listening on {3}",
        Version.current(),
        control.list().size(),
        control.hostMode(),
        config.socket());
  }

  private <T extends AutoCloseable> T part(T part) {
    parts.push(part);
    return part;
  }

  private static void keep(Enforcer enforcer, KernelNames names) throws InterruptedException {
    Thread.sleep(LOOK_EVERY);
    try {
      enforcer.refresh();
    } finally {
      names.refresh();
    }
  }

  private static void follow(PolicyControl control, BreakGlass glass) throws InterruptedException {
    Thread.sleep(LOOK_EVERY);
    try {
      control.look();
    } finally {
      glass.told(control::toldOfBreakGlass);
    }
  }

  private List<Worker.Health> threads() {
    return Stream.concat(workers.health(), Watchdog.health().stream()).toList();
  }

  private List<Check> checks() {
    List<Check> all = new ArrayList<>(abilities.checks());
    all.add(socket);
    all.add(ThreadCheck.of(threads()));
    return all;
  }

  /** A worker has ended unasked. Tasks must not wait for it, and nobody may take us for alive. */
  private void lost(Worker worker) {
    state.stop();
    lost.complete(worker.name() + " has ended: " + worker.health().lastFailure());
  }

  /**
   * Returns only if the engine can no longer do its work; it has no heartbeat then, and is to be
   * closed.
   *
   * @return why
   */
  public String awaitLoss() throws InterruptedException {
    try {
      return lost.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e); // nobody completes it so
    }
  }

  /** Its threads, so that a test can lose one. */
  Workers workers() {
    return workers;
  }

  /** Decisions as they are made. */
  public DecisionLog decisions() {
    return decisions;
  }

  @Override
  public void close() {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception | Error e) { // the others are closed all the same
        LOG.log(Level.WARNING, "a part did not close", e);
      }
    }
  }
}
