package dev.interdict.control;

import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.control.PolicyControl.Applied;
import dev.interdict.control.PolicyControl.Result;
import dev.interdict.control.StateStore.Revision;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.Policy.Mode;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * Policies that are asked beside those in force, to see what they would do in their place: at most
 * one for each name. A candidate has a slot of its own, refuses nothing and makes nobody wait. Safe
 * for use by many threads.
 */
public final class Candidates {
  private final PolicyBuilder builder;
  private final Enforcement enforcement;
  private final StateStore store;
  private final Clock clock;
  private final HostChanges changes;
  private final Slots slots;
  private final Leases leases;
  private final LockoutCheck lockouts;

  Candidates(
      PolicyBuilder builder,
      Enforcement enforcement,
      StateStore store,
      Clock clock,
      HostChanges changes,
      Slots slots,
      Leases leases,
      LockoutCheck lockouts) {
    this.builder = builder;
    this.enforcement = enforcement;
    this.store = store;
    this.clock = clock;
    this.changes = changes;
    this.slots = slots;
    this.leases = leases;
    this.lockouts = lockouts;
  }

  /**
   * A candidate.
   *
   * @param policy its counters are of attempts since it came
   * @param beside the revision in force that it is compared with; 0: there is none
   */
  public record Candidate(PolicyStatus policy, long beside) {}

  /**
   * Has a policy asked beside the one in force, in place of the candidate of its name.
   *
   * @param sources as for {@link PolicyControl#apply}
   * @param artefact as for {@link PolicyControl#apply}
   * @param validateOnly only say what would happen
   * @throws RefusedException if it is what is in force, or this host cannot do what it asks
   * @throws RuntimeException as {@link PolicyControl#apply}
   */
  public Applied apply(SortedMap<String, byte[]> sources, byte[] artefact, boolean validateOnly) {
    HostState seen = changes.state();
    Built built = builder.build(sources, artefact);
    Revision revision = new Revision(sources, built.artefact());
    admit(built);
    String name = built.policy().name();
    String digest = Digest.of(sources);
    Supplier<Applied> change = () -> bring(built, revision, seen, validateOnly);
    if (validateOnly) {
      return change.get();
    }
    Supplier<Applied> written =
        PolicyControl.holds(seen.candidates().get(name), digest)
            ? change
            : () -> changes.written(Map.of(name, revision), change);
    return enforcement.prepared(List.of(built), written);
  }

  private void admit(Built built) {
    List<Objection> objections = enforcement.objections(built.policy());
    if (!objections.isEmpty()) {
      throw new RefusedException(objections);
    }
    if (!built.compiled().labels().isEmpty()) {
      // What others see of a process would hang on one that is only looked at.
      throw new RefusedException(
          List.of(
              new Objection(
                  "policy " + built.policy().name(),
                  "it sets labels ("
                      + String.join(", ", new TreeSet<>(built.compiled().labels()))
                      + "), and a candidate changes nothing for other policies",
                  "apply it in audit, where it refuses nothing and sets its labels")));
    }
  }

  private Applied bring(Built built, Revision revision, HostState seen, boolean validateOnly) {
    String name = built.policy().name();
    String digest = Digest.of(revision.sources());
    List<Diagnostic> warnings = built.compiled().warnings();
    changes.lock();
    try {
      HostState state = changes.state();
      HeldPolicy old = state.candidates().get(name);
      if (PolicyControl.holds(old, digest)) {
        return new Applied(Result.UNCHANGED, status(old), warnings, null);
      }
      requireOther(state.policies().get(name), digest);
      leases.requireNoRollout(name); // a step would bring another candidate into force
      admit(built);
      PolicyControl.requireSame(
          name, HeldPolicy.revisionOf(seen.candidates().get(name)), HeldPolicy.revisionOf(old));
      Result result = old == null ? Result.CREATED : Result.REPLACED;
      int slot = validateOnly ? -1 : slots.take(state.slots());
      HeldPolicy fresh =
          HeldPolicy.of(
              built,
              digest,
              changes.nextRevision(name),
              slot,
              Mode.AUDIT, // whatever it says of itself
              clock.instant(),
              "",
              null);
      if (!validateOnly) {
        store.restore(name, digest, revision);
        changes.commit(state.withCandidate(fresh));
      }
      return new Applied(result, status(fresh), warnings, null);
    } finally {
      changes.unlock();
    }
  }

  /** One that is in force already would be asked twice and differ in nothing. */
  private static void requireOther(HeldPolicy inForce, String digest) {
    if (inForce != null && inForce.inForce() && inForce.digest().equals(digest)) {
      throw new RefusedException(
          List.of(
              new Objection(
                  "policy " + inForce.name(),
                  "this is revision " + inForce.revision() + ", which is in force already",
                  "change it, or compare another with: interdict diff " + inForce.name())));
    }
  }

  /** All of them, by name. */
  public List<Candidate> list() {
    HostState now = changes.state();
    Snapshot snapshot = enforcement.snapshot();
    return now.candidates().values().stream().map(one -> candidate(one, now, snapshot)).toList();
  }

  /**
   * One of them.
   *
   * @throws NoSuchPolicyException if there is none of this name
   */
  public Candidate get(String name) {
    HostState now = changes.state();
    return candidate(now.candidate(name), now, enforcement.snapshot());
  }

