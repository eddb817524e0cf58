package dev.interdict.control;

import dev.interdict.control.StateStore.Saved;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The state of a host and the ways to another one. Each change is made under {@link #lock}; the
 * state may be read at any time.
 */
final class HostChanges {
  private final Enforcement enforcement;
  private final StateStore store;
  private final ReentrantLock lock = new ReentrantLock();
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

  /** Brings a saved state into force; it is not saved again. */
  void adopt(HostState saved) {
    enforcement.use(saved.activeSet());
    state = saved;
  }

  /**
   * In force and saved, or neither.
   *
   * @throws EnforcementException if the kernel side refused
   * @throws StoreException if it could not be saved; what was in force before is again
   */
  void commit(HostState next) {
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
  String toggle(HostState next) {
    enforcement.use(next.activeSet());
    state = next;
    try {
      store.save(Saved.of(next));
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
  void note(HostState next) {
    store.save(Saved.of(next));
    state = next;
  }
}
