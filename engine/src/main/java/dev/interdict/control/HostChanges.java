package dev.interdict.control;

import dev.interdict.control.StateStore.Saved;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/**
 * The state of a host and the ways to another one, which may be read at any time.
 *
 * <p>Each change of policies is made under {@link #lock}, which is held while the kernel side
 * changes over: up to a second, if programs are loaded. A switch of modes takes no part in that;
 * what it sets counts for a change under way, too.
 */
final class HostChanges {
  private final Enforcement enforcement;
  private final StateStore store;
  private final ReentrantLock lock = new ReentrantLock();
  private final Object saving = new Object();

  /** Written under this object's monitor, which is never held for longer than a switch. */
  private volatile HostState state = HostState.EMPTY;

  HostChanges(Enforcement enforcement, StateStore store) {
    this.enforcement = enforcement;
    this.store = store;
  }

  void lock() {
    lock.lock();
  }

  void unlock() {
    lock.unlock();
  }

  HostState state() {
    return state;
  }

  /** Brings a saved state into force, before anybody else calls; it is not saved again. */
  void adopt(HostState saved) {
    enforcement.use(saved.activeSet(), saved::modes);
    state = saved;
  }

  /**
   * In force and saved, or neither.
   *
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved; what was in force before is again
   */
  void commit(HostState next) {
    HostState before = state;
    enforcement.use(next.activeSet(), this::modes);
    moveTo(next);
    try {
      save();
    } catch (StoreException e) {
      undo(before, e);
      throw e;
    }
    store.prune();
  }

  private Modes modes() {
    return state.modes();
  }

  private synchronized void moveTo(HostState next) {
    state = next.after(state);
  }

  private void undo(HostState before, StoreException because) {
    try {
      enforcement.use(before.after(state).activeSet(), this::modes);
      moveTo(before);
    } catch (EnforcementException e) {
      because.addSuppressed(e);
    }
  }

  /** At once, beside any change, and in force even if it cannot be saved; returns why not. */
  String toggle(UnaryOperator<HostState> change) {
    synchronized (this) {
      HostState before = state;
      state = change.apply(before);
      try {
        enforcement.switchTo(state.modes());
      } catch (EnforcementException e) {
        state = before;
        throw e;
      }
    }
    try {
      save();
      return null;
    } catch (StoreException e) {
      return e.getMessage();
    }
  }

  /**
   * Saves what changes nothing in force.
   *
   * @throws StoreException if it could not be saved: the state before stands
   */
  void note(UnaryOperator<HostState> change) {
    synchronized (saving) {
      store.save(Saved.of(change.apply(state)));
      synchronized (this) {
        state = change.apply(state);
      }
    }
  }

  /** Whoever comes last saves the latest. */
  private void save() {
    synchronized (saving) {
      store.save(Saved.of(state));
    }
  }
}
