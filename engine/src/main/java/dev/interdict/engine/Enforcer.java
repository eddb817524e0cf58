package dev.interdict.engine;

import dev.interdict.attach.XdpInterface;
import dev.interdict.control.ActivePolicy;
import dev.interdict.control.ActiveSet;
import dev.interdict.control.Enforcement;
import dev.interdict.control.EnforcementException;
import dev.interdict.control.Modes;
import dev.interdict.control.Objection;
import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.control.Snapshot;
import dev.interdict.control.Snapshot.HookStatus;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfException;
import dev.interdict.pipeline.Pipeline;
import dev.interdict.policy.Policy;
import dev.interdict.policy.Policy.Fallback;
import dev.interdict.policy.Policy.OnMiss;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Posture;
import dev.interdict.verdict.Postures;
import dev.interdict.verdict.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
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
 * and budgets stand before the posture that makes them count; programs are attached after all they
 * read is there. A failure puts the set before in force again.
 */
final class Enforcer implements Enforcement {
  private final KernelSide kernel;
  private final Pipeline pipeline;
  private final PolicyLoader loader;
  private final FileNameKeeper files;
  private final HostAbilities abilities;
  private final Posture.Timing timing;

  private ActiveSet current = ActiveSet.EMPTY;

  /** What the posture in force is made of; read and written only while {@link Postures} calls. */
  private ActiveSet posed = ActiveSet.EMPTY;

  private volatile Map<Hook, String> attached = Map.of();
  private volatile Set<Integer> slots = Set.of();

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
  public synchronized void use(ActiveSet set, Supplier<Modes> modes) {
    try {
      force(set, modes);
      current = set;
    } catch (RuntimeException e) {
      restore(modes, e);
      throw new EnforcementException("the policies before stay in force: " + e.getMessage(), e);
    }
  }

  private void restore(Supplier<Modes> modes, RuntimeException because) {
    try {
      force(current, modes);
    } catch (RuntimeException e) {
      because.addSuppressed(e);
    }
  }

  private void force(ActiveSet set, Supplier<Modes> modes) {
    PolicySet policies = loader.load(set);
    files.use(policies.literals());
    pipeline.use(policies);
    kernel.scopes().use(cgroups(set), interfaces(set));
    for (ActivePolicy policy : set.policies()) {
      Policy.Budget budget = policy.policy().budget();
      if (budget == null) {
        kernel.budgets().clear(policy.slot());
      } else {
        kernel.budgets().set(policy.slot(), budget.denials(), budget.window());
      }
    }
    int maskSet = kernel.postures().use(() -> posture(set, modes.get()), masks(set));
    kernel.verdicts().retain(maskSet);
    attach(set);
    slots = Set.copyOf(set.policies().stream().map(ActivePolicy::slot).toList());
  }

  private void attach(ActiveSet set) {
    Set<Hook> hooks = EnumSet.noneOf(Hook.class);
    Set<String> interfaces = new TreeSet<>();
    for (ActivePolicy policy : set.policies()) {
      hooks.addAll(policy.policy().hooks());
      interfaces.addAll(policy.policy().scope().interfaces());
    }
    boolean packets = hooks.remove(Hook.XDP_INGRESS);
    kernel.hooks().attach(hooks);
    Map<String, XdpInterface.Mode> modes =
        kernel.hooks().attachXdp(packets ? interfaces : Set.of());
    Map<Hook, String> now = new EnumMap<>(Hook.class);
    hooks.forEach(hook -> now.put(hook, "LSM"));
    if (!modes.isEmpty()) {
      now.put(Hook.XDP_INGRESS, modes.toString());
    }
    attached = Map.copyOf(now);
  }

  @Override
  public void switchTo(Modes modes) {
    try {
      kernel.postures().enforce(() -> enforced(modes));
    } catch (BpfException e) {
      throw new EnforcementException("the modes were not switched: " + e.getMessage(), e);
    }
  }

  private SlotSet enforced(Modes modes) {
    SlotSet enforced = SlotSet.NONE;
    for (ActivePolicy active : posed.policies()) {
      enforced = modes.enforces(active.policy()) ? enforced.with(active.slot()) : enforced;
    }
    return enforced;
  }

  private Posture posture(ActiveSet set, Modes modes) {
    posed = set;
    List<Posture.Slot> all = new ArrayList<>();
    for (ActivePolicy active : set.policies()) {
      Policy policy = active.policy();
      all.add(
          new Posture.Slot(
              active.slot(),
              policy.hooks(),
              policy.scope().cgroups().isEmpty(),
              modes.enforces(policy),
              policy.onMiss() == OnMiss.HOLD,
              policy.onMiss() == OnMiss.DENY,
              policy.fallback() == Fallback.DENY,
              policy.unparsedPass()));
    }
    return new Posture(all, timing, Verdict.CURRENT_GENERATION);
  }

  private static Map<Hook, KeyMask> masks(ActiveSet set) {
    Map<Hook, KeyMask> masks = new EnumMap<>(Hook.class);
    for (ActivePolicy active : set.policies()) {
      for (Hook hook : active.policy().hooks()) {
        masks.merge(hook, KeyMask.of(hook, active.compiled().reads()), KeyMask::or);
      }
    }
    return masks;
  }

  private static Map<Integer, List<String>> cgroups(ActiveSet set) {
    Map<Integer, List<String>> paths = new HashMap<>();
    set.policies().forEach(policy -> paths.put(policy.slot(), policy.policy().scope().cgroups()));
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
    if (kernel.scopes().refresh()) {
      kernel.postures().renew();
    }
  }

  @Override
  public synchronized void forgetSlot(int slot) {
    try {
      kernel.verdicts().forget(slot, current.generation() + 1);
      kernel.counters().clearSlot(slot);
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
  public Snapshot snapshot() {
    Map<Hook, HookStatus> hooks = new EnumMap<>(Hook.class);
    for (Hook hook : Hook.values()) {
      String where = attached.get(hook);
      hooks.put(
          hook,
          new HookStatus(
              where != null,
              where != null ? where : abilities.detail(hook),
              kernel.counters().hook(hook)));
    }
    Map<Integer, Snapshot.SlotCounters> counted = new HashMap<>();
    for (int slot : slots) {
      Map<String, Long> c = kernel.counters().slot(slot);
      counted.put(
          slot,
          new Snapshot.SlotCounters(
              c.get("denied"), c.get("would_deny"), c.get("fallback"), c.get("tripped")));
    }
    SlotSet tripped = kernel.budgets().tripped();
    return new Snapshot(
        hooks,
        counted,
        tripped,
        pipeline.counters().read(),
        kernel.verdicts().verdicts(),
        kernel.verdicts().flows());
  }
}
