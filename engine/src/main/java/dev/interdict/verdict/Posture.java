package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * What may be enforced: {@code struct posture} of {@code verdict.h}, without the numbers of the
 * mask sets, which {@link Postures} gives. Immutable.
 *
 * @param slots the settings of every slot in use
 * @param lapse what changes by itself
 * @param canary where other slots may refuse
 */
public record Posture(Collection<Slot> slots, Timing timing, Lapse lapse, Canary canary) {
  /** Nobody is asked, nothing is refused. */
  public static final Posture NONE = new Posture(Set.of(), Timing.DEFAULT);

  /** One that does not change by itself. */
  public Posture(Collection<Slot> slots, Timing timing) {
    this(slots, timing, Lapse.NEVER);
  }

  /** One without a rollout. */
  public Posture(Collection<Slot> slots, Timing timing, Lapse lapse) {
    this(slots, timing, lapse, Canary.NONE);
  }

  /**
   * The share of the units in which other slots may refuse.
   *
   * @param share units whose {@link UnitPlace} is below it, of 2^32; 0: none
   * @param enforced the slots that may refuse there
   * @param scope slots by whose cgroups units are found; none: those of the whole host
   */
  public record Canary(long share, UnitPlace place, SlotSet enforced, SlotSet scope) {
    /** All units are alike. */
    public static final Canary NONE = new Canary(0, UnitPlace.NONE, SlotSet.NONE, SlotSet.NONE);
  }

  /**
   * When other slots may refuse, with no word from anybody.
   *
   * @param atNs CLOCK_BOOTTIME; 0: never
   * @param enforced those that may from then on
   */
  public record Lapse(long atNs, SlotSet enforced) {
    /** The slots that may refuse stay the same. */
    public static final Lapse NEVER = new Lapse(0, SlotSet.NONE);
  }

  /**
   * Which slots may refuse, and until when.
   *
   * @param canary those that may in the units of a rollout
   */
  public record Enforced(SlotSet slots, SlotSet canary, Lapse lapse) {
    /** In all units the same. */
    public Enforced(SlotSet slots, Lapse lapse) {
      this(slots, SlotSet.NONE, lapse);
    }
  }

  /** {@code sizeof(struct posture)}. */
  static final int BYTES = EventLayouts.POSTURE.size();

  /**
   * One policy in force.
   *
   * @param number 0 to 255
   * @param hooks where it has a say
   * @param everywhere it has no cgroup scope
   * @param enforce it may refuse
   * @param hold the first event waits for its decision
   * @param refuseMiss events are refused until they are decided
   * @param fallbackDeny no answer in time is a refusal
   * @param labels it sets labels: with {@code hold} it is waited for also while it may not refuse
   * @param passesUnread the hooks at which packets that cannot be read and sockets with detours
   *     pass
   */
  public record Slot(
      int number,
      Set<Hook> hooks,
      boolean everywhere,
      boolean enforce,
      boolean hold,
      boolean labels,
      boolean refuseMiss,
      boolean fallbackDeny,
      Set<Hook> passesUnread) {

    /** One that sets no labels. */
    public Slot(
        int number,
        Set<Hook> hooks,
        boolean everywhere,
        boolean enforce,
        boolean hold,
        boolean refuseMiss,
        boolean fallbackDeny,
        Set<Hook> passesUnread) {
      this(number, hooks, everywhere, enforce, hold, false, refuseMiss, fallbackDeny, passesUnread);
    }

    Slot enforcing(boolean enforced) {
      return new Slot(
          number,
          hooks,
          everywhere,
          enforced,
          hold,
          labels,
          refuseMiss,
          fallbackDeny,
          passesUnread);
    }
  }

  /**
   * How long a task may wait.
   *
   * @param poll in the hook
   * @param patience in the hook where the call cannot be restarted
   * @param deadline in all; then the fallback answers
   * @param stale age of a heartbeat from which on nobody waits
   */
  public record Timing(Duration poll, Duration patience, Duration deadline, Duration stale) {
    /** As design.md has it: 100 us in the hook, 200 ms in all. */
    public static final Timing DEFAULT =
        new Timing(
            Duration.ofNanos(100_000),
            Duration.ofMillis(2),
            Duration.ofMillis(200),
            Duration.ofMillis(1000));
  }

