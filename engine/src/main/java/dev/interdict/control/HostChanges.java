package dev.interdict.control;

import dev.interdict.control.StateStore.Revision;
import dev.interdict.control.StateStore.Saved;
import dev.interdict.control.StateStore.SavedPolicy;
import dev.interdict.event.SlotSet;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The state of a host and the ways to another one, which may be read at any time.
 *
 * <p>Each change of policies is made under {@link #lock}, which is held while the kernel side
 * changes over: up to a second, if programs are loaded. A switch of modes takes no part in that;
 * what it sets counts for a change under way, too.
 */
final class HostChanges {
  private static final System.Logger LOG = System.getLogger(HostChanges.class.getName());
  private static final String NOT_SAVED = "failed: the engine ended before it was saved";
  private static final String NOT_KNOWN =
      "what is in force is not saved: the next start does not know of it";
  private static final String UNKNOWN = "unknown: the engine ended before it told";
  private static final Origin FOUND = new Origin("engine", "was in force and not in the history");

  private static final long AGAIN_NS = Duration.ofSeconds(10).toNanos();

  private final Enforcement enforcement;
  private final StateStore store;
  private final LockoutCheck lockouts;
  private final History history;
  private final ReentrantLock lock = new ReentrantLock();
  private final Object saving = new Object();

  /** Switches that are in force, in their order, and not told to the history yet. */
  private final Queue<Switch> untold = new ConcurrentLinkedQueue<>();

  private record Switch(Change change, Origin origin) {}

  /** What was found at a start at which not all could be in force; null: saved is what is. */
  private volatile Saved late;

  /** Slots in use that only record, as it is saved; null: it is not. */
  private volatile SlotSet disarmed = SlotSet.NONE;

  /** When a save of these that has failed is tried again. */
  private volatile long againNs;

  /** Written under this object's monitor, which is never held for longer than a switch. */
  private volatile HostState state = HostState.EMPTY;

  /**
   * What may be in force next, by a change under way or its undoing; null: nothing. Set under the
   * monitor: no switch is judged before it and made behind it.
   */
  private volatile HostState other;

  HostChanges(Enforcement enforcement, StateStore store, LockoutCheck lockouts) {
    this.enforcement = enforcement;
    this.store = store;
    this.lockouts = lockouts;
    this.history = store.history();
  }

  void lock() {
    lock.lock();
  }

  boolean tryLock() {
    return lock.tryLock();
  }

  void unlock() {
    lock.unlock();
  }

  HostState state() {
    return state;
  }

  History history() {
    return history;
  }

  /** Brings a saved state into force, before anybody else calls. */
  void adopt(HostState saved) {
    adopt(saved, null, null);
  }

  /**
   * The same.
   *
   * @param found the rollout that was saved; null: there was none
   * @param ended why it does not go on; null: it does, or there was none
   */
  void adopt(HostState saved, Rollout found, String ended) {
    enforcement.use(saved.activeSet(), saved::modes, saved::modes);
    state = saved;
    history
        .interrupted()
        .forEach(
            (id, changes) -> {
              if (saved.rollout() == null || saved.rollout().change() != id) {
                Change first = changes.getFirst();
                String outcome =
                    first.kind() == Change.Kind.ROLLOUT // it is always alone
                        ? interrupted(id, first, found, ended)
                        : interrupted(changes);
                history.end(id, outcome);
              }
            });
    told(this::number);
  }

  /**
   * What is to be said of a step, a pause or a resumption that was begun when an engine ended: how
   * its gates stood, and who ended it why, has gone with that; what is saved is known.
   */
  private String interrupted(long id, Change step, Rollout found, String ended) {
    boolean same =
        found != null
            && found.policy().equals(step.policy())
            && found.revision() == step.revision();
    if (same && id == found.change()) {
      return ended;
    }
    if (same) {
      String is = found.stepText() + (found.paused() ? ", paused" : "");
      return UNKNOWN + (id < found.change() ? "; it was followed by " : "; saved is ") + is;
    }
    HeldPolicy held = state.policies().get(step.policy());
    return UNKNOWN
        + (held != null && held.revision() == step.revision()
            ? "; the revision was promoted"
            : "; no step of it is saved");
  }

  /** What is to be said of changes that were begun when an engine ended; null: they were made. */
  private String interrupted(List<Change> changes) {
    if (changes.stream().allMatch(this::isMade)) {
      return null;
    }
    return changes.stream().allMatch(change -> change.kind().isSaved()) ? NOT_SAVED : UNKNOWN;
  }

  private boolean isMade(Change change) {
    HeldPolicy held = state.policies().get(change.policy());
    return switch (change.kind()) {
      case APPLY -> held != null && Change.of(Change.Kind.APPLY, held).equals(change);
      case DELETE -> held == null;
      case ALLOW_OLDER -> state.takesOlder(change.bundle());
      case MODE -> isSwitched(change);
      case RESET, BREAK_GLASS, ROLLOUT -> false;
      case CANDIDATE -> isCandidate(change);
      case DROP_CANDIDATE -> !isCandidate(change);
    };
  }

  private boolean isCandidate(Change change) {
    HeldPolicy held = state.candidates().get(change.policy());
    return held != null && held.revision() == change.revision();
  }

  /** A switch that was to be confirmed is saved when it is. */
  private boolean isSwitched(Change change) {
    HeldPolicy held = state.policies().get(change.policy());
    if (change.policy().isEmpty()) {
      return state.host() == change.mode();
    }
    return held != null && held.override() == change.mode();
  }

  /** What an engine without this history has left gets its place in it. */
  private void number() {
    List<Change> found = new ArrayList<>();
    HostState next = state;
    for (HeldPolicy held : state.policies().values()) {
      if (!history.knows(held.name(), held.revision(), held.digest())) {
        HeldPolicy numbered = held.withRevision(nextRevision(held.name()));
        found.add(Change.of(Change.Kind.APPLY, numbered));
        next = next.with(numbered);
      }
    }
    if (!found.isEmpty()) {
      ScopedValue.where(Origin.CURRENT, FOUND).run(() -> history.made(found, null));
      state = next;
      save();
    }
  }

  /** The number of the policy's next revision. */
  long nextRevision(String policy) {
    return Stream.of(state.policies().get(policy), state.candidates().get(policy))
        .filter(Objects::nonNull)
        .mapToLong(held -> held.revision() + 1)
        .reduce(history.next(policy), Math::max);
  }

  /**
   * In force and saved, or neither.
   *
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved, or not begin in the history; what was in force
   *     before is again
   */
  void commit(HostState next) {
    recorded(Change.between(state, next), () -> make(next));
    prune();
  }

  /**
   * Has revisions on the disk before the lock is taken, or who confirms a change, or ends one whose
   * gate has failed, would wait for that; if the change is not made they go again.
   *
   * @param revisions by the policy's name
   * @param change takes the lock
   * @return what {@code change} returns
   * @throws StoreException if one cannot be written
   */
  <T> T written(Map<String, Revision> revisions, Supplier<T> change) {
    try {
      return store.written(revisions, change);
    } catch (RuntimeException | Error e) {
      lock();
      try {
        prune();
      } catch (RuntimeException second) {
        e.addSuppressed(second);
      } finally {
        unlock();
      }
      throw e;
    }
  }

  private void prune() {
    Collection<Map.Entry<String, String>> kept = new ArrayList<>(history.kept());
    Pending pending = state.pending();
    if (pending != null && !pending.what().digest().isEmpty()) {
      kept.add(Map.entry(pending.what().policy(), pending.what().digest()));
    }
    store.prune(kept);
  }

  /**
   * Makes a change whose second line in the history comes when it has ended.
   *
   * @param making is given its number
   */
  void begun(Change change, LongConsumer making) {
    long id = history.begin(List.of(change));
    try {
      making.accept(id);
    } catch (RuntimeException | Error e) {
      history.end(id, outcome(e));
      throw e;
    }
    prune();
  }

  /** Writes that second line. */
  void end(long id, String failure) {
    history.end(id, failure);
    prune();
  }

  /** The same, of a change that somebody has confirmed. */
  void confirmed(long id) {
    history.confirmed(id, Origin.current());
    prune();
  }

  /** Makes a change between its two lines in the history. */
  void recorded(List<Change> changes, Runnable change) {
    if (changes.isEmpty()) {
      change.run();
      return;
    }
    long id = history.begin(changes);
    try {
      change.run();
    } catch (RuntimeException | Error e) {
      history.end(id, outcome(e));
      throw e;
    }
    history.end(id, null);
  }

  /** Who could not undo a change adds why to what he throws. */
  private static String outcome(Throwable e) {
    boolean stands = e.getSuppressed().length > 0;
    return (stands ? "failed, and could not be undone: " : "failed: ")
        + (e instanceof Error ? e : e.getMessage());
  }

  /** Does what only the history needs; returns why it could not be. */
  private static String told(Runnable line) {
    return done(line, "the history is not complete");
  }

  /** Saves what is in force all the same; returns why it could not be. */
  private String saved() {
    return done(this::save, NOT_KNOWN);
  }

  private static String done(Runnable writing, String otherwise) {
    try {
      writing.run();
      return null;
    } catch (StoreException e) {
      LOG.log(Level.ERROR, otherwise, e);
      return e.getMessage();
    }
  }

  /**
   * In force and saved, or neither; without a line in the history.
   *
   * @throws RefusedException if something refuses with it that was not asked about
   */
  void make(HostState next) {
    make(next, asked(next::after), this::save);
  }

  /** The same change, refused where something begins to refuse that was not asked about. */
  UnaryOperator<HostState> asked(UnaryOperator<HostState> change) {
    return now -> {
      HostState after = change.apply(now);
      lockouts.requireAsked(now, after);
      HostState next = other;
      if (next != null) {
        lockouts.requireAsked(next.after(now), next.after(after));
      }
      return after;
    };
  }

  /** In force; what is saved says so already. */
  void makeSaved(HostState next) {
    make(next, next::after, () -> {});
  }

  /**
   * Saved, then in force: who starts after a crash in between finds the next state, not the one
   * before.
   *
   * @throws StoreException if it could not be saved: nothing has changed
   * @throws EnforcementException if the kernel side refused: nothing has changed
   */
  void makeSavedFirst(HostState next) {
    saveAhead(next);
    try {
      makeSaved(next);
    } catch (RuntimeException | Error e) {
      takeBack(e);
      throw e;
    }
    saved(); // a switch of modes in between has saved what was before
  }

  /**
   * Saved, then in force, and in force even if it cannot be saved; why it could not, or null.
   *
   * @throws EnforcementException if the kernel side refused
   */
  String makeAnyway(HostState next) {
    try {
      saveAhead(next);
    } catch (StoreException e) {
      LOG.log(Level.ERROR, "a rollout ends, and the next start may not know of it", e);
    }
    makeSaved(next);
    return saved();
  }

  private void saveAhead(HostState next) {
    synchronized (saving) {
      keepOnDisk(next.after(state));
    }
  }

  /**
   * @param move to {@code next}, with the modes of the state it is given
   */
  private void make(HostState next, UnaryOperator<HostState> move, Runnable saved) {
    HostState before;
    synchronized (this) {
      before = state;
      other = next;
    }
    try {
      enforcement.use(next.activeSet(), () -> move.apply(state).modes(), () -> state.modes());
      try {
        moveTo(move, before);
        saved.run();
      } catch (RuntimeException | Error e) {
        undo(before, e);
        throw e;
      }
    } catch (EnforcementException e) {
      throw e.getCause() instanceof RefusedException refused ? refused : e;
    } finally {
      other = null;
    }
  }

  /**
   * @param back what may come back now
   */
  private synchronized void moveTo(UnaryOperator<HostState> move, HostState back) {
    HostState before = state;
    state = move.apply(before);
    other = back;
    if (before.lapses() || state.lapses()) {
      // A switch that came after the kernel had changed over knew of no lease, or of one too many.
      enforcement.switchTo(state.modes());
    }
  }

  private void undo(HostState before, Throwable because) {
    try {
      enforcement.use(
          before.after(state).activeSet(), () -> before.after(state).modes(), () -> state.modes());
      moveTo(before::after, before);
    } catch (RuntimeException | Error e) {
      because.addSuppressed(e);
    }
  }

  /**
   * At once, beside any change, and in force even if it cannot be saved; returns why not. Nothing
   * stands before it: it is in the history when it is in force.
   */
  String toggle(UnaryOperator<HostState> change, Change what) {
    synchronized (this) {
      flip(change);
      untold.add(new Switch(what, Origin.current()));
    }
    synchronized (saving) {
      int now = untold.size(); // what comes later is in a state that is saved later
      String notSaved = saved();
      String failure = notSaved == null ? null : "in force, not saved: " + notSaved;
      String notTold = null;
      for (int i = 0; i < now; i++) {
        Switch one = untold.remove();
        String why = history.switched(one.change(), one.origin(), failure);
        notTold = notTold == null ? why : notTold;
      }
      return notSaved == null ? notTold : notSaved;
    }
  }

  /** Switches modes in the kernel and here, or neither. */
  synchronized void flip(UnaryOperator<HostState> change) {
    HostState before = state;
    state = change.apply(before);
    try {
      enforcement.switchTo(state.modes());
    } catch (RuntimeException | Error e) {
      state = before;
      try { // of the switch's two writes the first may stand
        enforcement.switchTo(before.modes());
      } catch (RuntimeException | Error again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /**
   * Saves what changes nothing in force.
   *
   * @throws StoreException if it could not be saved: the state before stands
   */
  void note(UnaryOperator<HostState> change) {
    synchronized (saving) {
      keepOnDisk(change.apply(state));
      synchronized (this) {
        state = change.apply(state);
      }
    }
  }

  /**
   * Saves a switch, then makes it; a switch that comes in between is saved after it.
   *
   * @throws StoreException if it could not be saved: nothing was switched
   * @throws EnforcementException if the kernel side refused: what was saved is taken back
   */
  void keep(UnaryOperator<HostState> change) {
    synchronized (saving) {
      keepOnDisk(change.apply(state));
      try {
        flip(change);
      } catch (RuntimeException | Error e) {
        takeBack(e);
        throw e;
      }
    }
  }

  /** What is on the disk already is not in force: whoever hears of it must hear of both. */
  private void takeBack(Throwable because) {
    String notSaved = saved();
    if (notSaved != null) {
      because.addSuppressed(
          new StoreException(
              "it is saved all the same, and the next start may bring it into force: " + notSaved,
              null));
    }
  }

  /**
   * Saves what is in force now, if that is not what was found at the start. What cannot be in force
   * may only be late, so then what was found stays: it says what the next start may go back to.
   */
  void saveUnless(Saved found) {
    boolean whole =
        Stream.of(state.policies(), state.candidates())
            .flatMap(held -> held.values().stream())
            .allMatch(HeldPolicy::inForce);
    SlotSet tripped = tripped();
    Saved now = Saved.of(state, enforcement.decider(), tripped);
    Saved before = at(found, now.generation(), found.rollout());
    Saved next = whole ? now : late(before, now);
    late = whole ? null : next;
    if (next.equals(before) || done(() -> saveAll(tripped), NOT_KNOWN) == null) {
      disarmed = tripped.and(state.slots());
    } else {
      disarmed = null; // look() tries again
    }
  }

  /** What is in force, or what was found with what has become of it. */
  private void saveAll(SlotSet tripped) {
    synchronized (saving) {
      if (late == null) {
        keepOnDisk(state, tripped);
      } else {
        Saved next = late(late, Saved.of(state, enforcement.decider(), tripped));
        store.save(next);
        late = next;
        disarmed = tripped.and(state.slots());
      }
    }
  }

  /**
   * What was found, and what has become of it: a rollout goes on with the candidate in the slot it
   * has now, or has ended for good, and who is disarmed stays so.
   */
  private static Saved late(Saved found, Saved now) {
    Map<String, SavedPolicy> policies = byName(now.policies());
    Map<String, SavedPolicy> candidates = byName(now.candidates());
    return new Saved(
        found.version(),
        now.generation(),
        found.host(),
        found.policies().stream()
            .map(one -> one.withDisarmed(policies.get(one.name()).disarmed()))
            .toList(),
        found.bundles(),
        found.decider(),
        found.candidates().stream()
            .map(one -> candidates.get(one.name()).slot() < 0 ? one : candidates.get(one.name()))
            .toList(),
        now.rollout());
  }

  private static Map<String, SavedPolicy> byName(List<SavedPolicy> policies) {
    return policies.stream().collect(Collectors.toMap(SavedPolicy::name, p -> p));
  }

  /** A start counts on, and changes nothing by that but the rollout. */
  private static Saved at(Saved found, long generation, Rollout rollout) {
    return new Saved(
        found.version(),
        generation,
        found.host(),
        found.policies(),
        found.bundles(),
        found.decider(),
        found.candidates(),
        rollout);
  }

  /** Whoever comes last saves the latest. */
  void save() {
    synchronized (saving) {
      keepOnDisk(state);
    }
  }

  /** Under the monitor of who saves. */
  private void keepOnDisk(HostState next) {
    keepOnDisk(next, tripped());
  }

  private void keepOnDisk(HostState next, SlotSet tripped) {
    store.save(Saved.of(next, enforcement.decider(), tripped));
    late = null;
    disarmed = tripped.and(next.slots());
  }

  /** Those that were known last, if the kernel cannot say: nothing waits for that to be saved. */
  private SlotSet tripped() {
    try {
      return enforcement.tripped();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "it cannot be read which policies only record", e);
      SlotSet known = disarmed;
      return known == null ? SlotSet.NONE : known;
    }
  }

  /**
   * Saves whom the kernel has disarmed: its own word of it goes with a boot. To be called every now
   * and then. Waits for no change.
   */
  void look() {
    long now = enforcement.bootTimeNs();
    if (enforcement.tripped().and(state.slots()).equals(disarmed)
        || now < againNs
        || !lock.tryLock()) {
      return;
    }
    try {
      saveAll(tripped());
    } catch (StoreException e) {
      disarmed = null;
      againNs = now + AGAIN_NS;
      LOG.log(Level.ERROR, "after a boot a policy would refuse again that only records now", e);
    } finally {
      lock.unlock();
    }
  }
}
