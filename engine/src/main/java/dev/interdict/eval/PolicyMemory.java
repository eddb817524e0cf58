package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.dylibso.chicory.runtime.ConstantEvaluators;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.types.ActiveDataSegment;
import com.dylibso.chicory.wasm.types.DataSegment;
import com.dylibso.chicory.wasm.types.PassiveDataSegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The linear memory of one instance: one array, so that an access costs one bounds check. It grows
 * to a limit and no further, and remembers that more was asked for.
 *
 * <p>Access outside of it throws {@link IndexOutOfBoundsException}. Not thread-safe.
 */
final class PolicyMemory implements Memory {
  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle FLOATS =
      MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle DOUBLES =
      MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

  private final int initialPages;
  private final int maximumPages;
  private byte[] bytes;
  private int pages;
  private boolean refused;
  private DataSegment[] segments = {};

  PolicyMemory(int initialPages, int maximumPages) {
    this.initialPages = initialPages;
    this.maximumPages = maximumPages;
    this.pages = initialPages;
    this.bytes = new byte[initialPages * PAGE_SIZE];
  }

  /** The array behind it; another one after the module has grown it. */
  byte[] array() {
    return bytes;
  }

  /** Whether the module has asked for more than it may have. */
  boolean refusedGrowth() {
    return refused;
  }

  @Override
  public int pages() {
    return pages;
  }

  @Override
  public int initialPages() {
    return initialPages;
  }

  @Override
  public int maximumPages() {
    return maximumPages;
  }

  @Override
  public boolean shared() {
    return false;
  }

  /*
   * OPA's allocator asks for one page at a time. The array therefore grows by half at least: bytes
   * between the last page and its end are zero and nobody's.
   */
  @Override
  public int grow(int by) {
    int before = pages;
    long wanted = before + Integer.toUnsignedLong(by);
    if (wanted > maximumPages) {
      refused = true;
      return -1;
    }
    int needed = (int) wanted * PAGE_SIZE;
    if (needed > bytes.length) {
      int roomy = Math.min(maximumPages * PAGE_SIZE, bytes.length + bytes.length / 2);
      try {
        bytes = Arrays.copyOf(bytes, Math.max(needed, roomy));
      } catch (OutOfMemoryError e) {
        refused = true;
        return -1;
      }
    }
    pages = (int) wanted;
    return before;
  }

  @Override
  public void initialize(Instance instance, DataSegment[] dataSegments) {
    segments = dataSegments == null ? new DataSegment[0] : dataSegments.clone();
    for (DataSegment segment : segments) {
      if (segment instanceof ActiveDataSegment active) {
        int offset =
            (int) ConstantEvaluators.computeConstantValue(instance, active.offsetInstructions())[0];
        write(offset, active.data());
      }
    }
  }

  @Override
  public void initPassiveSegment(int segment, int destination, int offset, int size) {
    write(destination, segments[segment].data(), offset, size);
  }

  @Override
  public void drop(int segment) {
    segments[segment] = PassiveDataSegment.EMPTY;
  }

  @Override
  public void zero() {
    Arrays.fill(bytes, (byte) 0);
  }

  @Override
  public void fill(byte value, int from, int to) {
    Arrays.fill(bytes, from, to, value);
  }

  @Override
  public void copy(int destination, int source, int size) {
    System.arraycopy(bytes, source, bytes, destination, size);
  }

  @Override
  public void write(int address, byte[] data, int offset, int size) {
    System.arraycopy(data, offset, bytes, address, size);
  }

  @Override
  public byte[] readBytes(int address, int size) {
    byte[] copy = new byte[size];
    System.arraycopy(bytes, address, copy, 0, size);
    return copy;
  }

  /**
   * The text up to the next zero byte.
   *
   * @throws IndexOutOfBoundsException if none comes within {@code limit} bytes
   */
  String readText(int address, int limit) {
    for (int i = 0; i < limit; i++) {
      if (bytes[address + i] == 0) {
        return new String(bytes, address, i, UTF_8);
      }
    }
    throw new IndexOutOfBoundsException("text without an end within " + limit + " bytes");
  }

  @Override
  public byte read(int address) {
    return bytes[address];
  }

  @Override
  public void writeByte(int address, byte value) {
    bytes[address] = value;
  }

  @Override
  public short readShort(int address) {
    return (short) SHORTS.get(bytes, address);
  }

  @Override
  public long readU16(int address) {
    return readShort(address) & 0xffff;
  }

  @Override
  public void writeShort(int address, short value) {
    SHORTS.set(bytes, address, value);
  }

  @Override
  public int readInt(int address) {
    return (int) INTS.get(bytes, address);
  }

  @Override
  public void writeI32(int address, int value) {
    INTS.set(bytes, address, value);
  }

  @Override
  public long readLong(int address) {
    return (long) LONGS.get(bytes, address);
  }

  @Override
  public void writeLong(int address, long value) {
    LONGS.set(bytes, address, value);
  }

  @Override
  public float readFloat(int address) {
    return (float) FLOATS.get(bytes, address);
  }

  @Override
  public long readF32(int address) {
    return readInt(address);
  }

  @Override
  public void writeF32(int address, float value) {
    FLOATS.set(bytes, address, value);
  }

  @Override
  public double readDouble(int address) {
    return (double) DOUBLES.get(bytes, address);
  }

  @Override
  public long readF64(int address) {
    return readLong(address);
  }

  @Override
  public void writeF64(int address, double value) {
    DOUBLES.set(bytes, address, value);
  }

  @Override
  @Deprecated
  @SuppressWarnings("removal")
  public Object lock(int address) {
    throw notShared();
  }

  @Override
  @Deprecated
  @SuppressWarnings("removal")
  public int waitOn(int address, int expected, long timeout) {
    throw notShared();
  }

  @Override
  @Deprecated
  @SuppressWarnings("removal")
  public int waitOn(int address, long expected, long timeout) {
    throw notShared();
  }

  @Override
  @Deprecated
  @SuppressWarnings("removal")
  public int notify(int address, int threads) {
    throw notShared();
  }

  private static ChicoryException notShared() {
    return new ChicoryException("a policy's memory is not shared: no atomics");
  }
}
