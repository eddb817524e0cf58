package dev.interdict.engine;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.control.ActivePolicy;
import dev.interdict.control.ActiveSet;
import dev.interdict.control.Canary;
import dev.interdict.control.Enforcement;
import dev.interdict.control.EnforcementException;
import dev.interdict.control.Figures;
import dev.interdict.control.Modes;
import dev.interdict.control.Objection;
import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.control.Snapshot;
import dev.interdict.control.Snapshot.HookStatus;
import dev.interdict.control.Unit;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.lint.Lockouts;
import dev.interdict.pipeline.Pipeline;
import dev.interdict.policy.Policy;
import dev.interdict.policy.Policy.Fallback;
import dev.interdict.policy.Policy.OnMiss;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Labels;
import dev.interdict.verdict.Posture;
import dev.interdict.verdict.Posture.Lapse;
import dev.interdict.verdict.Postures;
import dev.interdict.verdict.UnitPlace;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * Brings a set of policies into force: the one place where control reaches the data flow.
 *
 * <p>The order makes each moment of a change safe. First the evaluators know the new policies, then
 * the kernel may ask for them, and the kernel knows where the paths lead that they mention; scopes
 * and budgets stand before the posture that makes them count, and scopes that have shrunk go after
 * it; programs are attached after all they read is there. A failure puts the set before in force
 * again.
 */
final class Enforcer implements Enforcement {
  private static final Logger LOG = System.getLogger(Enforcer.class.getName());

  private static final Path PROC = Path.of("/proc");
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  private final KernelSide kernel;
  private final Pipeline pipeline;
  private final PolicyLoader loader;
  private final FileNameKeeper files;
  private final HostAbilities abilities;
  private final Posture.Timing timing;

  private final PacketScope packets;
  private final String decider = DecidingCode.digest();

  private volatile ActiveSet current = ActiveSet.EMPTY;
  private boolean started;
  private SlotSet toldTripped = SlotSet.NONE;
  private SlotSet toldAlarmed = SlotSet.NONE;

  /** What the posture in force is made of; read and written only while {@link Postures} calls. */
  private ActiveSet posed = ActiveSet.EMPTY;

  private volatile Set<Integer> slots = Set.of();

  /** What the posture in force asks; null: it is an earlier engine's. */
  private PolicySet deciding;

  /** Whether those that the posture before asked are still asked, and named, beside it. */
  private boolean left;

  /** Slots of those that were candidates, and may have left what says so. */
  private SlotSet promoted = SlotSet.NONE;

  Enforcer(
      KernelSide kernel,
      Pipeline pipeline,
      PolicyLoader loader,
      FileNameKeeper files,
      HostAbilities abilities,
      EngineConfig config) {
    this.kernel = kernel;
    this.pipeline = pipeline;
    this.loader = loader;
    this.files = files;
    this.abilities = abilities;
    this.packets = new PacketScope(kernel.hooks()::attachXdp, kernel.verdicts());
    this.timing =
        new Posture.Timing(config.poll(), config.patience(), config.deadline(), config.stale());
  }

  @Override
  public List<Objection> objections(Policy policy) {
    return abilities.objections(policy);
  }

  @Override
  public <T> T prepared(Collection<Built> policies, Supplier<T> change) {
    return loader.holding(policies, change);
  }

  @Override
  public synchronized void use(ActiveSet set, Supplier<Modes> modes, Supplier<Modes> before) {
    Map<Integer, Long> settling = new HashMap<>();
    try {
      settling.putAll(settling());
      Set<String> guarded = packets.wanted();
      force(set, modes);
      if (started) {
        requireGuarded(guarded);
      }
      started = true;
      promoted = promoted.or(promoted(current, set));
      current = set;
    } catch (Throwable e) { // an Error too: half a change would be in force
      List<Throwable> failed = started ? restored(before, settling) : List.of();
      failed.forEach(e::addSuppressed);
      if (e instanceof Error error) {
        throw error;
      }
      EnforcementException refusal = new EnforcementException(stands(failed) + e.getMessage(), e);
      failed.forEach(refusal::addSuppressed);
      throw refusal;
    }
  }

  /**
   * Slots of those that may have been candidates and may refuse now: an engine that starts does not
   * know.
   */
  private static SlotSet promoted(ActiveSet before, ActiveSet now) {
    return inForce(now).minus(inForce(before));
  }

