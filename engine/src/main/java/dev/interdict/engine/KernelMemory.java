package dev.interdict.engine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.interdict.control.History;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The map {@code history_head}. */
record KernelMemory(BpfMap map) implements History.Memory {
  @Override
  public byte[] recall() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(BYTES);
      map.lookup(arena.allocate(JAVA_INT), value);
      return value.toArray(JAVA_BYTE);
    }
  }

  @Override
  public void remember(byte[] nowAndNext) {
    try (Arena arena = Arena.ofConfined()) {
      map.update(arena.allocate(JAVA_INT), arena.allocateFrom(JAVA_BYTE, nowAndNext));
    }
  }
}
