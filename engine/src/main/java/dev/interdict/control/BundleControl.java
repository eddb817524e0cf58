package dev.interdict.control;

import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.control.StateStore.Revision;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.Policy.Mode;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Policies that come as bundles: all of a source's at once, in place of all that it brought before.
 * What was applied by hand, and what another source brought, is never touched. Safe for use by many
 * threads.
 */
public final class BundleControl {
  private final PolicyBuilder builder;
  private final Enforcement enforcement;
  private final StateStore store;
  private final Clock clock;
  private final HostChanges changes;
  private final Slots slots;
  private final LockoutCheck lockouts;

  BundleControl(
      PolicyBuilder builder,
      Enforcement enforcement,
      StateStore store,
      Clock clock,
      HostChanges changes,
      Slots slots,
      LockoutCheck lockouts) {
    this.builder = builder;
    this.enforcement = enforcement;
    this.store = store;
    this.clock = clock;
    this.changes = changes;
    this.slots = slots;
    this.lockouts = lockouts;
  }

  /**
   * What a source brings, verified.
   *
   * @param revision as its maker calls it; may be empty
   * @param serial must not be below that of the bundle before; -1: it has none
   * @param digest of its content
   * @param policies bytes by path inside the policy's folder, by the policy's name
   * @param compiled what they were compiled to, by the policy's name; a policy without is compiled
   */
  public record Delivery(
      String revision,
      long serial,
      String digest,
      SortedMap<String, SortedMap<String, byte[]>> policies,
      SortedMap<String, byte[]> compiled) {}

  /**
   * What a source has in force.
   *
   * @param mark of the last bundle
   * @param policies how many it brought
   */
  public record Delivered(BundleMark mark, int policies) {}

  /**
   * Brings a bundle into force as one change, or changes nothing. Policies whose sources did not
   * change keep their slots and verdicts; of the others only those whose code or data changed are
   * decided anew.
   *
   * @param accepted names of policies that may refuse what the host, or each program of their
   *     scope, needs; any other that would as soon as it is there keeps the whole bundle out, since
   *     nobody is there who could put it right
   * @return false if it is in force already
   * @throws InvalidPolicyException if a policy has errors; files are named {@code policy/file}
   * @throws BuildException if compiling failed for another reason
   * @throws RefusedException if it is older than the one before, a name belongs to somebody else,
   *     this host cannot do what a policy asks, or one would lock an operator out
   * @throws NoSlotException if the new policies do not find room beside the old ones
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved; what was in force before is again
   */
  public boolean activate(String source, Delivery delivery, Set<String> accepted) {
    // Before seconds are spent on compiling; and once more under the lock.
    refuse(DeliveryRules.objections(changes.state(), source, delivery));
    Map<String, Built> built = build(source, delivery);
    refuse(ofHost(built));
    Map<String, Revision> revisions = new TreeMap<>();
    built.forEach((name, one) -> revisions.put(name, revision(delivery, name, one)));
    return enforcement.prepared(
        built.values(),
        () -> {
          HostState state = changes.state();
          Origin by = new Origin("bundle " + source, delivery.revision());
          return ScopedValue.where(Origin.CURRENT, by)
              .call(
                  () ->
                      lockouts
                          .ask(state, with(state, source, built), accepted)
                          .call(
                              () ->
                                  changes.written(
                                      revisions, () -> bring(source, delivery, built))));
        });
  }

  /** The same, where nobody is to be locked out. */
  public boolean activate(String source, Delivery delivery) {
    return activate(source, delivery, Set.of());
  }

  /** With these, before it is known in which slots. */
  private HostState with(HostState state, String source, Map<String, Built> built) {
    HostState next = state;
    for (Map.Entry<String, Built> one : built.entrySet()) {
      HeldPolicy old = state.policies().get(one.getKey());
      Mode override = HeldPolicy.overrideOf(old);
      next =
          next.with(
              HeldPolicy.of(one.getValue(), "", 0, -1, override, clock.instant(), source, null));
    }
    return next;
  }

  private boolean bring(String source, Delivery delivery, Map<String, Built> built) {
    changes.lock();
    try {
      HostState state = changes.state();
      refuse(DeliveryRules.objections(state, source, delivery));
      BundleMark mark =
          new BundleMark(
              delivery.revision(), delivery.serial(), delivery.digest(), clock.instant());
      if (inForce(state, source, delivery)) {
        if (!mark.sameAs(state.bundles().get(source))) {
          changes.note(now -> now.withMark(source, mark)); // new words for the same content
        }
        return false;
      }
      refuse(ofHost(built));
      changes.commit(state.withBundle(source, mark, held(state, source, delivery, built)));
      return true;
    } finally {
      changes.unlock();
    }
  }

  /** Only what is not in force as it is. */
  private Map<String, Built> build(String source, Delivery delivery) {
    Map<String, Built> built = new TreeMap<>();
    List<Diagnostic> found = new ArrayList<>();
    delivery
        .policies()
        .forEach(
            (name, sources) -> {
              if (unchanged(changes.state(), source, name, sources)) {
                return;
              }
              try {
                Built one = builder.build(sources, delivery.compiled().get(name));
                if (!one.policy().name().equals(name)) {
                  found.add(misnamed(name, one.policy().name()));
                }
                built.put(name, one);
              } catch (InvalidPolicyException e) {
                e.diagnostics().forEach(d -> found.add(below(name, d)));
              }
            });
    if (found.stream().anyMatch(d -> d.severity() == Diagnostic.Severity.ERROR)) {
      throw new InvalidPolicyException(found);
    }
    return built;
  }

