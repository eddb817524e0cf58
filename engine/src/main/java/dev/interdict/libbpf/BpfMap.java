package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A kernel map: keys and values are bytes of fixed length in the layout of the kernel's side.
 *
 * <p>Segments handed in must be native and at least as long as {@link MapInfo} says; they are only
 * read or written during the call. Safe for use by many threads; each call is one system call.
 */
public interface BpfMap extends AutoCloseable {

  /** What kind of map this is. */
  MapInfo info();

  /**
   * Copies the value of {@code key} to {@code value}: {@link MapInfo#transferBytes} bytes.
   *
   * @return false if there is none; {@code value} is unchanged then
   */
  boolean lookup(MemorySegment key, MemorySegment value);

  /**
   * Sets the value of {@code key}, whether it had one or not.
   *
   * @throws BpfException {@code E2BIG} if the map is full: nothing is written
   */
  void update(MemorySegment key, MemorySegment value);

  /** Removes {@code key}; false if it was not there. Arrays refuse with {@code EINVAL}. */
  boolean delete(MemorySegment key);

  /**
   * Copies the key after {@code key} to {@code next}, in an order of the map's own. {@code
   * MemorySegment.NULL}, or a key that is gone, means the first.
   *
   * @return false after the last
   */
  boolean nextKey(MemorySegment key, MemorySegment next);

  /**
   * Sets {@code count} values in one system call: keys and values lie one after the other.
   *
   * @throws BpfException if one fails; those before it are set
   */
  void updateBatch(MemorySegment keys, MemorySegment values, int count);

  /** Removes {@code count} keys, one after the other in {@code keys}; absent ones are no error. */
  void deleteBatch(MemorySegment keys, int count);

  /** The map's memory, if it was made with {@code BPF_F_MMAPABLE}; valid until {@link #close}. */
  MemorySegment memory();

  /** Drops the engine's hold on the map; pins and programs may keep it alive. */
  @Override
  void close();

  /** {@link #lookup(MemorySegment, MemorySegment)} on arrays. */
  default Optional<byte[]> lookup(byte[] key) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(info().transferBytes(), 8);
      return lookup(copy(arena, key), value)
          ? Optional.of(value.toArray(JAVA_BYTE))
          : Optional.empty();
    }
  }

  /** {@link #update(MemorySegment, MemorySegment)} on arrays. */
  default void update(byte[] key, byte[] value) {
    try (Arena arena = Arena.ofConfined()) {
      update(copy(arena, key), copy(arena, value));
    }
  }

  /** {@link #delete(MemorySegment)} on arrays. */
  default boolean delete(byte[] key) {
    try (Arena arena = Arena.ofConfined()) {
      return delete(copy(arena, key));
    }
  }

  /** All keys; if the map changes meanwhile, some may be missing or come twice. */
  default List<byte[]> keys() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment next = arena.allocate(info().keyBytes(), 8);
      MemorySegment key = MemorySegment.NULL;
      List<byte[]> keys = new ArrayList<>();
      // A map that changes can make the walk start again: the bound ends it.
      while (keys.size() < 2L * info().maxEntries() && nextKey(key, next)) {
        keys.add(next.toArray(JAVA_BYTE));
        key = arena.allocate(info().keyBytes(), 8).copyFrom(next);
      }
      return keys;
    }
  }

  private static MemorySegment copy(Arena arena, byte[] bytes) {
    MemorySegment segment = arena.allocate(bytes.length, 8);
    MemorySegment.copy(bytes, 0, segment, JAVA_BYTE, 0, bytes.length);
    return segment;
  }
}
