package dev.interdict.control;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/**
 * The data flow as control sees it. {@link PolicyControl} calls {@link #use} and {@link
 * #forgetSlot} under its lock, one call at a time; the others may come from any thread at any time.
 */
public interface Enforcement {
  /**
   * What keeps this host from doing what {@code policy} asks: a hook whose program cannot be
   * attached, an interface that does not exist. Changes nothing.
   *
   * @return empty if it can be used
   */
  List<Objection> objections(Policy policy);

  /**
   * Loads policies, which takes seconds, then makes a change, whose {@link #use} need not load
   * them.
   *
   * @return what {@code change} returns
   * @throws EnforcementException if one cannot be loaded
   */
  <T> T prepared(Collection<PolicyBuilder.Built> policies, Supplier<T> change);

  /**
   * Replaces the policy set as a whole. A slot that keeps its compiled digest keeps its verdicts.
   *
   * @param modes asked at the moment at which the kernel changes over, so that no switch before it
   *     is lost
   * @param before the same of the set before, should that have to be brought back
   * @throws EnforcementException if that is not possible: the set before stays in force
   */
  void use(ActiveSet set, Supplier<Modes> modes, Supplier<Modes> before);

  /**
   * Switches the policies in force, at once: it waits for no change that is under way.
   *
   * @throws EnforcementException if the kernel's map could not be written
   */
  void switchTo(Modes modes);

  /** What decides beside the policies: verdicts of another decider do not count. */
  String decider();

  /** Slots that the kernel asks at the moment; at the start those of an earlier engine. */
  SlotSet asked();

  /** Slots that only record, because their budget was used up. */
  SlotSet tripped();

  /** For how long nothing is refused on this host still (break-glass); zero: the glass is whole. */
  Duration glass();

  /** The clock by which a {@link Lease} ends: CLOCK_BOOTTIME. */
  long bootTimeNs();

  /** Which boot of the host {@link #bootTimeNs} is of. */
  String bootId();

  /**
   * What a policy denies of the protected set: what a host needs to start, to be logged in to and
   * to be put right, and what every program of its scope does first.
   *
   * @return name and reason of each event; empty: nothing
   */
  List<String> lockouts(Policy policy, CompiledPolicy compiled);

  /**
   * What was measured of a candidate, and of the policy that it is compared with.
   *
   * @param slot of the candidate
   * @throws EnforcementException if the kernel's counters cannot be read
   */
  Figures figures(int slot);

  /** The units of the pair of a rollout, those that come to the candidate's side first first. */
  List<Unit> units(Canary canary);

  /**
   * Makes a slot as new, before it is given to another policy: when this returns, no verdict
   * carries its bits or can come to carry them, and its counters, budget window and tripped bit are
   * zero.
   *
   * @param slot not in the set last given to {@link #use}
   * @throws EnforcementException if the kernel's maps could not be cleaned; the slot may not be
   *     used
   */
  void forgetSlot(int slot);

  /**
   * Lets a tripped policy refuse again, with a new budget window.
   *
   * @throws EnforcementException if the kernel's map could not be written
   */
  void resetBudget(int slot);

  /**
   * Has a slot only record, as if its budget were used up: what the kernel has disarmed stays so in
   * whatever slot it comes to.
   *
   * @throws EnforcementException if the kernel's map could not be written
   */
  void disarm(int slot);

  /** What is attached, counted and tripped at the moment. */
  Snapshot snapshot();
}
