package dev.interdict.control;

import dev.interdict.control.History.Revised;
import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.control.StateStore.Revision;
import dev.interdict.control.StateStore.Saved;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.Policy.Mode;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * The control flow, one method per verb. Safe for use by many threads; each method returns when the
 * change is in force.
 *
 * <p>A change makes the next {@link HostState}, hands it to {@link Enforcement#use} as a whole and
 * then saves it. A failure before the hand-over changes nothing; one after it is undone, except
 * that a mode stays switched: an operator who calls for audit on a full disk must get it. Building,
 * loading and writing a revision take seconds and happen outside the lock, and a switch of modes
 * takes no lock that a change holds.
 */
public final class PolicyControl {
  private static final System.Logger LOG = System.getLogger(PolicyControl.class.getName());

  private final PolicyBuilder builder;
  private final Enforcement enforcement;
  private final StateStore store;
  private final Clock clock;

  private final HostChanges changes;
  private final Slots slots;
  private final Restorer restorer;
  private final BundleControl bundles;
  private final Leases leases;
  private final Candidates candidates;
  private final Rollouts rollouts;
  private final LockoutCheck lockouts;

  public PolicyControl(
      PolicyBuilder builder, Enforcement enforcement, StateStore store, Clock clock) {
    this.builder = builder;
    this.enforcement = enforcement;
    this.slots = new Slots(enforcement, store);
    this.store = store;
    this.restorer = new Restorer(builder, enforcement, store, slots);
    this.clock = clock;
    this.lockouts = new LockoutCheck(enforcement);
    this.changes = new HostChanges(enforcement, store, lockouts);
    this.leases = new Leases(changes, enforcement, clock);
    this.bundles = new BundleControl(builder, enforcement, store, clock, changes, slots, lockouts);
    this.candidates =
        new Candidates(builder, enforcement, store, clock, changes, slots, leases, lockouts);
    this.rollouts = new Rollouts(changes, enforcement, leases, candidates, lockouts);
  }

  /** The verbs on whole bundles; what they change is the same state. */
  public BundleControl bundles() {
    return bundles;
  }

  /** Changes that wait for their confirmation. */
  public Leases leases() {
    return leases;
  }

  /** Policies that are asked beside those in force. */
  public Candidates candidates() {
    return candidates;
  }

  /** Candidates that come into force in steps. */
  public Rollouts rollouts() {
    return rollouts;
  }

  /** What {@link #apply} did. */
  public enum Result {
    CREATED,
    REPLACED,
    UNCHANGED
  }

  /**
   * The outcome of {@link #apply}.
   *
   * @param pending what waits for its confirmation by this; null: it stays, or nothing was done
   */
  public record Applied(
      Result result, PolicyStatus policy, List<Diagnostic> warnings, Pending pending) {}

  /**
   * The outcome of a switch.
   *
   * @param policies those concerned
   * @param notSaved why a restart will not know of it; null: it is saved, or not to be
   * @param pending as {@link Applied#pending}
   */
  public record Switched(Mode host, List<PolicyMode> policies, String notSaved, Pending pending) {}

  /** A policy and the folder it was applied from. */
  public record PolicySources(PolicyStatus policy, SortedMap<String, byte[]> sources) {}

  /**
   * Brings what was saved back into force; to be called once, before anything else. A policy that
   * this host can no longer use stays out of force and says so in {@link PolicyStatus#problem}; the
   * others are not affected. One that only cannot be compiled anew at the moment is in force as it
   * was.
   *
   * @throws StoreException if the saved state cannot be read
   * @throws EnforcementException if the set could not be brought into force
   */
  public void restore() {
    changes.lock();
    try {
      Saved saved = store.load();
      if (saved == null) {
        changes.adopt(changes.state());
        return;
      }
      Rollout rollout = saved.rollout();
      boolean tripped = rollout != null && hasTripped(saved, rollout.policy());
      HostState found = restorer.restore(saved);
      String ended = rollout == null ? null : rollouts.over(rollout, found, tripped);
      HostState next =
          rollout == null ? found : found.withRollout(rollouts.resumed(rollout, ended));
      changes.adopt(next, rollout, ended);
      changes.saveUnless(saved);
    } finally {
      changes.unlock();
    }
  }

  /** In the slot that the kernel knows it by still. */
  private boolean hasTripped(Saved saved, String candidate) {
    SlotSet tripped = enforcement.tripped();
    return saved.candidates().stream()
        .anyMatch(p -> p.name().equals(candidate) && p.slot() >= 0 && tripped.contains(p.slot()));
  }

  /**
   * Brings a policy into force in place of the one of the same name.
   *
   * @param sources bytes by path inside the folder
   * @param artefact the compiled policy of exactly these sources; null: compile
   * @param validateOnly only say what would happen
   * @param within it is undone after this time unless it is confirmed ({@link #leases}); null: it
   *     stays
   * @param lockout whether it may refuse what the host, or each program of its scope, needs
   * @throws InvalidPolicyException if the sources have errors
   * @throws BuildException if compiling failed for another reason
   * @throws RefusedException if this host cannot do what the policy asks, a bundle owns the name,
   *     or another change waits for its confirmation, or somebody else has changed the policy
   *     meanwhile, or it would lock an operator out
   * @throws NoSlotException if every slot is taken
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved; what was in force before is again
   */
  public Applied apply(
      SortedMap<String, byte[]> sources,
      byte[] artefact,
      boolean validateOnly,
      Duration within,
      boolean lockout) {
    return apply(changes.state(), new Revision(sources, artefact), validateOnly, within, lockout);
  }

  /** The same, of one that locks nobody out. */
  public Applied apply(
      SortedMap<String, byte[]> sources, byte[] artefact, boolean validateOnly, Duration within) {
    return apply(sources, artefact, validateOnly, within, false);
  }

  /**
   * The same.
   *
   * @param found what the caller has looked at: he changes nothing that came after it
   */
  private Applied apply(
      HostState found, Revision asked, boolean validateOnly, Duration within, boolean lockout) {
    Built built = builder.build(asked.sources(), asked.compiled());
    Revision revision = new Revision(asked.sources(), built.artefact());
    String digest = Digest.of(asked.sources());
    HeldPolicy old = found.policies().get(built.policy().name());
    HostState next = found.with(fresh(built, digest, -1, HeldPolicy.overrideOf(old)));
    Supplier<Applied> change = () -> bring(old, built, revision, digest, validateOnly, within);
    if (holds(old, digest) || (validateOnly && !LockoutCheck.concerns(found, next))) {
      return change.get();
    }
    Supplier<Applied> written =
        validateOnly
            ? change
            : () -> changes.written(Map.of(built.policy().name(), revision), change);
    Set<String> accepted = lockout ? Set.of(built.policy().name()) : Set.of();
    admit(built, old);
    return enforcement.prepared(
        List.of(built), () -> lockouts.ask(found, next, accepted).call(written::get));
  }

  private boolean isTripped(int slot) {
    return enforcement.tripped().contains(slot);
  }

  /** Of the same rules, in the same slot; it is saved with the next look. */
  private void arm(int slot) {
    try {
      enforcement.resetBudget(slot);
    } catch (EnforcementException e) { // the change is made, and its status tells
      LOG.log(Level.ERROR, "a policy only records still: interdict mode reset", e);
    }
  }

  /** Under the lock. */
  private Applied bring(
      HeldPolicy found,
      Built built,
      Revision revision,
      String digest,
      boolean validateOnly,
      Duration within) {
    String name = built.policy().name();
    List<Diagnostic> warnings = built.compiled().warnings();
    changes.lock();
    try {
      HeldPolicy old = changes.state().policies().get(name);
      leases.requireSettled(name); // what waits is not there to stay
      if (within != null) {
        leases.requireNone();
      }
      if (holds(old, digest) && old.bundle().isEmpty()) {
        return new Applied(Result.UNCHANGED, status(old), warnings, null);
      }
      admit(built, old);
      requireSame(name, found, old);
      Result result = old == null ? Result.CREATED : Result.REPLACED;
      Mode override = HeldPolicy.overrideOf(old);
      if (validateOnly) {
        return new Applied(result, status(fresh(built, digest, -1, override)), warnings, null);
      }
      // The one before goes on in its own slot as long as this one waits.
      int slot = slots.of(built, within == null ? old : null, changes.state().slots());
      store.restore(name, digest, revision);
      HeldPolicy fresh = fresh(built, digest, slot, override);
      HostState next = changes.state().with(fresh);
      if (within == null) {
        boolean records = old != null && old.slot() == slot && isTripped(slot);
        changes.commit(next);
        if (records) {
          arm(slot);
        }
        return new Applied(result, status(changes.state().get(name)), warnings, null);
      }
      Pending pending = leases.commit(next, fresh, within);
      return new Applied(result, status(changes.state().get(name)), warnings, pending);
    } finally {
      changes.unlock();
    }
  }

  /** Whoever compiles more slowly would take back what he has never seen. */
  private static void requireSame(String name, HeldPolicy found, HeldPolicy now) {
    requireSame(name, HeldPolicy.revisionOf(found), HeldPolicy.revisionOf(now));
  }

  /** The same by revisions; 0: none. */
  static void requireSame(String name, long found, long now) {
    if (found != now) {
      throw new RefusedException(
          List.of(
              new Objection(
                  "policy " + name,
                  "somebody else has changed it meanwhile: revision %d is there, not %d"
                      .formatted(now, found),
                  "see interdict history " + name + ", and do it again")));
    }
  }

  /**
   * Tells the history that enforcement was taken off this host for a while, or put back.
   *
   * @throws StoreException if it cannot be told now
   */
  public void toldOfBreakGlass(Origin by) {
    ScopedValue.where(Origin.CURRENT, by)
        .run(() -> history().made(List.of(Change.breakGlass()), null));
  }

  private HeldPolicy fresh(Built built, String digest, int slot, Mode override) {
    long revision = changes.nextRevision(built.policy().name());
    return HeldPolicy.of(built, digest, revision, slot, override, clock.instant(), "", null);
  }

  static boolean holds(HeldPolicy old, String digest) {
    return old != null && old.inForce() && old.digest().equals(digest);
  }

  /** Before seconds are spent on loading, and once more under the lock. */
  private void admit(Built built, HeldPolicy old) {
    requireByHand(old);
    leases.requireSettled(built.policy().name());
    List<Objection> objections = enforcement.objections(built.policy());
    if (!objections.isEmpty()) {
      throw new RefusedException(objections);
    }
  }

  /**
   * One policy with its sources.
   *
   * @throws NoSuchPolicyException if there is none of this name
   * @throws StoreException if its sources cannot be read
   */
  public PolicySources get(String name) {
    HeldPolicy held = changes.state().get(name);
    try {
      return sources(held); // without the lock: a slow disk shall not hold up who confirms a change
    } catch (StoreException e) {
      HeldPolicy now = changes.state().get(name);
      if (now.digest().equals(held.digest())) {
        throw e;
      }
      return sources(now);
    }
  }

  private PolicySources sources(HeldPolicy held) {
    return new PolicySources(status(held), store.read(held.name(), held.digest()).sources());
  }

  /** All changes, and the revisions that can be brought back. */
  public History history() {
    return changes.history();
  }

  /**
   * A content that a policy has had.
   *
   * @param number of the revision
   */
  public record RevisionSources(long number, SortedMap<String, byte[]> sources) {}

  /**
   * A content that a policy has had.
   *
   * @param to its number; 0: the latest that is not what is in force
   * @throws NoSuchPolicyException if there was never a policy of this name
   * @throws RefusedException if this revision is not kept
   * @throws StoreException if it cannot be read
   */
  public RevisionSources revision(String name, long to) {
    Revised found = revised(name, to);
    return new RevisionSources(found.number(), store.read(name, found.digest()).sources());
  }

  /**
   * Brings a content that a policy has had into force again, as a new revision; also one of a
   * policy that was deleted.
   *
   * @param to as {@link #revision}
   * @param within as for {@link #apply}
   * @param lockout as for {@link #apply}
   * @throws NoSuchPolicyException if there was never a policy of this name
   * @throws RefusedException if this revision is not kept, or as {@link #apply}
   * @throws RuntimeException as {@link #apply}
   */
  public Applied rollback(String name, long to, Duration within, boolean lockout) {
    HostState found = changes.state();
    requireByHand(found.policies().get(name));
    leases.requireSettled(name);
    Revised wanted = revised(name, to);
    long number = wanted.number();
    Revision revision = store.read(name, wanted.digest());
    Origin asked = Origin.current();
    String why = asked.why().isEmpty() ? "" : ": " + asked.why();
    Origin origin = new Origin(asked.by(), "rollback to revision " + number + why);
    byte[] artefact = restorer.build(revision).artefact();
    return ScopedValue.where(Origin.CURRENT, origin)
        .call(
            () -> apply(found, new Revision(revision.sources(), artefact), false, within, lockout));
  }

  /** The same, of one that locks nobody out. */
  public Applied rollback(String name, long to, Duration within) {
    return rollback(name, to, within, false);
  }

  private Revised revised(String name, long to) {
    HeldPolicy held = changes.state().policies().get(name);
    List<Revised> known = changes.history().revisions(name);
    if (held == null && known.isEmpty()) {
      throw new NoSuchPolicyException(name);
    }
    return known.reversed().stream()
        .filter(one -> store.has(name, one.digest()))
        .filter(
            one ->
                to != 0 ? one.number() == to : held == null || !one.digest().equals(held.digest()))
        .findFirst()
        .orElseThrow(() -> new RefusedException(List.of(notKept(name, to))));
  }

  private static Objection notKept(String name, long to) {
    return new Objection(
        "policy " + name,
        to == 0 ? "no other content of it is kept" : "revision " + to + " is not kept",
        "interdict history "
            + name
            + " lists the last "
            + History.KEPT
            + "; apply older ones from"
            + " their folder");
  }

  /** Every policy, by name. */
  public List<PolicyStatus> list() {
    HostState now = changes.state();
    Snapshot snapshot = enforcement.snapshot();
    return now.policies().values().stream().map(p -> PolicyStatus.of(p, now, snapshot)).toList();
  }

  /**
   * Takes a policy out of force and forgets it, and its candidate.
   *
   * @throws NoSuchPolicyException if there is none of this name
   * @throws RefusedException if a bundle brought it
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved; the policy is in force again
   */
  public void delete(String name) {
    changes.lock();
    try {
      requireByHand(changes.state().get(name));
      leases.requireSettled(name);
      changes.commit(changes.state().without(name).withoutCandidate(name));
    } finally {
      changes.unlock();
    }
  }

  /** The host's mode. */
  public Mode hostMode() {
    return changes.state().host();
  }

  /** Rises with each change. */
  public long generation() {
    return changes.state().generation();
  }

  /** The mode of each policy, by name. */
  public List<PolicyMode> modes() {
    HostState now = changes.state();
    Snapshot snapshot = enforcement.snapshot();
    return now.policies().values().stream().map(p -> PolicyMode.of(p, now, snapshot)).toList();
  }

  /**
   * Switches the host.
   *
   * @param within the switch is undone after this time unless it is confirmed ({@link #leases});
   *     null: it stays, also if what waits is undone
   * @param accepted names of policies that may refuse what the host, or each program of their
   *     scope, needs
   * @throws RefusedException if it is to be confirmed and another change waits already, or others
   *     that would begin to refuse would lock an operator out
   * @throws EnforcementException if the kernel side refused
   */
  public Switched setHostMode(Mode mode, Duration within, Set<String> accepted) {
    UnaryOperator<HostState> switched = state -> state.withHost(mode);
    return ask(switched, accepted).call(() -> setHostMode(mode, within, changes.asked(switched)));
  }

  /** The same, where nobody is to be locked out. */
  public Switched setHostMode(Mode mode, Duration within) {
    return setHostMode(mode, within, Set.of());
  }

  /** What a switch would have begin to refuse is asked about first, without a lock. */
  private ScopedValue.Carrier ask(UnaryOperator<HostState> switched, Set<String> accepted) {
    HostState before = changes.state();
    return lockouts.ask(before, switched.apply(before), accepted);
  }

  private Switched setHostMode(Mode mode, Duration within, UnaryOperator<HostState> switched) {
    Change change = Change.ofMode("", mode);
    if (within != null) {
      Pending pending = leases.switchModes(change, within, switched);
      return new Switched(mode, modes(), null, pending);
    }
    String notSaved = changes.toggle(switched, change);
    return new Switched(mode, modes(), notSaved, null);
  }

  /**
   * Switches one policy; the switch outlives new revisions of it.
   *
   * @param mode null: as policy.yaml says
   * @param within as for {@link #setHostMode}
   * @param accepted as for {@link #setHostMode}
   * @throws NoSuchPolicyException if there is none of this name
   * @throws RefusedException as {@link #setHostMode}
   * @throws EnforcementException if the kernel side refused
   */
  public Switched setPolicyMode(String name, Mode mode, Duration within, Set<String> accepted) {
    UnaryOperator<HostState> switched = state -> state.withOverride(name, mode);
    return ask(switched, accepted)
        .call(() -> setPolicyMode(name, mode, within, changes.asked(switched)));
  }

  /** The same, where nobody is to be locked out. */
  public Switched setPolicyMode(String name, Mode mode, Duration within) {
    return setPolicyMode(name, mode, within, Set.of());
  }

  private Switched setPolicyMode(
      String name, Mode mode, Duration within, UnaryOperator<HostState> switched) {
    Change change = Change.ofMode(name, mode);
    Pending pending = within == null ? null : leases.switchModes(change, within, switched);
    String notSaved = within == null ? changes.toggle(switched, change) : null;
    HostState now = changes.state();
    return new Switched(
        now.host(),
        List.of(PolicyMode.of(now.get(name), now, enforcement.snapshot())),
        notSaved,
        pending);
  }

  /**
   * Lets a policy refuse again after its budget was used up, or takes its alarm back.
   *
   * @throws NoSuchPolicyException if there is none of this name
   * @throws RefusedException if it was not
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved: it only records still
   */
  public PolicyMode resetBudget(String name) {
    changes.lock();
    try {
      HeldPolicy held = changes.state().get(name);
      PolicyMode before = PolicyMode.of(held, changes.state(), enforcement.snapshot());
      if (!before.tripped() && !before.alarmed()) {
        throw new RefusedException(
            List.of(
                new Objection(
                    "policy " + name, "its budget is not used up", "there is nothing to reset")));
      }
      changes.recorded(List.of(Change.reset(name)), () -> reset(held, before.tripped()));
      return PolicyMode.of(held, changes.state(), enforcement.snapshot());
    } finally {
      changes.unlock();
    }
  }

  /** In force and saved, or neither: a boot must not disarm it again. */
  private void reset(HeldPolicy held, boolean tripped) {
    enforcement.resetBudget(held.slot());
    if (!tripped) {
      return;
    }
    try {
      changes.save();
    } catch (StoreException e) {
      try {
        enforcement.disarm(held.slot());
      } catch (EnforcementException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /**
   * Follows the kernel, which disarms policies by itself. To be called every now and then. Waits
   * for nobody.
   */
  public void look() {
    leases.look();
    rollouts.look();
    changes.look();
  }

  /** What a bundle brought is changed by the bundle: the next one would undo any other change. */
  static void requireByHand(HeldPolicy old) {
    if (old != null && !old.bundle().isEmpty()) {
      throw new RefusedException(
          List.of(
              new Objection(
                  "policy " + old.name(),
                  "it comes from the bundle " + old.bundle(),
                  "change it there, or take all of its policies away with: interdict bundle drop "
                      + old.bundle())));
    }
  }

  private PolicyStatus status(HeldPolicy held) {
    return PolicyStatus.of(held, changes.state(), enforcement.snapshot());
  }
}
