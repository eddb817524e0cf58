package dev.interdict.testkit;

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
import dev.interdict.control.Snapshot.SlotCounters;
import dev.interdict.control.Unit;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy;
import dev.interdict.policy.Policy.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * Enforcement without a kernel: remembers what it was told and checks that control keeps its side.
 */
public final class FakeEnforcement implements Enforcement {
  /** Hooks this host cannot do. */
  public final Set<Hook> missing = EnumSet.noneOf(Hook.class);

  /** If set, the next use fails, half-way: the set before is brought back. */
  public String refuseUse;

  /** What decides. */
  public String decider = "this release";

  /** What is in force. */
  public ActiveSet set = ActiveSet.EMPTY;

  /** The modes in force. */
  public Modes modes = new Modes(Mode.ENFORCE, Map.of());

  /** Names of the policies that were loaded before they came into force. */
  public final List<String> prepared = new ArrayList<>();

  /** Called while policies are loaded. */
  public Runnable preparing = () -> {};

  /** Called in the middle of a use, before the kernel changes over. */
  public Runnable using = () -> {};

  /** The same, after it. */
  public Runnable used = () -> {};

  /** Called before modes are switched. */
  public Runnable switching = () -> {};

  /** Since boot, in nanoseconds. */
  public long bootTimeNs = 1;

  /** Which boot that is of. */
  public String bootId = "this boot";

  /** What is measured of each candidate. */
  public Figures figures = Figures.NONE;

  /** If set, why nothing can be measured. */
  public String unmeasured;

  /** If set, why it cannot be read whether the glass is broken. */
  public String unread;

  /** If set, why it cannot be read who is tripped. */
  public String untold;

  /** What each candidate denies of the protected set. */
  public List<String> lockouts = List.of();

  /** Called while that is looked at. */
  public Runnable judging = () -> {};

  /** Units of each pair; null: they cannot be listed. */
  public List<Unit> units = List.of();

  /** For how long break-glass lasts still. */
  public Duration glass = Duration.ZERO;

  public final List<Integer> forgotten = new ArrayList<>();
  public SlotSet tripped = SlotSet.NONE;
  public SlotSet alarmed = SlotSet.NONE;

  private final Map<Integer, String> verdictsBySlot = new HashMap<>();

  @Override
  public List<Objection> objections(Policy policy) {
    return policy.hooks().stream()
        .filter(missing::contains)
        .map(
            hook ->
                new Objection(
                    "hook " + hook.id(),
                    "the LSM list lacks bpf",
                    "boot with lsm=landlock,yama,bpf"))
        .toList();
  }

  @Override
  public <T> T prepared(Collection<Built> policies, Supplier<T> change) {
    prepared.addAll(policies.stream().map(built -> built.policy().name()).toList());
    preparing.run();
    return change.get();
  }

  /** The mode of the policy at {@code index} of the set, whatever the host's. */
  public Mode mode(int index) {
    Policy policy = set.policies().get(index).policy();
    return modes.overrides().getOrDefault(policy.name(), policy.mode());
  }

  /** Slots that may refuse at this moment, as the kernel goes by it. */
  public Set<Integer> refusing() {
    Set<Integer> slots = new TreeSet<>();
    boolean ended = modes.lease() != null && bootTimeNs >= modes.lease().endNs();
    for (ActivePolicy policy : set.policies()) {
      if (ended ? modes.enforcesAfter(policy) : modes.enforces(policy)) {
        slots.add(policy.slot());
      }
    }
    return slots;
  }

  /** The same, in the units of a rollout. */
  public Set<Integer> refusingInCanary() {
    boolean ended = modes.lease() != null && bootTimeNs >= modes.lease().endNs();
    if (ended || set.canary() == null || !tripped.and(SlotSet.of(set.canary().slot())).isEmpty()) {
      return refusing();
    }
    Set<Integer> slots = new TreeSet<>();
    for (ActivePolicy policy : set.policies()) {
      if (modes.enforcesIn(set.canary(), policy)) {
        slots.add(policy.slot());
      }
    }
    return slots;
  }

