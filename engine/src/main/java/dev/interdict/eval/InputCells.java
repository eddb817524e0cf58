package dev.interdict.eval;

import dev.interdict.builtins.Digits;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Names;
import dev.interdict.event.Workload;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The values of a prepared document that change from event to event, changed in place. Text goes
 * into a region of the module's heap that begins anew with each event; the heap of the evaluation
 * begins behind it.
 */
final class InputCells {
  /** {@code PATH_BYTES} of {@code limits.h}: no name of the kernel is longer. */
  static final int NAME_MAX = 4096;

  /**
   * Escaping makes three bytes of one at the most; three names, those of a workload, some short
   * texts, and labels.
   */
  static final int ROOM =
      3 * (3 * NAME_MAX + Workload.NAMES_MAX) + 16 * 64 + EventLayouts.LABELS * 64;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long SIGNS = 0x8080808080808080L;
  private static final long ONES = 0x0101010101010101L;
  private static final long LINE_FEEDS = 0x0a0a0a0a0a0a0a0aL;

  private final PolicyMemory memory;
  private int cursor;

  InputCells(PolicyMemory memory) {
    this.memory = memory;
  }

  /** Text goes to {@code address} and behind it from now on. */
  void startAt(int address) {
    cursor = address;
  }

  /** The first address behind all text, aligned. */
  int end() {
    return (cursor + 7) & -8;
  }

  /**
   * A number of 64 bits without sign. OPA's runtime compares a whole number with a fraction through
   * 32 bits, unless it is written as text: so larger ones are.
   */
  void number(int cell, long value) {
    if (value >= 0 && value <= Integer.MAX_VALUE) {
      memory.writeByte(cell + 1, (byte) Values.NUMBER_INT);
      memory.writeLong(cell + 8, value);
      return;
    }
    int start = cursor;
    cursor = Digits.unsigned(value, memory.array(), start);
    memory.writeByte(cell + 1, (byte) Values.NUMBER_REF);
    memory.writeI32(cell + 8, start);
    memory.writeI32(cell + 12, cursor - start);
    memory.writeI32(cell + 16, 0);
  }

  void bool(int cell, boolean value) {
    memory.writeByte(cell + 1, (byte) (value ? 1 : 0));
  }

  /** A text that is in memory already. */
  void text(int cell, int address, int length) {
    memory.writeI32(cell + 4, length);
    memory.writeI32(cell + 8, address);
  }

  void device(int cell, int device) {
    int start = cursor;
    cursor = Digits.device(device, memory.array(), start);
    text(cell, start, cursor - start);
  }

  void mode(int cell, int mode) {
    int start = cursor;
    cursor = Digits.mode(mode, memory.array(), start);
    text(cell, start, cursor - start);
  }

  void decimal(int cell, int number) {
    int start = cursor;
    cursor = Digits.unsigned(Integer.toUnsignedLong(number), memory.array(), start);
    text(cell, start, cursor - start);
  }

  void address(int cell, byte[] address) {
    int start = cursor;
    cursor = Digits.address(address, memory.array(), start);
    text(cell, start, cursor - start);
  }

  /**
   * A name of the kernel: raw bytes, escaped as {@link Names} says.
   *
   * @throws IllegalArgumentException if it is longer than any name can be
   */
  void name(int cell, byte[] raw) {
    if (raw.length > NAME_MAX) {
      throw new IllegalArgumentException("name of " + raw.length + " bytes");
    }
    byte[] utf8 = isPlain(raw) ? raw : Names.escape(raw);
    System.arraycopy(utf8, 0, memory.array(), cursor, utf8.length);
    text(cell, cursor, utf8.length);
    cursor += utf8.length;
  }

  /* ASCII without NUL and line feed, which stands for itself: nearly every name there is. */
  private static boolean isPlain(byte[] raw) {
    int i = 0;
    for (; i + 8 <= raw.length; i += 8) {
      long eight = (long) LONGS.get(raw, i);
      if (((eight | (eight - ONES) | ((eight ^ LINE_FEEDS) - ONES)) & SIGNS) != 0) {
        return false;
      }
    }
    for (; i < raw.length; i++) {
      if (raw[i] <= 0 || raw[i] == '\n') {
        return false;
      }
    }
    return true;
  }
}
