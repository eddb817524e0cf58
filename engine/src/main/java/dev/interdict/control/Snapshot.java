package dev.interdict.control;

import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The data flow at one moment. The values were not read at the same instant.
 *
 * @param hooks every hook
 * @param slots what the kernel counted per slot; a slot without an entry counted nothing
 * @param tripped slots that only record, because their budget was used up
 * @param alarmed slots that go on although their budget was used up
 * @param counters what the engine counted since its start, by name
 * @param verdicts entries of the map {@code verdicts}
 * @param flows entries of the map {@code flows}
 * @param glass for how long nothing is refused still, because of break-glass; zero: it is whole
 * @param gaps what policies in force name and nothing guards, a sentence each
 */
public record Snapshot(
    Map<Hook, HookStatus> hooks,
    Map<Integer, SlotCounters> slots,
    SlotSet tripped,
    SlotSet alarmed,
    Map<String, Long> counters,
    long verdicts,
    long flows,
    Duration glass,
    List<String> gaps) {

  /**
   * One hook.
   *
   * @param attached whether all its programs run
   * @param detail attached: to what; else why not, and the remedy
   * @param counters by the names of {@code struct hook_counters}, summed over the CPUs
   */
  public record HookStatus(boolean attached, String detail, Map<String, Long> counters) {}

  /** {@code struct slot_counters}, summed over the CPUs. */
  public record SlotCounters(
      long denied, long wouldDeny, long fallback, long tripped, long alarms) {
    /** Nothing counted. */
    public static final SlotCounters ZERO = new SlotCounters(0, 0, 0, 0, 0);
  }

  /** For people: the gaps, and before them that the glass is broken. */
  public List<String> unguarded() {
    if (glass.isZero()) {
      return gaps;
    }
    List<String> all = new ArrayList<>(gaps);
    all.addFirst(
        "all policies: break-glass, nothing is refused for another "
            + glass.truncatedTo(ChronoUnit.SECONDS).toString().substring(2)
            + "; interdict break-glass --end puts enforcement back");
    return all;
  }

  /** The counters of {@code slot}. */
  public SlotCounters slot(int slot) {
    return slots.getOrDefault(slot, SlotCounters.ZERO);
  }
}