  public Posture {
    slots = java.util.List.copyOf(slots);
  }

  private SlotSet active(Hook hook) {
    return select(slot -> slot.hooks.contains(hook));
  }

  void write(MemorySegment to, Map<Hook, Integer> maskSets) {
    to.fill((byte) 0);
    for (Hook hook : Hook.values()) {
      long place = (long) hook.code() * Slots.BYTES;
      Slots.write(to, at("active") + place, active(hook));
      Slots.write(
          to, at("unparsed_pass") + place, select(slot -> slot.passesUnread.contains(hook)));
    }
    Slots.write(to, at("everywhere"), select(Slot::everywhere));
    write(to, new Enforced(select(Slot::enforce), canary.enforced, lapse));
    Slots.write(to, at("canary_scope"), canary.scope);
    canary.place.write(to, at("canary_key"));
    to.set(JAVA_LONG, at("canary_share"), canary.share);
    Slots.write(to, at("hold"), select(Slot::hold));
    Slots.write(to, at("wait"), select(slot -> slot.hold && slot.labels));
    Slots.write(to, at("refuse_miss"), select(Slot::refuseMiss));
    Slots.write(to, at("fallback_deny"), select(Slot::fallbackDeny));
    to.set(JAVA_LONG, at("poll_ns"), timing.poll.toNanos());
    to.set(JAVA_LONG, at("patience_ns"), timing.patience.toNanos());
    to.set(JAVA_LONG, at("deadline_ns"), timing.deadline.toNanos());
    to.set(JAVA_LONG, at("stale_ns"), timing.stale.toNanos());
    maskSets.forEach((hook, set) -> to.set(JAVA_INT, maskSetOf(hook), set));
  }

  /** Without a lapse the slots are the same before and after. */
  static void write(MemorySegment to, Enforced enforced) {
    boolean lapses = enforced.lapse.atNs != 0;
    Slots.write(to, at("enforce"), enforced.slots);
    Slots.write(to, at("enforce_canary"), enforced.canary);
    Slots.write(to, at("enforce_after"), lapses ? enforced.lapse.enforced : enforced.slots);
    to.set(JAVA_LONG, at("lease_end_ns"), enforced.lapse.atNs);
  }

  static Enforced readEnforced(MemorySegment posture) {
    return new Enforced(
        Slots.read(posture, at("enforce")),
        Slots.read(posture, at("enforce_canary")),
        new Lapse(
            posture.get(JAVA_LONG, at("lease_end_ns")), Slots.read(posture, at("enforce_after"))));
  }

  static SlotSet readAsked(MemorySegment posture) {
    SlotSet asked = SlotSet.NONE;
    for (Hook hook : Hook.values()) {
      asked = asked.or(Slots.read(posture, at("active") + (long) hook.code() * Slots.BYTES));
    }
    return asked;
  }

  /** The same, but that these slots may refuse and no others. */
  Posture enforcing(Enforced enforced) {
    return new Posture(
        slots.stream().map(slot -> slot.enforcing(enforced.slots.contains(slot.number))).toList(),
        timing,
        enforced.lapse,
        new Canary(canary.share, canary.place, enforced.canary, canary.scope));
  }

  static Map<Hook, Integer> readMaskSets(MemorySegment posture) {
    Map<Hook, Integer> sets = new EnumMap<>(Hook.class);
    for (Hook hook : Hook.values()) {
      sets.put(hook, posture.get(JAVA_INT, maskSetOf(hook)));
    }
    return Collections.unmodifiableMap(sets);
  }

  private static long maskSetOf(Hook hook) {
    return at("mask_set") + (long) hook.code() * Integer.BYTES;
  }

  private SlotSet select(java.util.function.Predicate<Slot> chosen) {
    SlotSet set = SlotSet.NONE;
    for (Slot slot : slots) {
      if (chosen.test(slot)) {
        set = set.with(slot.number);
      }
    }
    return set;
  }

  private static long at(String field) {
    return EventLayouts.POSTURE.offset(field);
  }
}
