package dev.interdict.bench;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** A verdict written by the engine, against the bare system call that any writer needs. */
final class VerdictBench {
  private static final int WARM_UP = 10;
  private static final int WRITES = 20_000;
  private static final SlotSet SLOTS = SlotSet.of(3);

  private VerdictBench() {}

  static Ratio run(int rounds) {
    VerdictKey[] keys = new VerdictKey[WRITES];
    for (int i = 0; i < WRITES; i++) {
      keys[i] = VerdictKey.of(RecordBuilder.of(Hook.FILE_OPEN).file("inode", i).facts());
    }
    try (KernelMap verdicts = table("verdicts");
        KernelMap flows = table("flows");
        KernelMap bare = table("bare");
        KernelMap state =
            KernelMap.create(
                "state", MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1, MapInfo.MMAPABLE);
        VerdictTable table = new VerdictTable(verdicts, flows, new EngineState(state))) {
      Ratio ratio = new Ratio("verdict written", "merge", "bpf() alone", rounds);
      for (int i = -WARM_UP; i < rounds; i++) {
        table.retain(Map.of(Hook.FILE_OPEN, -1));
        double ours = merge(table, keys);
        double theirs = update(bare);
        if (i >= 0) {
          ratio.add(ours, theirs);
        }
      }
      return ratio;
    }
  }

  private static double merge(VerdictTable table, VerdictKey[] keys) {
    Verdict verdict = new Verdict(SLOTS, SLOTS, SlotSet.NONE);
    long start = System.nanoTime();
    for (VerdictKey key : keys) {
      table.merge(key, verdict, 1);
    }
    return (double) (System.nanoTime() - start) / keys.length;
  }

  /** New keys each round, as above. */
  private static double update(KernelMap map) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment key = arena.allocate(JAVA_LONG);
      MemorySegment value = arena.allocate(Verdict.BYTES, 8);
      long start = System.nanoTime();
      for (int i = 0; i < WRITES; i++) {
        key.set(JAVA_LONG, 0, i * 0x9e3779b97f4a7c15L);
        map.update(key, value);
      }
      double ns = (double) (System.nanoTime() - start) / WRITES;
      map.keys().forEach(map::delete);
      return ns;
    }
  }

  private static KernelMap table(String name) {
    return KernelMap.create(name, MapInfo.HASH, 8, Verdict.BYTES, 65536, 0);
  }
}
