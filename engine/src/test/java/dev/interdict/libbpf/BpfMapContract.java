package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What every map keeps, in the kernel or not. */
abstract class BpfMapContract {

  /** An empty map, or an array of zeros. */
  abstract BpfMap create(int type, int keyBytes, int valueBytes, int maxEntries);

  @Test
  void whatWasSetIsFoundUntilItIsDeleted() {
    try (BpfMap map = create(MapInfo.HASH, 8, 8, 4)) {
      assertEquals(Optional.empty(), map.lookup(bytes(1)));
      map.update(bytes(1), bytes(10));
      map.update(bytes(1), bytes(11));
      assertArrayEquals(bytes(11), map.lookup(bytes(1)).orElseThrow());
      assertTrue(map.delete(bytes(1)));
      assertFalse(map.delete(bytes(1)));
      assertEquals(Optional.empty(), map.lookup(bytes(1)));
    }
  }

  @Test
  void aFullMapRefusesNewKeysAndKeepsTheOthers() {
    try (BpfMap map = create(MapInfo.HASH, 8, 8, 4)) {
      for (int i = 0; i < 4; i++) {
        map.update(bytes(i), bytes(i));
      }
      BpfException e = assertThrows(BpfException.class, () -> map.update(bytes(9), bytes(9)));
      assertEquals(Errno.E2BIG, e.errno());
      map.update(bytes(3), bytes(33));
      assertArrayEquals(bytes(33), map.lookup(bytes(3)).orElseThrow());
    }
  }

  @Test
  void aWalkMeetsEachKeyOnce() {
    try (BpfMap map = create(MapInfo.HASH, 8, 8, 100)) {
      for (int i = 0; i < 100; i++) {
        map.update(bytes(i), bytes(i));
      }
      List<Long> keys = new ArrayList<>();
      map.keys().forEach(k -> keys.add(number(k)));
      keys.sort(null);
      assertEquals(100, keys.size());
      assertEquals(0L, keys.getFirst());
      assertEquals(99L, keys.getLast());
    }
  }

  @Test
  void batchesDoAllAndDeletingWhatIsGoneIsNoError() {
    try (BpfMap map = create(MapInfo.HASH, 8, 8, 10);
        Arena arena = Arena.ofConfined()) {
      MemorySegment keys = arena.allocateFrom(JAVA_LONG, 1, 2, 3, 4, 5);
      map.updateBatch(keys, arena.allocateFrom(JAVA_LONG, 11, 12, 13, 14, 15), 4);
      assertArrayEquals(bytes(14), map.lookup(bytes(4)).orElseThrow());
      map.delete(bytes(2));
      map.deleteBatch(keys, 5);
      assertEquals(List.of(), map.keys());
    }
  }

  @Test
  void anArrayHasAllItsEntriesAndKeepsThem() {
    try (BpfMap map = create(MapInfo.ARRAY, 4, 8, 3)) {
      assertArrayEquals(bytes(0), map.lookup(new byte[4]).orElseThrow());
      assertEquals(3, map.keys().size());
      assertThrows(BpfException.class, () -> map.delete(new byte[4]));
    }
  }

  @Test
  void aPerCpuValueHasARoundedPartForEachProcessor() {
    try (BpfMap map = create(MapInfo.PERCPU_ARRAY, 4, 4, 1)) {
      assertEquals(8, map.info().strideBytes());
      byte[] values = map.lookup(new byte[4]).orElseThrow();
      assertEquals(8 * map.info().possibleCpus(), values.length);
      values[8] = 7;
      map.update(new byte[4], values);
      assertArrayEquals(values, map.lookup(new byte[4]).orElseThrow());
    }
  }

  private static byte[] bytes(long number) {
    return ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(number).array();
  }

  private static long number(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getLong();
  }
}
