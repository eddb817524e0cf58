package dev.interdict.control;

import dev.interdict.event.SlotSet;

/** Every slot is taken. */
public final class NoSlotException extends RuntimeException {
  private static final long serialVersionUID = 1;

  NoSlotException() {
    super("all %d policy slots are taken; delete a policy first".formatted(SlotSet.SLOTS));
  }
}
