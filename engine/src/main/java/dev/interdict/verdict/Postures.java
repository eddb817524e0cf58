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
import java.util.Collections;
import java.util.EnumMap;
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

  /** The mask set of each hook; immutable, for those who ask beside {@link #use}, too. */
  private volatile Map<Hook, Integer> inForce;

  private Map<Hook, KeyMask> masks = Map.of();
  private long switchedNs = System.nanoTime();

  private record MaskSet(Hook hook, int number) {}

  /** Of each hook the one in force and the one before, for those who ask what a key tells. */
  private final Map<MaskSet, KeyMask> bySet = new ConcurrentHashMap<>();

  /** Goes on with the mask sets that the maps have. */
  public Postures(BpfMap postures, BpfMap keyMasks, BpfMap contextMasks, EngineState state) {
    this.postures = postures;
    this.keyMasks = keyMasks;
    this.contextMasks = contextMasks;
    this.state = state;
    this.contextSecret = state.contextSecret();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(Posture.BYTES, 8);
      postures.lookup(index(arena, state.postureEpoch() & 1), value);
      inForce = Posture.readMaskSets(value);
    }
  }

  /**
   * Puts a posture in force.
   *
   * @param next asked right before it is put in force, not beside {@link #enforce}
   * @param masks what the policies can read, for every hook that has an active slot
   * @return the number of the mask set in force at each hook; another one than before where its
   *     masks have changed: then all verdicts of the hook are misses, and {@link
   *     VerdictTable#retain} may drop them
   */
  public synchronized Map<Hook, Integer> use(Supplier<Posture> next, Map<Hook, KeyMask> masks) {
    Map<Hook, KeyMask> all = new EnumMap<>(Hook.class);
    Map<Hook, Integer> sets = new EnumMap<>(Hook.class);
    rest();
    for (Hook hook : Hook.values()) {
      all.put(hook, masks.getOrDefault(hook, KeyMask.none()));
      sets.put(hook, numberOf(hook, all.get(hook)));
    }
    // Before the first key that was made by it.
    all.forEach((hook, mask) -> bySet.put(new MaskSet(hook, sets.get(hook)), mask));
    synchronized (swap) {
      Posture made = next.get();
      put(made, sets);
      // Only now: after a failure what was in force still is, under its own numbers.
      posture = made;
    }
    inForce = Collections.unmodifiableMap(sets);
    this.masks = all;
    bySet.keySet().removeIf(set -> !isRecent(set));
    return inForce;
  }

  /**
   * The mask that made a key.
   *
   * @param set {@link VerdictKey#maskSet}
   * @return null if it was one of an earlier engine, or of before the last change but one of what
   *     is read at the hook
   */
  public KeyMask mask(Hook hook, int set) {
    return bySet.get(new MaskSet(hook, set));
  }

  /**
   * Whether what a record says of its task's state is what its key was made of, by the hash that
   * the kernel uses: what a verdict would not hold for must not be decided about. Records of a mask
   * set that is gone pass, since there is nothing to hold them against: a verdict for such a key is
   * found by a task at most that still waits for it over two changes of the hook's masks.
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
    if (set != inForce.get(hook)) {
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
      put(posture, inForce);
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

  private boolean isRecent(MaskSet set) {
    int age = inForce.get(set.hook) - set.number;
    return age == 0 || age == 1;
  }

  /** The number of a hook's mask set that is this: the one in force, or the next, written now. */
  private int numberOf(Hook hook, KeyMask mask) {
    int set = inForce.get(hook);
    if (mask.equals(masks.get(hook)) || isInForce(hook, mask)) {
      return set;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment index = maskIndex(arena, set + 1, hook);
      write(arena, keyMasks, index, mask.encode());
      write(arena, contextMasks, index, mask.context());
    }
    return set + 1;
  }

  private void put(Posture next, Map<Hook, Integer> sets) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(Posture.BYTES, 8);
      next.write(value, sets);
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

  private boolean isInForce(Hook hook, KeyMask mask) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment index = maskIndex(arena, inForce.get(hook), hook);
      return has(keyMasks, index, mask.encode()) && has(contextMasks, index, mask.context());
    }
  }

  private static boolean has(BpfMap map, MemorySegment index, byte[] expected) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(expected.length, 8);
      map.lookup(index, value);
      return value.mismatch(MemorySegment.ofArray(expected)) == -1;
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
