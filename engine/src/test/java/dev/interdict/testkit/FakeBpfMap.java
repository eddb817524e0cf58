package dev.interdict.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.BpfMap;
import dev.interdict.libbpf.Errno;
import dev.interdict.libbpf.MapInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** A map in memory that keeps {@code BpfMapContract} as the kernel does. */
public final class FakeBpfMap implements BpfMap {
  private final MapInfo info;
  private final Map<ByteBuffer, byte[]> entries = new LinkedHashMap<>();
  private final MemorySegment memory;
  private int writes;
  private int allowed = Integer.MAX_VALUE;
  private int watched = -1;
  private Runnable atWatched;
  private Runnable atDelete = () -> {};

  public FakeBpfMap(int type, int keyBytes, int valueBytes, int maxEntries) {
    int flags = type == MapInfo.ARRAY ? MapInfo.MMAPABLE : 0;
    info = new MapInfo("fake", type, keyBytes, valueBytes, maxEntries, flags, 0, 2);
    memory = Arena.ofAuto().allocate((long) valueBytes * maxEntries, 8);
    if (isArray()) {
      for (int i = 0; i < maxEntries; i++) {
        ByteBuffer key = ByteBuffer.allocate(4).order(java.nio.ByteOrder.nativeOrder());
        entries.put(key.putInt(i).flip(), new byte[info.transferBytes()]);
      }
    }
  }

  /** How many values were set since the start. */
  public synchronized int writes() {
    return writes;
  }

  /** From now on so many values can be set, and then no more. */
  public synchronized void failAfter(int updates) {
    allowed = updates;
  }

  /** Runs {@code action} before the {@code n}-th value is set, counted from 0. */
  public synchronized void beforeWrite(int n, Runnable action) {
    watched = n;
    atWatched = action;
  }

  /** Runs {@code action} before each entry is deleted. */
  public synchronized void beforeDelete(Runnable action) {
    atDelete = action;
  }

  public synchronized int size() {
    return entries.size();
  }

  @Override
  public MapInfo info() {
    return info;
  }

  @Override
  public synchronized boolean lookup(MemorySegment key, MemorySegment value) {
    byte[] found = entries.get(key(key));
    if (found == null) {
      return false;
    }
    MemorySegment.copy(found, 0, value, JAVA_BYTE, 0, found.length);
    return true;
  }

  @Override
  public synchronized void update(MemorySegment key, MemorySegment value) {
    ByteBuffer copy = key(key);
    if (!entries.containsKey(copy) && entries.size() >= info.maxEntries()) {
      throw new BpfException("update map", info.name(), Errno.E2BIG);
    }
    if (writes == watched) {
      atWatched.run();
    }
    if (allowed-- <= 0) {
      throw new BpfException("update map", info.name(), Errno.EBUSY);
    }
    entries.put(copy, value.asSlice(0, info.transferBytes()).toArray(JAVA_BYTE));
    writes++;
  }

  @Override
  public synchronized boolean delete(MemorySegment key) {
    if (isArray()) {
      throw new BpfException("delete from map", info.name(), Errno.EINVAL);
    }
    atDelete.run();
    return entries.remove(key(key)) != null;
  }

  @Override
  public synchronized boolean nextKey(MemorySegment key, MemorySegment next) {
    boolean take = key.address() == 0 || !entries.containsKey(key(key));
    for (ByteBuffer candidate : entries.keySet()) {
      if (take) {
        next.copyFrom(MemorySegment.ofBuffer(candidate));
        return true;
      }
      take = candidate.equals(key(key));
    }
    return false;
  }

  @Override
  public void updateBatch(MemorySegment keys, MemorySegment values, int count) {
    for (int i = 0; i < count; i++) {
      update(
          keys.asSlice((long) i * info.keyBytes()),
          values.asSlice((long) i * info.transferBytes()));
    }
  }

  @Override
  public void deleteBatch(MemorySegment keys, int count) {
    for (int i = 0; i < count; i++) {
      delete(keys.asSlice((long) i * info.keyBytes()));
    }
  }

  @Override
  public MemorySegment memory() {
    return memory;
  }

  @Override
  public void close() {}

  private boolean isArray() {
    return info.type() == MapInfo.ARRAY || info.type() == MapInfo.PERCPU_ARRAY;
  }

  private ByteBuffer key(MemorySegment key) {
    return ByteBuffer.wrap(key.asSlice(0, info.keyBytes()).toArray(JAVA_BYTE));
  }
}
