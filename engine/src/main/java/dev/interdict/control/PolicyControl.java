package dev.interdict.control;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.control.StateStore.Revision;
import dev.interdict.control.StateStore.Saved;
import dev.interdict.control.StateStore.SavedPolicy;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.Policy.Mode;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The control flow, one method per verb. Safe for use by many threads; each method returns when the
 * change is in force.
 *
 * <p>A change makes the next {@link HostState}, hands it to {@link Enforcement#use} as a whole and
 * then saves it. A failure before the hand-over changes nothing; one after it is undone, except
 * that a mode stays switched: an operator who calls for audit on a full disk must get it. Building
 * takes seconds and happens outside the lock.
 */
public final class PolicyControl {
  private final PolicyBuilder builder;
  private final Enforcement enforcement;
  private final StateStore store;
  private final Clock clock;

  private final ReentrantLock changes = new ReentrantLock();
  private volatile HostState state = HostState.EMPTY;
  private final Slots slots;

  public PolicyControl(
      PolicyBuilder builder, Enforcement enforcement, StateStore store, Clock clock) {
    this.builder = builder;
    this.enforcement = enforcement;
    this.slots = new Slots(enforcement);
    this.store = store;
    this.clock = clock;
  }

  /** What {@link #apply} did. */
  public enum Result {
    CREATED,
    REPLACED,
    UNCHANGED
  }

  /** The outcome of {@link #apply}. */
  public record Applied(Result result, PolicyStatus policy, List<Diagnostic> warnings) {}

  /**
   * The outcome of a switch.
   *
   * @param policies those concerned
   * @param notSaved why a restart will not know of it; null: it is saved
   */
  public record Switched(Mode host, List<PolicyMode> policies, String notSaved) {}

  /** A policy and the folder it was applied from. */
  public record PolicySources(PolicyStatus policy, SortedMap<String, byte[]> sources) {}

  /**
   * Brings what was saved back into force; to be called once, before anything else. A policy that
   * this host can no longer use stays out of force and says so in {@link PolicyStatus#problem}; the
   * others are not affected.
   *
   * @throws StoreException if the saved state cannot be read
   * @throws EnforcementException if the set could not be brought into force
   */
  public void restore() {
    changes.lock();
    try {
      Saved saved = store.load();
      if (saved == null) {
        enforcement.use(state.activeSet());
        return;
      }
      HostState next = new HostState(saved.generation(), saved.host(), state.policies());
      SlotSet taken = SlotSet.NONE;
      for (SavedPolicy policy : saved.policies()) {
        taken = policy.slot() < 0 ? taken : taken.with(policy.slot());
      }
      for (SavedPolicy policy : saved.policies()) {
        HeldPolicy held = restore(policy, taken);
        taken = held.inForce() ? taken.with(held.slot()) : taken;
        next = next.with(held);
      }
      enforcement.use(next.activeSet());
      state = next;
    } finally {
      changes.unlock();
    }
  }

  private HeldPolicy restore(SavedPolicy saved, SlotSet taken) {
    Instant applied = Instant.parse(saved.applied());
    Built built;
    try {
      Revision revision = store.read(saved.name(), saved.digest());
      built = builder.build(revision.sources(), revision.compiled());
    } catch (StoreException | InvalidPolicyException | BuildException e) {
      return new HeldPolicy(
          saved.name(), saved.digest(), null, null, -1, saved.override(), applied, e.getMessage());
    }
    List<Objection> objections = enforcement.objections(built.policy());
    String problem = objections.isEmpty() ? null : new RefusedException(objections).getMessage();
    boolean sameCode = built.compiled().digest().equals(saved.compiled()) && saved.slot() >= 0;
    int slot = problem != null ? -1 : sameCode ? saved.slot() : slots.take(taken);
    return held(built, saved.digest(), slot, saved.override(), applied, problem);
  }

  /**
   * Brings a policy into force in place of the one of the same name.
   *
   * @param sources bytes by path inside the folder
   * @param artefact the compiled policy of exactly these sources; null: compile
   * @param validateOnly only say what would happen
   * @throws InvalidPolicyException if the sources have errors
   * @throws BuildException if compiling failed for another reason
   * @throws RefusedException if this host cannot do what the policy asks
   * @throws NoSlotException if every slot is taken
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved; what was in force before is again
   */
  public Applied apply(SortedMap<String, byte[]> sources, byte[] artefact, boolean validateOnly) {
    Built built = builder.build(sources, artefact);
    String digest = Digest.of(sources);
    String name = built.policy().name();
    changes.lock();
    try {
      HeldPolicy old = state.policies().get(name);
      List<Diagnostic> warnings = built.compiled().warnings();
      if (old != null && old.inForce() && old.digest().equals(digest)) {
        return new Applied(Result.UNCHANGED, status(old), warnings);
      }
      List<Objection> objections = enforcement.objections(built.policy());
      if (!objections.isEmpty()) {
        throw new RefusedException(objections);
      }
      Result result = old == null ? Result.CREATED : Result.REPLACED;
      Mode override = old == null ? null : old.override();
      if (validateOnly) {
        return new Applied(
            result, status(held(built, digest, -1, override, clock.instant(), null)), warnings);
      }
      HeldPolicy fresh =
          held(built, digest, slotFor(old, built.compiled()), override, clock.instant(), null);
      store.write(name, digest, new Revision(sources, built.artefact()));
      commit(state.with(fresh));
      return new Applied(result, status(fresh), warnings);
    } finally {
      changes.unlock();
    }
  }

  /**
   * One policy with its sources.
   *
   * @throws NoSuchPolicyException if there is none of this name
   * @throws StoreException if its sources cannot be read
   */
  public PolicySources get(String name) {
    changes.lock();
    try {
      HeldPolicy held = state.get(name);
      return new PolicySources(status(held), store.read(name, held.digest()).sources());
    } finally {
      changes.unlock();
    }
  }

  /** Every policy, by name. */
  public List<PolicyStatus> list() {
    HostState now = state;
    Snapshot snapshot = enforcement.snapshot();
    return now.policies().values().stream().map(p -> PolicyStatus.of(p, now, snapshot)).toList();
  }

  /**
   * Takes a policy out of force and forgets it.
   *
   * @throws NoSuchPolicyException if there is none of this name
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved; the policy is in force again
   */
  public void delete(String name) {
    changes.lock();
    try {
      state.get(name);
      commit(state.without(name));
    } finally {
      changes.unlock();
    }
  }

  /** The host's mode. */
  public Mode hostMode() {
    return state.host();
  }

  /** Rises with each change. */
  public long generation() {
    return state.generation();
  }

  /** The mode of each policy, by name. */
  public List<PolicyMode> modes() {
    HostState now = state;
    Snapshot snapshot = enforcement.snapshot();
    return now.policies().values().stream().map(p -> PolicyMode.of(p, now, snapshot)).toList();
  }

  /**
   * Switches the host.
   *
   * @throws EnforcementException if the kernel side refused
   */
  public Switched setHostMode(Mode mode) {
    changes.lock();
    try {
      String notSaved = toggle(state.withHost(mode));
      return new Switched(mode, modes(), notSaved);
    } finally {
      changes.unlock();
    }
  }

  /**
   * Switches one policy; the switch outlives new revisions of it.
   *
   * @param mode null: as policy.yaml says
   * @throws NoSuchPolicyException if there is none of this name
   * @throws EnforcementException if the kernel side refused
   */
  public Switched setPolicyMode(String name, Mode mode) {
    changes.lock();
    try {
      HeldPolicy held = state.get(name).withOverride(mode);
      String notSaved = toggle(state.with(held));
      return new Switched(
          state.host(), List.of(PolicyMode.of(held, state, enforcement.snapshot())), notSaved);
    } finally {
      changes.unlock();
    }
  }

  /**
   * Lets a policy refuse again after its denial budget has tripped.
   *
   * @throws NoSuchPolicyException if there is none of this name
   * @throws RefusedException if it has not tripped
   * @throws EnforcementException if the kernel side refused
   */
  public PolicyMode resetBudget(String name) {
    changes.lock();
    try {
      HeldPolicy held = state.get(name);
      if (!PolicyMode.of(held, state, enforcement.snapshot()).tripped()) {
        throw new RefusedException(
            List.of(
                new Objection(
                    "policy " + name, "its budget has not tripped", "there is nothing to reset")));
      }
      enforcement.resetBudget(held.slot());
      return PolicyMode.of(held, state, enforcement.snapshot());
    } finally {
      changes.unlock();
    }
  }

  private void commit(HostState next) {
    enforcement.use(next.activeSet());
    HostState before = state;
    state = next;
    try {
      store.save(Saved.of(next));
    } catch (StoreException e) {
      undo(before.at(next.generation() + 1), e);
      throw e;
    }
  }

  private void undo(HostState before, StoreException because) {
    try {
      enforcement.use(before.activeSet());
      state = before;
    } catch (EnforcementException e) {
      because.addSuppressed(e);
    }
  }

  /** As commit, but in force even if it cannot be saved; returns why not. */
  private String toggle(HostState next) {
    enforcement.use(next.activeSet());
    state = next;
    try {
      store.save(Saved.of(next));
      return null;
    } catch (StoreException e) {
      return e.getMessage();
    }
  }

  /** Verdicts rest on the compiled code: with the same code they stay, and so does the slot. */
  private int slotFor(HeldPolicy old, CompiledPolicy compiled) {
    boolean sameCode =
        old != null && old.inForce() && old.compiled().digest().equals(compiled.digest());
    return sameCode ? old.slot() : slots.take(state.slots());
  }

  private PolicyStatus status(HeldPolicy held) {
    return PolicyStatus.of(held, state, enforcement.snapshot());
  }

  private static HeldPolicy held(
      Built built, String digest, int slot, Mode override, Instant applied, String problem) {
    return new HeldPolicy(
        built.policy().name(),
        digest,
        built.policy(),
        built.compiled(),
        slot,
        override,
        applied,
        problem);
  }
}