  private static Candidate candidate(HeldPolicy held, HostState now, Snapshot snapshot) {
    HeldPolicy other = now.policies().get(held.name());
    return new Candidate(
        PolicyStatus.of(held, now, snapshot),
        other == null || !other.inForce() ? 0 : other.revision());
  }

  /**
   * Takes one away.
   *
   * @param revision that it has; 0: whichever
   * @throws NoSuchPolicyException if there is none of this name
   * @throws RefusedException if it is another one now
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved: it is there still
   */
  public void drop(String name, long revision) {
    changes.lock();
    try {
      requireSeen(revision, changes.state().candidate(name));
      leases.requireNoRollout(name);
      changes.commit(changes.state().withoutCandidate(name));
    } finally {
      changes.unlock();
    }
  }

  private static void requireSeen(long revision, HeldPolicy candidate) {
    if (revision != 0) {
      PolicyControl.requireSame(candidate.name(), revision, candidate.revision());
    }
  }

  /** The same, and beside what. */
  static void requireSeen(Seen seen, HeldPolicy candidate, HeldPolicy inForce) {
    requireSeen(seen.revision(), candidate);
    if (seen.revision() != 0) {
      PolicyControl.requireSame(
          candidate.name(),
          seen.beside(),
          inForce == null || !inForce.inForce() ? 0 : inForce.revision());
    }
  }

  /**
   * Which candidate somebody has looked at, and beside what.
   *
   * @param revision of the candidate; 0: whichever is there, beside whatever is in force
   * @param beside the revision in force; 0: none
   */
  public record Seen(long revision, long beside) {
    /** For who asks for whatever is there. */
    public static final Seen ANY = new Seen(0, 0);
  }

  /**
   * Brings one into force in place of the policy of its name, in the slot it has: what it has
   * decided counts.
   *
   * @param seen what the decision to do so rests on
   * @param within as for {@link PolicyControl#apply}; what is undone leaves no candidate
   * @param lockout as for {@link PolicyControl#apply}
   * @throws NoSuchPolicyException if there is none of this name
   * @throws RefusedException if what is there is not what was seen
   * @throws RuntimeException as {@link PolicyControl#apply}
   */
  public Applied promote(String name, Seen seen, Duration within, boolean lockout) {
    HostState state = changes.state();
    HeldPolicy candidate = state.candidate(name);
    requireSeen(seen.revision(), candidate);
    requireInForce(candidate);
    Set<String> accepted = lockout ? Set.of(name) : Set.of();
    return lockouts
        .ask(state, promoted(state, candidate), accepted)
        .call(() -> promote(candidate, seen, within));
  }

  /** The same, of one that locks nobody out. */
  public Applied promote(String name, Seen seen, Duration within) {
    return promote(name, seen, within, false);
  }

  /** With the candidate in place of the policy of its name. */
  private HostState promoted(HostState state, HeldPolicy candidate) {
    HeldPolicy old = state.policies().get(candidate.name());
    return state
        .withoutCandidate(candidate.name())
        .with(candidate.promoted(HeldPolicy.overrideOf(old), clock.instant()));
  }

  /**
   * Under the lock.
   *
   * @param found the one that was asked about
   */
  private Applied promote(HeldPolicy found, Seen seen, Duration within) {
    String name = found.name();
    changes.lock();
    try {
      HeldPolicy candidate = changes.state().candidate(name);
      HeldPolicy old = changes.state().policies().get(name);
      requireSeen(found.revision(), candidate);
      requireSeen(seen, candidate, old);
      leases.requireSettled(name);
      if (within != null) {
        leases.requireNone();
      }
      return promoted(name, within);
    } finally {
      changes.unlock();
    }
  }

  /** The same, and the end of its rollout; to be called under the lock. */
  Applied promoted(String name, Duration within) {
    HostState state = changes.state();
    HeldPolicy candidate = state.candidate(name);
    HeldPolicy old = state.policies().get(name);
    PolicyControl.requireByHand(old);
    requireInForce(candidate);
    enforcement.resetBudget(
        candidate.slot()); // a rollout may have used it up: then nobody would enforce
    Rollout rollout = state.rollout();
    boolean ends = rollout != null && rollout.policy().equals(name);
    HostState next = promoted(state, candidate);
    HeldPolicy fresh = next.get(name);
    next = ends ? next.withRollout(null) : next;
    Pending pending = null;
    if (within == null) {
      changes.commit(next);
    } else {
      pending = leases.commit(next, fresh, within);
    }
    Result result = old == null ? Result.CREATED : Result.REPLACED;
    return new Applied(result, status(changes.state().get(name)), List.of(), pending);
  }

  static void requireInForce(HeldPolicy candidate) {
    if (!candidate.inForce()) {
      throw new RefusedException(
          List.of(
              new Objection(
                  "candidate of " + candidate.name(),
                  "it is not asked: " + candidate.problem(),
                  "apply it again: interdict policy apply --candidate")));
    }
  }

  private PolicyStatus status(HeldPolicy held) {
    return PolicyStatus.of(held, changes.state(), enforcement.snapshot());
  }
}
