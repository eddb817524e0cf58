package dev.interdict.eval;

import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.Names;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload.Container;
import dev.interdict.policy.Policy;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * The policies in force in the engine, by slot. Immutable; safe for use by many threads, each of
 * which decides with a {@link PolicySetEvaluator} of its own.
 */
public final class PolicySet {
  private static final Where ANYWHERE =
      new Where(
          EnumSet.allOf(Hook.class),
          new Policy.Scope(List.of(), List.of()),
          EnumSet.allOf(Hook.class));

  /**
   * At which hooks a policy is asked, and in which scope.
   *
   * @param passesUnread at which of them also about what cannot be read, which is refused at the
   *     others
   */
  public record Where(Set<Hook> hooks, Policy.Scope scope, Set<Hook> passesUnread) {
    /** Whether it is asked about such an event; null: its cgroup or interface has no name. */
    public Boolean covers(Event event, HostNames names) {
      if (!hooks.contains(event.hook())) {
        return false;
      }
      if (event instanceof Event.PacketEvent packet) {
        byte[] name = names.interfaceName(packet.interfaceIndex());
        return name == null ? null : scope.interfaces().contains(Names.toText(name));
      }
      if (scope.isWholeHost()) {
        return true;
      }
      return covers(names.location(event.subject().cgroup()));
    }

    /** Whether its scope covers a process there; null: that cannot be told. */
    Boolean covers(HostNames.Location at) {
      return scope.covers(at.path() == null ? null : Names.toText(at.path()), at.whose());
    }

    /** Whether the event has what such a policy refuses without reading it. */
    boolean refusesUnread(Event event) {
      return ObjectFlag.DETOUR.in(event.head().objectFlags())
          && !passesUnread.contains(event.hook());
    }
  }

  private final long generation;
  private final HostNames names;
  private final PolicyModule[] modules;
  private final SlotSet slots;
  private final SlotSet perishable;
  private final SlotSet refusing;
  private final SlotSet judgingUnknown;
  private final SlotSet replaced;
  private final Map<Integer, Integer> candidates;
  private final SlotSet candidateSlots;
  private final Map<Integer, Set<String>> literals;
  private final Map<Integer, Where> places;
  private final Map<Integer, ToLongFunction<String>> labels;
  private final ConcernIndex concerns;
  private final HostNames cgroupNames;
  private final SlotSet containerSlots;
  private final SlotSet judgedScopes;

  private PolicySet(Builder parts) {
    this.generation = parts.generation;
    this.names = parts.names;
    this.modules = parts.modules.clone();
    this.slots = parts.slots;
    this.refusing = parts.refusing;
    this.perishable = slots(modules, ReadSet::isPerishable);
    this.judgingUnknown = parts.judgingUnknown;
    this.replaced = parts.replaced;
    this.candidates = Map.copyOf(parts.candidates);
    this.candidateSlots = parts.aside;
    this.literals = Map.copyOf(parts.literals);
    this.places = Map.copyOf(parts.places);
    this.labels = Map.copyOf(parts.labels);
    this.concerns = new ConcernIndex(modules, names);
    this.cgroupNames =
        Arrays.stream(modules).anyMatch(m -> m != null && Readings.restOnAny(m.reads()))
            ? names
            : null;
    this.judgedScopes = placed(places, Policy.Scope::isJudged);
    this.containerSlots =
        slots(modules, reads -> reads.mayRead(Readings.CONTAINER))
            .or(placed(places, scope -> scope.isJudged() && !scope.containers().isEmpty()));
  }

  /**
   * Starts an empty set.
   *
   * @param generation rises from set to set
   */
  public static Builder builder(long generation, HostNames names) {
    return new Builder(generation, names);
  }

  /** Collects the policies of a set. For one thread. */
  public static final class Builder {
    private final long generation;
    private final HostNames names;
    private final PolicyModule[] modules = new PolicyModule[SlotSet.SLOTS];

    private final Map<Integer, Set<String>> literals = new HashMap<>();
    private final Map<Integer, Where> places = new HashMap<>();
    private final Map<Integer, ToLongFunction<String>> labels = new HashMap<>();
    private final Map<Integer, Integer> candidates = new HashMap<>();
    private SlotSet aside = SlotSet.NONE;
    private SlotSet judgingUnknown = SlotSet.NONE;
    private SlotSet slots = SlotSet.NONE;
    private SlotSet refusing = SlotSet.NONE;
    private SlotSet replaced = SlotSet.NONE;

    private Builder(long generation, HostNames names) {
      this.generation = generation;
      this.names = names;
    }