  private static SlotSet inForce(ActiveSet set) {
    SlotSet slots = SlotSet.NONE;
    for (ActivePolicy policy : set.policies()) {
      slots = isCandidate(policy) ? slots : slots.with(policy.slot());
    }
    return slots;
  }

  private Map<Integer, Long> settling() {
    Map<Integer, Long> since = new HashMap<>();
    for (ActivePolicy active : current.policies()) {
      since.put(active.slot(), kernel.budgets().settling(active.slot()));
    }
    return since;
  }

  private String stands(List<Throwable> failed) {
    if (!failed.isEmpty()) {
      return "and the policies before could not be brought back: ";
    }
    return started
        ? "the policies before stay in force: "
        : "what an engine before this one has left stays in force: ";
  }

  /**
   * Who names an interface that cannot be guarded is to hear of it at once. What was in force
   * before stays so: an interface that another program has taken must not keep an engine from
   * starting.
   */
  private void requireGuarded(Set<String> before) {
    packets
        .refusals()
        .forEach(
            (name, problem) -> {
              if (!before.contains(name)) {
                throw new EnforcementException("interface " + name + ": " + problem, null);
              }
            });
  }

  /** Brings back what was in force; why that could not be. */
  private List<Throwable> restored(Supplier<Modes> modes, Map<Integer, Long> settling) {
    try {
      force(current, modes);
      settling.forEach(kernel.budgets()::settle);
      return List.of();
    } catch (RuntimeException | Error e) { // what has failed first is thrown, and not this
      LOG.log(Level.ERROR, "a change failed, and what was in force could not be brought back", e);
      return List.of(e);
    }
  }

  private void force(ActiveSet set, Supplier<Modes> modes) {
    PolicySet policies = loader.load(set, kernel.labels()::bit);
    giveLabels(set); // for good, so after what may fail
    decide(deciding == null ? policies : policies.over(deciding));
    kernel.scopes().widen(cgroups(set), interfaces(set));
    if (started && kernel.labels().any() && !kernel.hooks().carriesLabels()) {
      // Before the first label is set: a child that was forked in between would be without.
      kernel.hooks().attach(taskHooks(current), true);
    }
    Map<Hook, Integer> maskSets =
        kernel.postures().use(() -> posture(set, modes.get()), masks(set));
    deciding = policies;
    left = true;
    kernel.scopes().announced();
    refreshScopes();
    kernel.verdicts().retain(maskSets);
    attach(set);
    slots = Set.copyOf(set.policies().stream().map(ActivePolicy::slot).toList());
  }

  /** First the bits, for all or for none; then, before a slot is asked, what it may set. */
  private void giveLabels(ActiveSet set) {
    Labels all = kernel.labels();
    all.give(set.policies().stream().flatMap(active -> labels(active).stream()).toList());
    for (ActivePolicy active : set.policies()) {
      all.allow(
          active.slot(), labels(active).stream().mapToLong(all::bit).reduce(0, (a, b) -> a | b));
    }
  }

  private static List<Labels.Label> labels(ActivePolicy active) {
    return active.compiled().labels().stream()
        .map(name -> new Labels.Label(active.policy().name(), name))
        .toList();
  }

  private void decide(PolicySet policies) {
    files.use(policies.literals());
    pipeline.use(policies);
  }

  private void attach(ActiveSet set) {
    // Also when no policy sets labels any more: processes may have some, and so will their
    // children.
    kernel.hooks().attach(taskHooks(set), kernel.labels().any());
    packets.use(interfacesOf(set));
  }

  private static Set<Hook> taskHooks(ActiveSet set) {
    Set<Hook> hooks = EnumSet.noneOf(Hook.class);
    set.policies().forEach(policy -> hooks.addAll(policy.policy().hooks()));
    hooks.remove(Hook.XDP_INGRESS);
    return hooks;
  }

  private static Set<String> interfacesOf(ActiveSet set) {
    Set<String> interfaces = new TreeSet<>();
    for (ActivePolicy policy : set.policies()) {
      if (policy.policy().hooks().contains(Hook.XDP_INGRESS)) {
        interfaces.addAll(policy.policy().scope().interfaces());
      }
    }
    return interfaces;
  }

