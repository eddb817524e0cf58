package dev.interdict.engine;

import dev.interdict.attach.XdpInterface;
import dev.interdict.control.ActivePolicy;
import dev.interdict.control.ActiveSet;
import dev.interdict.control.Enforcement;
import dev.interdict.control.EnforcementException;
import dev.interdict.control.Objection;
import dev.interdict.control.Snapshot;
import dev.interdict.control.Snapshot.HookStatus;
import dev.interdict.eval.Aliases;
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
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Brings a set of policies into force: the one place where control reaches the data flow.
 *
 * <p>The order makes each moment of a change safe. First the evaluators know the new policies, then
 * the kernel may ask for them; scopes and budgets stand before the posture that makes them count,
 * and scopes that have shrunk go after it; programs are attached after all they read is there. A
 * failure puts the set before in force again.
 */
final class Enforcer implements Enforcement {
  private static final Logger LOG = System.getLogger(Enforcer.class.getName());

  private final KernelSide kernel;
  private final Pipeline pipeline;
  private final PolicyLoader loader;
  private final HostAbilities abilities;
  private final Posture.Timing timing;

  private ActiveSet current = ActiveSet.EMPTY;
  private SlotSet toldTripped = SlotSet.NONE;
  private SlotSet toldAlarmed = SlotSet.NONE;
  private volatile Map<Hook, String> attached = Map.of();
  private volatile Set<Integer> slots = Set.of();

  Enforcer(
      KernelSide kernel,
      Pipeline pipeline,
      PolicyLoader loader,
      HostAbilities abilities,
      EngineConfig config) {
    this.kernel = kernel;
    this.pipeline = pipeline;
    this.loader = loader;
    this.abilities = abilities;
    this.timing =
        new Posture.Timing(config.poll(), config.patience(), config.deadline(), config.stale());
  }

  @Override
  public List<Objection> objections(Policy policy) {
    return abilities.objections(policy);
  }

  @Override
  public synchronized void use(ActiveSet set) {
    try {
      force(set, loader.load(set));
      current = set;
    } catch (RuntimeException e) {
      restore(e);
      throw new EnforcementException("the policies before stay in force: " + e.getMessage(), e);
    }
  }

  private void restore(RuntimeException because) {
    try {
      force(current, loader.load(current));
    } catch (RuntimeException e) {
      because.addSuppressed(e);
    }
  }

  private void force(ActiveSet set, PolicySet policies) {
    pipeline.use(policies);
    kernel.scopes().widen(cgroups(set), interfaces(set));
    for (ActivePolicy policy : set.policies()) {
      Policy.Budget budget = policy.policy().budget();
      if (budget == null) {
        kernel.budgets().clear(policy.slot());
      } else {
        kernel
            .budgets()
            .set(
                policy.slot(),
                budget.subjects(),
                budget.window(),
                budget.settle(),
                set.enforces(policy));
      }
    }
    Posture posture = posture(set);
    int maskSet = kernel.postures().use(posture, masks(set));
    kernel.scopes().announced();
    refreshScopes();
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

  private Posture posture(ActiveSet set) {
    List<Posture.Slot> all = new ArrayList<>();
    for (ActivePolicy active : set.policies()) {
      Policy policy = active.policy();
      all.add(
          new Posture.Slot(
              active.slot(),
              policy.hooks(),
              policy.scope().cgroups().isEmpty(),
              set.enforces(active),
              policy.onMiss() == OnMiss.HOLD,
              policy.onMiss() == OnMiss.DENY,
              policy.fallback() == Fallback.DENY,
              policy.unparsedPass()));
    }
    return new Posture(all, timing);
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
   * Looks for cgroups, interfaces and files that came or went under a name of a policy; to be
   * called every now and then.
   */
  synchronized void refresh() {
    refreshScopes();
    tellOfBudgets();
    for (Aliases.FileId file : loader.latest().aliases().refresh()) {
      kernel.verdicts().forgetFile(file.device(), file.inode());
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

  private Map<String, Long> engineCounters() {
    Map<String, Long> all = new LinkedHashMap<>(pipeline.counters().read());
    all.put("evicted", kernel.verdicts().evicted());
    all.put("collided", kernel.verdicts().collided());
    return all;
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
        kernel.verdicts().flows());
  }
}
