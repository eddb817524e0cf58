package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.interdict.event.Context;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfMap;
import dev.interdict.verdict.Posture.Enforced;
import dev.interdict.verdict.Posture.Lapse;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * The writer of the maps {@code postures}, {@code key_masks} and {@code context_masks}: fills the
 * spare copy and puts it in force with one store, so that no run of a program sees half of a
 * change.
 *
 * <p>Safe for use by many threads; a call may take 100 ms, see {@code engine_state} in verdict.h,
 * but for {@link #enforce}, which is instant: which slots may refuse is read once by a run, so
 * these bits alone change in the copy that is in force.
 */
public final class Postures {
  /** After this long no run can still read the copy that was taken out of force. */
  private static final long REST_NS = 100_000_000;

  private final BpfMap postures;
  private final BpfMap keyMasks;
  private final BpfMap contextMasks;
  private final EngineState state;
  private final long[] contextSecret;

  /** Held for some map calls, and never while a copy rests. */
  private final Object swap = new Object();

  private Posture posture = Posture.NONE;
  private int maskSet;

  /** The same, for those who ask beside {@link #use}. */
  private volatile int inForce;

  private Map<Hook, KeyMask> masks;
  private long switchedNs = System.nanoTime();

  /** The masks of the set in force and of the one before, for those who ask what a key tells. */
  private final Map<Integer, Map<Hook, KeyMask>> bySet = new ConcurrentHashMap<>();

  /** Goes on with the mask set that the maps have. */
  public Postures(BpfMap postures, BpfMap keyMasks, BpfMap contextMasks, EngineState state) {
    this.postures = postures;
    this.keyMasks = keyMasks;
    this.contextMasks = contextMasks;
    this.state = state;
    this.contextSecret = state.contextSecret();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(Posture.BYTES, 8);
      postures.lookup(index(arena, state.postureEpoch() & 1), value);
      maskSet = Posture.readMaskSet(value);
    }
    inForce = maskSet;
  }

  /**
   * Puts a posture in force.
   *
   * @param next asked right before it is put in force, not beside {@link #enforce}
   * @param masks what the policies can read, for every hook that has an active slot
   * @return the number of the mask set in force; another one than before if the masks have changed:
   *     then all verdicts are misses, and {@link VerdictTable#retain} may drop them
   */
  public synchronized int use(Supplier<Posture> next, Map<Hook, KeyMask> masks) {
    Map<Hook, KeyMask> all = new EnumMap<>(Hook.class);
    for (Hook hook : Hook.values()) {
      all.put(hook, masks.getOrDefault(hook, KeyMask.none()));
    }
    rest();
    int set = numberOf(all);
    bySet.keySet().retainAll(List.of(maskSet, set));
    bySet.put(set, all); // before the first key that was made by it
    synchronized (swap) {
      Posture made = next.get();
      put(made, set);
      // Only now: after a failure what was in force still is, under its own number.
      posture = made;
    }
    maskSet = set;
    inForce = set;
    this.masks = all;
    return set;
  }

  /**
   * The mask that made a key.
   *
   * @param set {@link VerdictKey#maskSet}
   * @return null if it was one of an earlier engine, or of before the last change but one
   */
  public KeyMask mask(Hook hook, int set) {
    Map<Hook, KeyMask> of = bySet.get(set);
    return of == null ? null : of.get(hook);
  }

  /**
   * Whether what a record says of its task's state is what its key was made of, by the hash that
   * the kernel uses: what a verdict would not hold for must not be decided about. Records of a mask
   * set that is gone pass, since there is nothing to hold them against: a verdict for such a key is
   * found by a task at most that still waits for it over two changes of the masks.
   */
  public boolean isGenuine(Event event) {
    Event.Subject subject = event.subject();
    if (subject == null) {
      return true;
    }
    VerdictKey key = VerdictKey.of(event.head().key());
    byte[] mask = contextMask(event.hook(), key.maskSet());
    return mask == null || key.context() == word(subject.context(), mask);
  }

  private long word(Context context, byte[] mask) {
    if (Arrays.equals(mask, new byte[Context.BYTES])) {
      return 0;
    }
    byte[] masked = context.encode();
    for (int i = 0; i < masked.length; i++) {
      masked[i] &= mask[i];
    }
    return VerdictKey.digest(masked, contextSecret);
  }

  /** Before the first {@link #use} the one that an earlier engine has left. */
  private byte[] contextMask(Hook hook, int set) {
    KeyMask known = mask(hook, set);
    if (known != null) {
      return known.context();
    }
    if (set != inForce) {
      return null;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(Context.BYTES, 8);
      contextMasks.lookup(maskIndex(arena, set, hook), value);
      return value.toArray(JAVA_BYTE);
    }
  }

  /** Makes void what the programs remember about cgroups: after each change of the scopes. */
  public synchronized void renew() {
    rest();
    synchronized (swap) {
      put(posture, maskSet);
    }
  }

  /**
   * Lets these slots refuse and no others. Waits for no other call to end.
   *
   * @param slots asked right before it is written, not beside {@link #use}
   */
  public void enforce(Supplier<Enforced> slots) {
    synchronized (swap) {
      Enforced now = slots.get();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment key = index(arena, state.postureEpoch() & 1);
        MemorySegment inForce = arena.allocate(Posture.BYTES, 8);
        postures.lookup(key, inForce);
        Posture.write(inForce, between(Posture.readEnforced(inForce), now));
        postures.update(key, inForce);
        Posture.write(inForce, now);
        postures.update(key, inForce);
      }
      posture = posture.enforcing(now);
    }
  }

  /*
   * A run may read what one write has of this and what the next one has. So the end of a lease is
   * there before the slots that end with it, and goes only when both sides are as they stay.
   */
  private static Enforced between(Enforced before, Enforced now) {
    long end = before.lapse().atNs();
    if (end == 0) {
      return new Enforced(
          before.slots(), before.canary(), new Lapse(now.lapse().atNs(), before.slots()));
    }
    boolean stays = now.lapse().atNs() == 0;
    return new Enforced(
        now.slots(), now.canary(), new Lapse(end, stays ? now.slots() : now.lapse().enforced()));
  }

  /** Slots that have a say at some hook, as the posture in force says. */
  public SlotSet asked() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment inForce = arena.allocate(Posture.BYTES, 8);
      postures.lookup(index(arena, state.postureEpoch() & 1), inForce);
      return Posture.readAsked(inForce);
    }
  }

  /** The number of a mask set that is these masks: the one in force, or the next, written now. */
  private int numberOf(Map<Hook, KeyMask> all) {
    if (all.equals(masks) || isInForce(all)) {
      return maskSet;
    }
    writeMasks(all, maskSet + 1);
    return maskSet + 1;
  }

  private void put(Posture next, int set) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(Posture.BYTES, 8);
      next.write(value, set);
      postures.update(index(arena, ~state.postureEpoch() & 1), value);
    }
    state.switchPosture();
    switchedNs = System.nanoTime();
  }

  /** Whether no run of a program rests on a posture that is not in force any more. */
  public synchronized boolean hasRested() {
    return System.nanoTime() - switchedNs >= REST_NS;
  }

  private void rest() {
    long left = REST_NS - (System.nanoTime() - switchedNs);
    while (left > 0) {
      LockSupport.parkNanos(left);
      left = REST_NS - (System.nanoTime() - switchedNs);
    }
  }

  private boolean isInForce(Map<Hook, KeyMask> all) {
    try (Arena arena = Arena.ofConfined()) {
      for (Map.Entry<Hook, KeyMask> mask : all.entrySet()) {
        MemorySegment index = maskIndex(arena, maskSet, mask.getKey());
        if (!has(keyMasks, index, mask.getValue().encode())
            || !has(contextMasks, index, mask.getValue().context())) {
          return false;
        }
      }
      return true;
    }
  }

  private static boolean has(BpfMap map, MemorySegment index, byte[] expected) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(expected.length, 8);
      map.lookup(index, value);
      return value.mismatch(MemorySegment.ofArray(expected)) == -1;
    }
  }

  private void writeMasks(Map<Hook, KeyMask> all, int set) {
    try (Arena arena = Arena.ofConfined()) {
      all.forEach(
          (hook, mask) -> write(arena, keyMasks, maskIndex(arena, set, hook), mask.encode()));
      all.forEach(
          (hook, mask) -> write(arena, contextMasks, maskIndex(arena, set, hook), mask.context()));
    }
  }

  private static void write(Arena arena, BpfMap map, MemorySegment index, byte[] mask) {
    map.update(index, arena.allocateFrom(JAVA_BYTE, mask));
  }

  private static MemorySegment maskIndex(Arena arena, int set, Hook hook) {
    return index(arena, (set & 1) * Hook.ARRAY_LENGTH + hook.code());
  }

  private static MemorySegment index(Arena arena, int index) {
    return arena.allocateFrom(JAVA_INT, index);
  }
}