  @Override
  public void switchTo(Modes modes) {
    try {
      kernel.postures().enforce(() -> enforced(modes));
    } catch (BpfException e) {
      throw new EnforcementException("the modes were not switched: " + e.getMessage(), e);
    }
  }

  /**
   * Before the posture that makes it count: from then on it settles. One that a lease has put aside
   * goes on settling: at the end it is what it was.
   */
  private void setBudget(ActiveSet set, ActivePolicy active, Modes modes) {
    boolean enforces =
        modes.enforces(active)
            || modes.enforcesAfter(active)
            || (set.canary() != null && modes.enforcesIn(set.canary(), active));
    Policy.Budget budget = active.policy().budget();
    if (budget == null || isCandidate(active)) {
      kernel.budgets().clear(active.slot());
      return;
    }
    kernel
        .budgets()
        .set(active.slot(), budget.subjects(), budget.window(), budget.settle(), enforces);
  }

  private Posture.Enforced enforced(Modes modes) {
    SlotSet enforced = SlotSet.NONE;
    for (ActivePolicy active : posed.policies()) {
      setBudget(posed, active, modes);
      enforced = modes.enforces(active) ? enforced.with(active.slot()) : enforced;
    }
    return new Posture.Enforced(enforced, canary(posed, modes).enforced(), lapse(posed, modes));
  }

  private static Posture.Canary canary(ActiveSet set, Modes modes) {
    Canary canary = set.canary();
    if (canary == null) {
      return Posture.Canary.NONE;
    }
    SlotSet enforced = SlotSet.NONE;
    SlotSet pair = SlotSet.NONE;
    boolean everywhere = false;
    for (ActivePolicy active : set.policies()) {
      enforced = modes.enforcesIn(canary, active) ? enforced.with(active.slot()) : enforced;
      if (active.slot() == canary.slot() || active.slot() == canary.beside()) {
        pair = pair.with(active.slot());
        everywhere |= Units.isWholeHost(active.policy().scope());
      }
    }
    return new Posture.Canary(
        UnitPlace.share(canary.percent()),
        new UnitPlace(canary.first(), canary.second()),
        enforced,
        everywhere ? SlotSet.NONE : pair);
  }

  private static Lapse lapse(ActiveSet set, Modes modes) {
    if (modes.lease() == null) {
      return Lapse.NEVER;
    }
    SlotSet after = SlotSet.NONE;
    for (ActivePolicy active : set.policies()) {
      after = modes.enforcesAfter(active) ? after.with(active.slot()) : after;
    }
    return new Lapse(modes.lease().endNs(), after);
  }

  private Posture posture(ActiveSet set, Modes modes) {
    posed = set;
    List<Posture.Slot> all = new ArrayList<>();
    for (ActivePolicy active : set.policies()) {
      Policy policy = active.policy();
      setBudget(set, active, modes);
      all.add(
          new Posture.Slot(
              active.slot(),
              policy.hooks(),
              isEverywhere(policy.scope()),
              modes.enforces(active),
              policy.onMiss() == OnMiss.HOLD && !isCandidate(active),
              !active.compiled().labels().isEmpty(),
              policy.onMiss() == OnMiss.DENY && !isCandidate(active),
              policy.fallback() == Fallback.DENY && !isCandidate(active),
              passesUnread(active)));
    }
    return new Posture(all, timing, lapse(set, modes), canary(set, modes));
  }

  /** Whether the kernel asks about every process: it knows no scope of the policy. */
  static boolean isEverywhere(Policy.Scope scope) {
    return scope.cgroups().isEmpty() || scope.isJudged();
  }

  /** What the kernel would refuse of everybody, the engine refuses of those that are covered. */
  static Set<Hook> passesUnread(ActivePolicy active) {
    Policy policy = active.policy();
    Set<Hook> passes = EnumSet.noneOf(Hook.class);
    passes.addAll(policy.passesUnread(active.compiled().reads()));
    if (policy.scope().isJudged()) {
      policy.hooks().stream().filter(hook -> hook != Hook.XDP_INGRESS).forEach(passes::add);
    }
    return passes;
  }

  private static boolean isCandidate(ActivePolicy active) {
    return active.term() == ActivePolicy.Term.CANDIDATE;
  }