    /**
     * Puts a policy into a slot.
     *
     * @param paths absolute paths that its rules mention
     */
    public Builder add(int slot, PolicyModule module, Set<String> paths) {
      modules[slot] = module;
      slots = slots.with(slot);
      literals.put(slot, Set.copyOf(paths));
      return this;
    }

    /** Where the kernel asks the policy in this slot; not said: at every hook, everywhere. */
    public Builder where(int slot, Where where) {
      places.put(slot, where);
      return this;
    }

    /** Which bit a label has when the policy in this slot sets it; not said: none. */
    public Builder labels(int slot, ToLongFunction<String> bits) {
      labels.put(slot, bits);
      return this;
    }

    /** The policy in this slot judges without the path what has none that can be told. */
    public Builder judgingUnknown(int slot) {
      judgingUnknown = judgingUnknown.with(slot);
      return this;
    }

    /** The kernel refuses what the policy in this slot gives no answer to while a task waits. */
    public Builder refusing(int slot) {
      refusing = refusing.with(slot);
      return this;
    }

    /** Another policy of its name stands in place of the one in this slot, for a while. */
    public Builder replaced(int slot) {
      replaced = replaced.with(slot);
      return this;
    }

    /**
     * The policy in this slot is asked to be compared with another of its name.
     *
     * @param other where that one is; -1: there is none
     */
    public Builder candidate(int slot, int other) {
      candidates.put(slot, other);
      aside = aside.with(slot);
      return this;
    }

    /** The same, of one that enforces for some: who waits may wait for it. */
    public Builder canary(int slot, int other) {
      candidates.put(slot, other);
      return this;
    }

    /** The set. */
    public PolicySet build() {
      return new PolicySet(this);
    }
  }

  public long generation() {
    return generation;
  }

  /** Slots that have a policy. */
  public SlotSet slots() {
    return slots;
  }

  /** Those of them whose decisions rest on the moment they are made in. */
  public SlotSet perishable() {
    return perishable;
  }

  /** Those of them of which only the engine knows whom they cover. */
  SlotSet judgedScopes() {
    return judgedScopes;
  }

  /** How far it can be told whether policies cover an event's process. */
  public enum Placing {
    /** Whom they cover is known. */
    TOLD,
    /** One would, perhaps, if it were known whose container it is. */
    UNKNOWN,
    /** Of one it cannot be told, for now: the cgroup has no path. */
    UNTOLD;

    /** Of a policy that says nothing, since it does not cover a process there, or nobody knows. */
    static Placing of(Where where, HostNames.Location at) {
      if (where.covers(at) == null) {
        return UNTOLD;
      }
      Container container = at.whose().container();
      boolean maybe = container != null && !container.known();
      return maybe && !where.scope().containers().isEmpty() ? UNKNOWN : TOLD;
    }

    Placing orWorse(Placing other) {
      return compareTo(other) < 0 ? other : this;
    }
  }

  /** Those of them whose decisions can rest on whose container an event is of. */
  public SlotSet containerSlots() {
    return containerSlots;
  }

  /**
   * Sees to it that it is known whose container the event is of, as {@link HostNames#settle}; to be
   * called before those are asked that may read it.
   *
   * @return 0: the answer is for good; else how long it may be used, in nanoseconds
   */
  public long settle(Event event) {
    Event.Subject subject = event.subject();
    return subject == null ? 0 : names.settle(subject.cgroup(), event.head().timeNs());
  }

  /** Those of them whose fallback is to refuse. */
  public SlotSet refusing() {
    return refusing;
  }

  private static SlotSet placed(Map<Integer, Where> places, Predicate<Policy.Scope> which) {
    SlotSet found = SlotSet.NONE;
    for (Map.Entry<Integer, Where> place : places.entrySet()) {
      found = which.test(place.getValue().scope()) ? found.with(place.getKey()) : found;
    }
    return found;
  }

  private static SlotSet slots(PolicyModule[] modules, Predicate<ReadSet> which) {
    SlotSet found = SlotSet.NONE;
    for (int slot = 0; slot < modules.length; slot++) {
      if (modules[slot] != null && which.test(modules[slot].reads())) {
        found = found.with(slot);
      }
    }
    return found;
  }

  /**
   * Name of the policy in {@code slot}, and whether another one stands in its place or it is a
   * candidate; the slot's number where there is none any more.
   */
  public String name(int slot) {
    if (modules[slot] == null) {
      return "slot " + slot;
    }
    String what =
        replaced.contains(slot) ? " (before)" : candidates.containsKey(slot) ? " (candidate)" : "";
    return modules[slot].name() + what;
  }

  /** Slots of candidates for which nobody waits. */
  public SlotSet candidateSlots() {
    return candidateSlots;
  }

