package dev.interdict.control;

import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy;

/**
 * Gives out slots, each forgotten by the kernel before. Used under the lock of {@link
 * PolicyControl}.
 */
final class Slots {
  private final Enforcement enforcement;
  private final StateStore store;
  private int last = -1;

  Slots(Enforcement enforcement, StateStore store) {
    this.enforcement = enforcement;
    this.store = store;
  }

  /**
   * The slot for a policy. Verdicts rest on its code and on what it says of paths that cannot be
   * told; where they say, too, whom the policy covers, on that and on what it refuses unread. With
   * all the same they stay, and so does the slot.
   *
   * @param old what the policy was; null: nothing
   * @throws NoSlotException if all are taken
   */
  int of(Built built, HeldPolicy old, SlotSet taken) {
    boolean sameVerdicts =
        old != null
            && old.inForce()
            && old.compiled().digest().equals(built.compiled().digest())
            && old.policy().judgesUnknownPath() == built.policy().judgesUnknownPath()
            && coversAlike(old.policy(), built.policy());
    return sameVerdicts ? old.slot() : take(taken);
  }

  private static boolean coversAlike(Policy one, Policy other) {
    boolean kernelKnows = !one.scope().isJudged() && !other.scope().isJudged();
    return kernelKnows
        || (one.scope().equals(other.scope()) && one.unparsedPass() == other.unparsedPass());
  }

  /**
   * A free slot that the saved state does not name either: should the next save fail, the next
   * start must not find there what another policy has decided.
   *
   * @throws NoSlotException if all are taken
   * @throws EnforcementException if the kernel could not be made to forget it
   */
  int take(SlotSet taken) {
    return takeFrom(taken.or(store.named()));
  }

  /**
   * The free slot after the one given last, so that each rests as long as possible before its
   * reuse.
   *
   * @throws NoSlotException if all are taken
   * @throws EnforcementException if the kernel could not be made to forget it
   */
  int takeFrom(SlotSet taken) {
    for (int i = 1; i <= SlotSet.SLOTS; i++) {
      int slot = (last + i) % SlotSet.SLOTS;
      if (!taken.contains(slot)) {
        enforcement.forgetSlot(slot);
        last = slot;
        return slot;
      }
    }
    throw new NoSlotException();
  }
}