  static Map<Hook, KeyMask> masks(ActiveSet set) {
    Map<Hook, KeyMask> masks = new EnumMap<>(Hook.class);
    for (ActivePolicy active : set.policies()) {
      for (Hook hook : active.policy().hooks()) {
        masks.merge(hook, KeyMask.of(hook, active.compiled().reads()), KeyMask::or);
        masks.merge(hook, KeyMask.ofScope(hook, active.policy().scope().facts()), KeyMask::or);
      }
    }
    return masks;
  }

  static Map<Integer, List<String>> cgroups(ActiveSet set) {
    Map<Integer, List<String>> paths = new HashMap<>();
    for (ActivePolicy policy : set.policies()) {
      Policy.Scope scope = policy.policy().scope();
      paths.put(policy.slot(), scope.isJudged() ? List.of() : scope.cgroups());
    }
    return paths;
  }

  private static Map<Integer, List<String>> interfaces(ActiveSet set) {
    Map<Integer, List<String>> names = new HashMap<>();
    set.policies()
        .forEach(policy -> names.put(policy.slot(), policy.policy().scope().interfaces()));
    return names;
  }

  /**
   * Looks for cgroups and interfaces that came or went under a name of a policy; to be called every
   * now and then.
   */
  synchronized void refresh() {
    if (left && kernel.postures().hasRested()) {
      decide(deciding);
      left = false;
      // A revision that has gone set labels under the same names as the one after it.
      kernel.verdicts().keepLabelsOf(deciding.slots());
      // Nobody decides by what was before any more. Of a candidate, for which nobody waits, no
      // answer was one.
      if (!promoted.isEmpty()) {
        kernel.verdicts().forgetFailures(promoted);
        promoted = SlotSet.NONE;
      }
    }
    try {
      refreshScopes();
    } finally {
      packets.look();
      tellOfBudgets();
    }
  }

  private void tellOfBudgets() {
    SlotSet tripped = kernel.budgets().tripped();
    SlotSet alarmed = kernel.budgets().alarmed();
    for (ActivePolicy policy : current.policies()) {
      String name = policy.policy().name();
      if (tripped.contains(policy.slot()) && !toldTripped.contains(policy.slot())) {
        LOG.log(Level.WARNING, "policy {0} only records: its budget is used up", name);
      }
      if (alarmed.contains(policy.slot()) && !toldAlarmed.contains(policy.slot())) {
        LOG.log(
            Level.WARNING,
            "policy {0} refuses more subjects than its budget allows, and goes on: it has settled",
            name);
      }
    }
    toldTripped = tripped;
    toldAlarmed = alarmed;
  }

  private void refreshScopes() {
    try {
      kernel.scopes().refresh();
    } finally {
      if (kernel.scopes().changed()) {
        kernel.postures().renew();
        kernel.scopes().announced();
      }
    }
  }

  @Override
  public String decider() {
    return decider;
  }

  @Override
  public SlotSet asked() {
    return kernel.postures().asked();
  }

  @Override
  public SlotSet tripped() {
    return kernel.budgets().tripped();
  }

  @Override
  public Duration glass() {
    return BreakGlass.left(kernel.state());
  }

  @Override
  public long bootTimeNs() {
    return BootClock.nowNs();
  }

  @Override
  public String bootId() {
    try {
      return Files.readString(BOOT_ID).strip();
    } catch (IOException e) {
      throw new EnforcementException("cannot read " + BOOT_ID + ": " + e.getMessage(), e);
    }
  }

  @Override
  public List<String> lockouts(Policy policy, CompiledPolicy compiled) {
    return Lockouts.of(loader.module(compiled, policy), compiled.literals(), policy);
  }

