package dev.interdict.lsm;

import dev.interdict.event.Hook;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One way to reach a forbidden object. It is run four times: uncovered it must work, or it proves
 * nothing; enforced it must fail and leave one event that names the object; in audit it must work
 * and leave the same event; and the same way to an allowed neighbour must work and leave none.
 *
 * @param name of the test
 * @param command of the attack tool, {@code %s} in place of the object
 * @param before command line that is run before each run, {@code %s} as above; null: none
 * @param refusal {@code result} when it is refused
 * @param hook where it is refused
 * @param object what the event calls it
 * @param attempts how often the kernel may ask for one call
 * @param impossible for whom the way does not exist, even uncovered
 */
record Trial(
    String name,
    String command,
    String before,
    String forbidden,
    String allowed,
    String refusal,
    Hook hook,
    Pattern object,
    int attempts,
    Set<Trial.Who> impossible) {

  /** Who tries. */
  enum Who {
    ROOT,
    USER
  }

  /** The four runs. */
  enum Run {
    CONTROL,
    ENFORCE,
    AUDIT,
    TWIN
  }

  /** Who has the fewest rights of those who can. */
  Who weakest() {
    return impossible.contains(Who.USER) ? Who.ROOT : Who.USER;
  }

  String object(Run run) {
    return run == Run.TWIN ? allowed : forbidden;
  }
}