  @Override
  public String bootId() {
    return bootId;
  }

  @Override
  public List<String> lockouts(Policy policy, CompiledPolicy compiled) {
    judging.run();
    return lockouts;
  }

  @Override
  public Figures figures(int slot) {
    if (unmeasured != null) {
      throw new EnforcementException(unmeasured, null);
    }
    return figures;
  }

  @Override
  public List<Unit> units(Canary canary) {
    if (units == null) {
      throw new IllegalStateException("no units");
    }
    return units;
  }

  @Override
  public String decider() {
    return decider;
  }

  @Override
  public SlotSet asked() {
    SlotSet asked = SlotSet.NONE;
    for (ActivePolicy policy : set.policies()) {
      asked = asked.with(policy.slot());
    }
    return asked;
  }

  @Override
  public SlotSet tripped() {
    if (untold != null) {
      throw new IllegalStateException(untold);
    }
    return tripped;
  }

  @Override
  public Duration glass() {
    if (unread != null) {
      throw new IllegalStateException(unread);
    }
    return glass;
  }

  @Override
  public long bootTimeNs() {
    return bootTimeNs;
  }

  @Override
  public void switchTo(Modes next) {
    switching.run();
    modes = next;
  }

  @Override
  public void use(ActiveSet next, Supplier<Modes> latest, Supplier<Modes> before) {
    if (refuseUse != null) {
      String reason = refuseUse;
      refuseUse = null;
      modes = before.get();
      throw new EnforcementException(reason, null);
    }
    if (next.generation() < set.generation()) {
      throw new AssertionError("generation fell from " + set.generation());
    }
    Set<Integer> slots = new HashSet<>();
    for (ActivePolicy policy : next.policies()) {
      if (!slots.add(policy.slot())) {
        throw new AssertionError("two policies in slot " + policy.slot());
      }
      String digest = policy.compiled().digest();
      String carried = verdictsBySlot.putIfAbsent(policy.slot(), digest);
      if (carried != null && !carried.equals(digest)) {
        throw new AssertionError(
            "verdicts of %s would answer for %s".formatted(carried, policy.policy().name()));
      }
    }
    using.run();
    Modes now;
    try {
      now = latest.get();
    } catch (RuntimeException e) { // the set before stays in force
      modes = before.get();
      throw new EnforcementException(e.getMessage(), e);
    }
    set = next;
    modes = now;
    used.run();
  }

  @Override
  public void forgetSlot(int slot) {
    if (set.policies().stream().anyMatch(policy -> policy.slot() == slot)) {
      throw new AssertionError("slot " + slot + " is in force");
    }
    forgotten.add(slot);
    verdictsBySlot.remove(slot);
    tripped = tripped.minus(SlotSet.of(slot));
    alarmed = alarmed.minus(SlotSet.of(slot));
  }

  @Override
  public void resetBudget(int slot) {
    tripped = tripped.minus(SlotSet.of(slot));
    alarmed = alarmed.minus(SlotSet.of(slot));
  }

  @Override
  public void disarm(int slot) {
    tripped = tripped.with(slot);
  }

  @Override
  public Snapshot snapshot() {
    return new Snapshot(
        Map.of(
            Hook.FILE_OPEN, new HookStatus(true, "lsm", Map.of("hits", 7L, "denied", 2L)),
            Hook.XDP_INGRESS, new HookStatus(false, "no interface in any scope", Map.of())),
        Map.of(0, new SlotCounters(2, 3, 1, 0, 0)),
        tripped,
        alarmed,
        Map.of("decided", 5L),
        4,
        1,
        glass,
        List.of("policy open, interface eth9: it is not there; guarded as soon as it" + " comes"));
  }
}