  @Override
  public Figures figures(int slot) {
    try {
      return CandidateFigures.of(
          pipeline.comparison(slot),
          kernel.counters().slot(slot).get("fallback"),
          pipeline.counters().read(),
          CandidateFigures.hooks(current.policies(), slot).stream()
              .map(kernel.counters()::hook)
              .toList());
    } catch (BpfException e) {
      throw new EnforcementException("the counters cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public List<Unit> units(Canary canary) {
    List<Policy.Scope> scopes =
        current.policies().stream()
            .filter(one -> one.slot() == canary.slot() || one.slot() == canary.beside())
            .map(one -> one.policy().scope())
            .toList();
    Cgroups cgroups = kernel.cgroups();
    return new Units(
            cgroups.root(), PROC, path -> cgroups.id(path.getBytes(StandardCharsets.UTF_8)))
        .of(scopes, new UnitPlace(canary.first(), canary.second()));
  }

  @Override
  public synchronized void forgetSlot(int slot) {
    try {
      kernel.verdicts().forget(slot, current.generation() + 1);
      kernel.counters().clearSlot(slot);
      kernel.budgets().clear(slot);
      kernel.budgets().reset(slot);
      pipeline.forgetReasons();
    } catch (BpfException e) {
      throw new EnforcementException(
          "slot " + slot + " could not be cleaned: " + e.getMessage(), e);
    }
  }

  @Override
  public void resetBudget(int slot) {
    try {
      kernel.budgets().reset(slot);
    } catch (BpfException e) {
      throw new EnforcementException("the budget was not reset: " + e.getMessage(), e);
    }
  }

  @Override
  public void disarm(int slot) {
    try {
      kernel.budgets().disarm(slot);
    } catch (BpfException e) {
      throw new EnforcementException(
          "slot "
              + slot
              + ", whose budget was used up before, could not be disarmed: "
              + e.getMessage(),
          e);
    }
  }

  private Map<String, Long> engineCounters() {
    Map<String, Long> all = new LinkedHashMap<>(pipeline.counters().read());
    all.put("evicted", kernel.verdicts().evicted());
    all.put("collided", kernel.verdicts().collided());
    all.put("unlabelled_forks", kernel.counters().unlabelledForks());
    return all;
  }

  @Override
  public Snapshot snapshot() {
    Set<Hook> running = kernel.hooks().attached();
    Map<Hook, HookStatus> hooks = new EnumMap<>(Hook.class);
    for (Hook hook : Hook.values()) {
      String where = running.contains(hook) ? "LSM" : "";
      if (hook == Hook.XDP_INGRESS) {
        where = packets.attached();
      }
      hooks.put(
          hook,
          new HookStatus(
              !where.isEmpty(),
              where.isEmpty() ? abilities.detail(hook) : where,
              kernel.counters().hook(hook)));
    }
    Map<Integer, Snapshot.SlotCounters> counted = new HashMap<>();
    for (int slot : slots) {
      Map<String, Long> c = kernel.counters().slot(slot);
      counted.put(
          slot,
          new Snapshot.SlotCounters(
              c.get("denied"),
              c.get("would_deny"),
              c.get("fallback"),
              c.get("tripped"),
              c.get("alarms")));
    }
    return new Snapshot(
        hooks,
        counted,
        kernel.budgets().tripped(),
        kernel.budgets().alarmed(),
        engineCounters(),
        kernel.verdicts().verdicts(),
        kernel.verdicts().flows(),
        BreakGlass.left(kernel.state()),
        gaps(running));
  }

  /** What policies name and nothing guards. */
  private List<String> gaps(Set<Hook> running) {
    ActiveSet set = current;
    List<String> gaps = new ArrayList<>();
    for (Hook hook : taskHooks(set)) {
      if (!running.contains(hook)) {
        gaps.add(
            "hook " + hook.id() + ": its programs do not run any more; start the engine again");
      }
    }
    if (kernel.labels().any() && !kernel.hooks().carriesLabels()) {
      gaps.add(
          "labels: the programs that carry them to children do not run any more; start the engine"
              + " again");
    }
    Set<String> missing = kernel.scopes().missing();
    Map<String, String> unguarded = packets.problems();
    for (ActivePolicy policy : set.policies()) {
      Policy.Scope scope = policy.policy().scope();
      for (String cgroup : scope.cgroups()) {
        if (scope.isJudged() ? !isThere(cgroup) : missing.contains(cgroup)) {
          gaps.add(gap(policy, "cgroup " + cgroup, "it is not there; covered as soon as it comes"));
        }
      }
      for (String name : policy.policy().scope().interfaces()) {
        if (unguarded.containsKey(name)) {
          gaps.add(gap(policy, "interface " + name, unguarded.get(name)));
        }
      }
    }
    return gaps;
  }

  /** What the kernel is not told of is not looked for otherwise. */
  private boolean isThere(String cgroup) {
    return kernel.cgroups().id(cgroup.getBytes(StandardCharsets.UTF_8)).isPresent();
  }

  private static String gap(ActivePolicy policy, String what, String problem) {
    return "policy " + policy.policy().name() + ", " + what + ": " + problem;
  }
}