  /** Slots of all candidates, and of what each is compared with; -1: with nothing. */
  public Map<Integer, Integer> candidates() {
    return candidates;
  }

  /** Digest of the policy in {@code slot}, which has one. */
  public String digest(int slot) {
    return modules[slot].digest();
  }

  /** Where the policy in {@code slot} is asked. */
  public Where where(int slot) {
    return places.getOrDefault(slot, ANYWHERE);
  }

  /** The bits of labels that the policy in {@code slot} sets. */
  public long labelBits(int slot, List<String> names) {
    ToLongFunction<String> bits = labels.getOrDefault(slot, name -> 0);
    return names.stream().mapToLong(bits).reduce(0, (a, b) -> a | b);
  }

  /** Whether the same policies are in the same slots, with the same fallbacks and scopes. */
  public boolean decidesAs(PolicySet other) {
    return Arrays.equals(modules, other.modules)
        && refusing.equals(other.refusing)
        && judgingUnknown.equals(other.judgingUnknown)
        && places.equals(other.places)
        && replaced.equals(other.replaced)
        && candidates.equals(other.candidates)
        && candidateSlots.equals(other.candidateSlots);
  }

  /**
   * These policies, and in slots that have none those of {@code before}: as long as the kernel
   * still asks for them, there is an answer.
   */
  public PolicySet over(PolicySet before) {
    Builder both = builder(generation, names);
    for (int slot = 0; slot < modules.length; slot++) {
      PolicySet from = modules[slot] != null ? this : before;
      if (from.modules[slot] == null) {
        continue;
      }
      both.add(slot, from.modules[slot], from.literals.get(slot));
      if (from.places.containsKey(slot)) {
        both.where(slot, from.where(slot));
      }
      if (from.labels.containsKey(slot)) {
        both.labels(slot, from.labels.get(slot));
      }
      if (from.judgesUnknown(slot)) {
        both.judgingUnknown(slot);
      }
      if (from.refusing.contains(slot)) {
        both.refusing(slot);
      }
      if (from.replaced.contains(slot)
          || (modules[slot] == null && hasName(from.modules[slot].name()))) {
        both.replaced(slot); // else what two revisions say has one name
      }
      if (from.candidateSlots.contains(slot)) {
        both.candidate(slot, from.candidates.get(slot));
      } else if (from.candidates.containsKey(slot)) {
        both.canary(slot, from.candidates.get(slot));
      }
    }
    return both.build();
  }

  private boolean hasName(String name) {
    return Arrays.stream(modules).anyMatch(m -> m != null && m.name().equals(name));
  }

  /** The paths that these policies mention and ask about. */
  public Set<String> literals() {
    Set<String> all = new TreeSet<>();
    for (int slot = 0; slot < modules.length; slot++) {
      if (modules[slot] != null
          && (modules[slot].reads().mayRead("file.path")
              || modules[slot].reads().mayRead(Readings.PEER_PATH)
              || modules[slot].reads().mayRead("process.exe.path"))) {
        all.addAll(literals.get(slot));
      }
    }
    return all;
  }

  /** What the policy in {@code slot} is shown. */
  Readings readings(int slot) {
    return new Readings(modules[slot].reads(), literals.get(slot), names);
  }

  /**
   * An event as it is shown to the policy in {@code slot}, once or more often; empty if it speaks
   * of names that an earlier engine gave out.
   */
  public List<Event> shown(int slot, Event event) {
    Readings readings = readings(slot);
    return readings.areKnown(event) ? readings.of(event) : List.of();
  }

  /** Whether the policy in {@code slot} judges what has no path that can be told. */
  boolean judgesUnknown(int slot) {
    return !judgingUnknown.and(SlotSet.of(slot)).isEmpty();
  }

  /** An evaluator for one thread. */
  public PolicySetEvaluator newEvaluator() {
    return newEvaluator(() -> {});
  }

  /**
   * The same.
   *
   * @param alive called after each evaluation, of which an event may take many; and now and then
   *     while one makes progress within its limit, on another thread
   */
  public PolicySetEvaluator newEvaluator(Runnable alive) {
    return new PolicySetEvaluator(this, alive);
  }

  /** Slots whose policy may have something to say about the event. */
  SlotSet concerned(Event event) {
    return concerns.of(event);
  }

  PolicyModule module(int slot) {
    return modules[slot];
  }

  boolean has(PolicyModule module) {
    return Arrays.asList(modules).contains(module);
  }

  HostNames names() {
    return names;
  }

  /** The same; null if no policy asks for what the path of a cgroup tells. */
  HostNames cgroupNames() {
    return cgroupNames;
  }
}
