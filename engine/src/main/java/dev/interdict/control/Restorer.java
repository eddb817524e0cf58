package dev.interdict.control;

import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.control.StateStore.Revision;
import dev.interdict.control.StateStore.Saved;
import dev.interdict.control.StateStore.SavedBundle;
import dev.interdict.control.StateStore.SavedPolicy;
import dev.interdict.event.SlotSet;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes a state of what was saved. Used under the lock of {@link PolicyControl}. */
final class Restorer {
  private static final System.Logger LOG = System.getLogger(Restorer.class.getName());

  private final PolicyBuilder builder;
  private final Enforcement enforcement;
  private final StateStore store;
  private final Slots slots;

  Restorer(PolicyBuilder builder, Enforcement enforcement, StateStore store, Slots slots) {
    this.builder = builder;
    this.enforcement = enforcement;
    this.store = store;
    this.slots = slots;
  }

  /**
   * One that was saved.
   *
   * @param built null if it cannot be
   * @param problem why it cannot be in force; null: it can
   * @param disarmed whether it is to record only, as before
   */
  private record Found(SavedPolicy saved, Built built, String problem, boolean disarmed) {
    /**
     * Its verdicts are what this engine would say.
     *
     * @param same whether the engine that made them decides as this one
     */
    boolean keepsSlot(boolean same) {
      return problem == null
          && saved.slot() >= 0
          && built.compiled().digest().equals(saved.compiled())
          && same;
    }

    HeldPolicy held(int slot, String why) {
      if (slot < 0 && saved.slot() >= 0) {
        LOG.log(Level.ERROR, "policy {0} is not in force any more: {1}", saved.name(), why);
      }
      return new HeldPolicy(
          saved.name(),
          saved.digest(),
          saved.revision(),
          built == null ? null : built.policy(),
          built == null ? null : built.compiled(),
          slot,
          saved.override(),
          Instant.parse(saved.applied()),
          saved.bundle(),
          why,
          disarmed);
    }
  }

  /**
   * The state that was saved; a policy that cannot be in force says why.
   *
   * @throws EnforcementException if a slot could not be cleaned
   */
  HostState restore(Saved saved) {
    HostState next =
        new HostState(
            saved.generation(),
            saved.host(),
            new TreeMap<>(),
            new TreeMap<>(),
            new TreeMap<>(),
            null,
            null);
    for (Map.Entry<String, SavedBundle> bundle : saved.bundles().entrySet()) {
      next = next.withMark(bundle.getKey(), bundle.getValue().mark());
    }
    SlotSet asked = enforcement.asked();
    SlotSet tripped = enforcement.tripped();
    SlotSet before = asked; // also what waited for its confirmation
    SlotSet kept = SlotSet.NONE;
    boolean same = enforcement.decider().equals(saved.decider());
    List<Found> all = new ArrayList<>();
    int inForce = saved.policies().size();
    for (SavedPolicy policy : saved.all()) {
      Found found = find(policy, isDisarmed(policy, asked, tripped));
      // What a candidate has decided is known, but not how it compares: it is asked anew.
      boolean keeps = all.size() < inForce && found.keepsSlot(same);
      all.add(found);
      before = policy.slot() < 0 ? before : before.with(policy.slot());
      kept = keeps ? kept.with(policy.slot()) : kept;
    }
    for (int i = 0; i < all.size(); i++) {
      HeldPolicy held = held(all.get(i), same && i < inForce, before, kept);
      if (held.inForce() && held.disarmed() && i < inForce) {
        enforcement.disarm(held.slot()); // before it is asked: only an operator arms it again
      }
      before = held.inForce() ? before.with(held.slot()) : before;
      kept = held.inForce() ? kept.with(held.slot()) : kept;
      next = i < inForce ? next.with(held) : next.withCandidate(held);
    }
    return next;
  }

  /** Where the kernel goes on with its slot, it knows best; a boot has made it forget. */
  private static boolean isDisarmed(SavedPolicy saved, SlotSet asked, SlotSet tripped) {
    boolean known = saved.slot() >= 0 && asked.contains(saved.slot());
    boolean isTripped = saved.slot() >= 0 && tripped.contains(saved.slot());
    return isTripped || (!known && saved.disarmed());
  }

  private Found find(SavedPolicy saved, boolean disarmed) {
    Built built;
    try {
      built = build(saved, store.read(saved.name(), saved.digest()));
    } catch (StoreException | InvalidPolicyException | BuildException e) {
      return new Found(saved, null, e.getMessage(), disarmed);
    }
    List<Objection> objections = enforcement.objections(built.policy());
    return new Found(
        saved,
        built,
        objections.isEmpty() ? null : new RefusedException(objections).getMessage(),
        disarmed);
  }

  private Built build(SavedPolicy saved, Revision revision) {
    try {
      return build(revision);
    } catch (BuildException | InvalidPolicyException e) {
      // A host that starts is busy: what fails a trial for want of time may pass the next.
      if (saved.slot() < 0
          || (e instanceof InvalidPolicyException invalid && !invalid.isOfTrial())) {
        throw e;
      }
      Built kept = builder.kept(revision.sources(), revision.compiled());
      LOG.log(
          Level.WARNING,
          "policy {0} is in force as it was compiled before; the next start tries again: {1}",
          saved.name(),
          e.getMessage());
      return kept;
    }
  }

  Built build(Revision revision) {
    return builder.build(revision.sources(), revision.compiled());
  }

  /**
   * In a slot that nobody had, as long as there is one: the kernel goes on with the others until
   * the new set is in force.
   *
   * @param same whether the engine before decides as this one
   * @param before slots of what was in force, and of what will be
   * @param kept of what will be
   */
  private HeldPolicy held(Found found, boolean same, SlotSet before, SlotSet kept) {
    if (found.problem() != null) {
      return found.held(-1, found.problem());
    }
    if (found.keepsSlot(same)) {
      return found.held(found.saved().slot(), null);
    }
    try {
      return found.held(slots.takeFrom(before.size() < SlotSet.SLOTS ? before : kept), null);
    } catch (NoSlotException e) {
      return found.held(-1, e.getMessage());
    }
  }
}