  private static Diagnostic misnamed(String name, String said) {
    return new Diagnostic(
        Diagnostic.Severity.ERROR,
        name + "/policy.yaml",
        0,
        0,
        "bundle.name",
        "the policy calls itself " + said + ", the bundle " + name);
  }

  private static Diagnostic below(String name, Diagnostic d) {
    return new Diagnostic(
        d.severity(), name + "/" + d.file(), d.line(), d.column(), d.code(), d.message());
  }

  private static boolean unchanged(
      HostState state, String source, String name, SortedMap<String, byte[]> sources) {
    HeldPolicy old = state.policies().get(name);
    return old != null
        && old.inForce()
        && old.bundle().equals(source)
        && old.digest().equals(Digest.of(sources));
  }

  private static boolean inForce(HostState state, String source, Delivery delivery) {
    long brought =
        state.policies().values().stream().filter(p -> p.bundle().equals(source)).count();
    return state.bundles().containsKey(source)
        && brought == delivery.policies().size()
        && delivery.policies().entrySet().stream()
            .allMatch(p -> unchanged(state, source, p.getKey(), p.getValue()));
  }

  private static void refuse(List<Objection> objections) {
    if (!objections.isEmpty()) {
      throw new RefusedException(objections);
    }
  }

  private List<Objection> ofHost(Map<String, Built> built) {
    List<Objection> all = new ArrayList<>();
    built.forEach(
        (name, one) ->
            enforcement.objections(one.policy()).stream()
                .map(
                    o ->
                        new Objection(
                            "policy " + name + ", " + o.subject(), o.reason(), o.remedy()))
                .forEach(all::add));
    return all;
  }

  private List<HeldPolicy> held(
      HostState state, String source, Delivery delivery, Map<String, Built> built) {
    List<HeldPolicy> all = new ArrayList<>();
    SlotSet taken = state.slots();
    for (Map.Entry<String, SortedMap<String, byte[]>> entry : delivery.policies().entrySet()) {
      String name = entry.getKey();
      HeldPolicy old = state.policies().get(name);
      Built fresh = built.get(name);
      if (fresh == null) {
        if (!unchanged(state, source, name, entry.getValue())) {
          throw new EnforcementException(
              "policy " + name + " was changed while the bundle was built", null);
        }
        all.add(old);
        continue;
      }
      String digest = Digest.of(entry.getValue());
      int slot = slots.of(fresh, old, taken);
      taken = taken.with(slot);
      if (old != null && slot != old.slot() && goesOn(old, digest, fresh)) {
        enforcement.disarm(slot);
      }
      store.restore(name, digest, revision(delivery, name, fresh));
      Mode override = HeldPolicy.overrideOf(old);
      long revision = changes.nextRevision(name);
      all.add(
          HeldPolicy.of(fresh, digest, revision, slot, override, clock.instant(), source, null));
    }
    return all;
  }

  /**
   * Whether one that only records is to go on so: other data come by themselves, and are nobody's
   * word that its rules are right now.
   */
  private boolean goesOn(HeldPolicy old, String digest, Built fresh) {
    boolean disarmed = old.inForce() ? enforcement.tripped().contains(old.slot()) : old.disarmed();
    return disarmed
        && (old.digest().equals(digest)
            || old.compiled() == null // nobody knows whether its rules are others
            || (Arrays.equals(old.compiled().wasm(), fresh.compiled().wasm())
                && old.compiled().tables().equals(fresh.compiled().tables()))); // rules name them
  }

  private static Revision revision(Delivery delivery, String name, Built built) {
    return new Revision(delivery.policies().get(name), built.artefact());
  }

  /** What each source brought last, by its name; sources that are no longer configured too. */
  public SortedMap<String, Delivered> delivered() {
    HostState state = changes.state();
    SortedMap<String, Delivered> all = new TreeMap<>();
    state
        .bundles()
        .forEach(
            (source, mark) ->
                all.put(
                    source,
                    new Delivered(
                        mark,
                        (int)
                            state.policies().values().stream()
                                .filter(p -> p.bundle().equals(source))
                                .count())));
    return all;
  }

  /**
   * Takes the next bundle of a source whatever its serial: the way back when a newer one was a
   * mistake.
   *
   * @throws RefusedException if the source has brought nothing
   * @throws StoreException if it could not be saved: older bundles are still refused
   */
  public void allowOlder(String source) {
    changes.lock();
    try {
      BundleMark mark =
          mark(changes.state(), source).withoutFloor(); // changed under this lock only
      changes.recorded(
          List.of(Change.allowOlder(source)),
          () -> changes.note(now -> now.withMark(source, mark)));
    } finally {
      changes.unlock();
    }
  }

  /**
   * Takes everything that a source brought out of force and forgets it. If the source is still
   * configured, its next bundle comes back.
   *
   * @return how many policies
   * @throws RefusedException if the source has brought nothing
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved; the policies are in force again
   */
  public int drop(String source) {
    changes.lock();
    try {
      HostState state = changes.state();
      mark(state, source);
      HostState next = state.withBundle(source, null, List.of());
      changes.commit(next);
      return state.policies().size() - next.policies().size();
    } finally {
      changes.unlock();
    }
  }

  private static BundleMark mark(HostState state, String source) {
    BundleMark mark = state.bundles().get(source);
    if (mark == null) {
      refuse(
          List.of(
              new Objection(
                  "bundle " + source, "it has brought nothing", "interdict status lists sources")));
    }
    return mark;
  }
}
