package dev.interdict.verdict;

import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfMap;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * What the kernel knows: the maps {@code verdicts} (processes) and {@code flows} (packets), whose
 * only writer this is. A verdict that the kernel loses is one miss: the next one writes it again.
 *
 * <p>Safe for use by many threads; a write is one system call.
 */
public final class VerdictTable implements AutoCloseable {
  private final VerdictMap verdicts;
  private final VerdictMap flows;

  /** Starts with what the maps hold. */
  public VerdictTable(BpfMap verdicts, BpfMap flows, EngineState state) {
    this.verdicts = new VerdictMap(verdicts, state.digestSecret());
    this.flows = new VerdictMap(flows, state.digestSecret());
  }

  /** What is known about {@code key}, whether it still holds or not; null if nothing. */
  public Verdict get(VerdictKey key) {
    return of(key).get(key);
  }

  /** Whether the masks that made {@code key} are in force. */
  public boolean isCurrent(VerdictKey key) {
    return of(key).isCurrent(key);
  }

  /**
   * Adds what {@code verdict} says to what is known about {@code key}, and writes it, from the next
   * run of a hook on.
   *
   * @param policySet generation of the policy set that was asked; bits of slots that have been
   *     forgotten since are left out
   * @return what is known now
   */
  public Verdict merge(VerdictKey key, Verdict verdict, long policySet) {
    return of(key).merge(key, verdict, policySet);
  }

  /**
   * Drops what was made under other mask sets than these: no key can be equal to it any more.
   *
   * @param maskSets of every hook
   */
  public void retain(Map<Hook, Integer> maskSets) {
    verdicts.retain(maskSets);
    flows.retain(maskSets);
  }

  /**
   * Takes the bits of {@code slot} out of all verdicts. When this returns none carries them, and
   * none can come to carry them from a policy set older than {@code policySet}.
   */
  public void forget(int slot, long policySet) {
    verdicts.forget(slot, policySet);
    flows.forget(slot, policySet);
  }

  /** Takes the labels of all other slots out of all verdicts. */
  public void keepLabelsOf(SlotSet slots) {
    verdicts.keepLabelsOf(slots);
  }

  /** Has {@code slots} asked again about what they had no answer to. */
  public void forgetFailures(SlotSet slots) {
    verdicts.forgetFailures(slots);
    flows.forgetFailures(slots);
  }

  /** Makes what was decided about packets of certain interfaces as such, by number, a miss. */
  public void forgetInterfaces(IntPredicate index) {
    flows.removeIf(key -> key.interfaceIndex() != 0 && index.test(key.interfaceIndex()));
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

  /** Entries that one of the same digest has pushed out since the start. */
  public long collided() {
    return verdicts.collided() + flows.collided();
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
