package dev.interdict.verdict;

import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfMap;
import java.util.List;

/**
 * What the kernel knows: the maps {@code verdicts} (processes) and {@code flows} (packets), whose
 * only writer this is.
 *
 * <p>Safe for use by many threads; a write is one system call.
 */
public final class VerdictTable implements AutoCloseable {
  private final VerdictMap verdicts;
  private final VerdictMap flows;

  /** By slot: bits that older policy sets have for it no longer count. */
  private final long[] since = new long[SlotSet.SLOTS];

  /** Starts with what the maps hold. */
  public VerdictTable(BpfMap verdicts, BpfMap flows, EngineState state) {
    this.verdicts = new VerdictMap(verdicts, state.digestSecret());
    this.flows = new VerdictMap(flows, state.digestSecret());
  }

  /** What is known about {@code key}, whether it still holds or not; null if nothing. */
  public Verdict get(VerdictKey key) {
    return of(key).get(key);
  }

  /**
   * Adds what {@code verdict} says to what is known about {@code key}, from the next run of a hook
   * on. A verdict of an older generation than the known one changes nothing.
   *
   * @param policySet generation of the policy set that was asked; bits of slots that have been
   *     forgotten since are left out
   * @return what is known now
   */
  public Verdict merge(VerdictKey key, Verdict verdict, long policySet) {
    synchronized (of(key)) {
      SlotSet gone = forgottenSince(policySet, verdict.decided());
      return of(key).merge(key, gone.isEmpty() ? verdict : verdict.without(gone));
    }
  }

  private SlotSet forgottenSince(long policySet, SlotSet slots) {
    SlotSet gone = SlotSet.NONE;
    for (int word = 0; word < SlotSet.WORDS; word++) {
      for (long rest = slots.word(word); rest != 0; rest &= rest - 1) {
        int slot = word * Long.SIZE + Long.numberOfTrailingZeros(rest);
        if (since[slot] > policySet) {
          gone = gone.with(slot);
        }
      }
    }
    return gone;
  }

  /** Makes the next event with this key a miss. */
  public void remove(VerdictKey key) {
    of(key).remove(List.of(key));
  }

  /** Makes everything a miss. */
  public void clear() {
    verdicts.removeIf(key -> true);
    flows.removeIf(key -> true);
  }

  /** Drops what was made under another mask set than this: no key can be equal to it any more. */
  public void retain(int maskSet) {
    verdicts.removeIf(key -> key.maskSet() != maskSet);
    flows.removeIf(key -> key.maskSet() != maskSet);
  }

  /**
   * Takes the bits of {@code slot} out of all verdicts. When this returns none carries them, and
   * none can come to carry them from a policy set older than {@code policySet}.
   */
  public void forget(int slot, long policySet) {
    synchronized (verdicts) {
      synchronized (flows) {
        since[slot] = policySet;
      }
    }
    SlotSet bits = SlotSet.of(slot);
    verdicts.strip(bits);
    flows.strip(bits);
  }

  /** Entries of the map {@code verdicts}. */
  public int verdicts() {
    return verdicts.size();
  }

  /** Entries of the map {@code flows}. */
  public int flows() {
    return flows.size();
  }

  /** Entries that had to make room for others since the start. */
  public long evicted() {
    return verdicts.evicted() + flows.evicted();
  }

  /** Frees the buffers; the maps stay open. */
  @Override
  public void close() {
    verdicts.close();
    flows.close();
  }

  private VerdictMap of(VerdictKey key) {
    return key.hook() == Hook.XDP_INGRESS ? flows : verdicts;
  }
}
