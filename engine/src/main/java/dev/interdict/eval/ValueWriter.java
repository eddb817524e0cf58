package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.builtins.Rego;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * Builds Rego values in a module's memory, laid out as {@link Values} says, in blocks from the
 * module's own allocator. Each method returns the value's address.
 */
final class ValueWriter {
  private final PolicyMemory memory;
  private final IntUnaryOperator malloc;

  ValueWriter(PolicyMemory memory, IntUnaryOperator malloc) {
    this.memory = memory;
    this.malloc = malloc;
  }

  int allocate(int bytes) {
    return malloc.applyAsInt(bytes);
  }

  /** Any value that {@link Values#read} can return. */
  int write(Object value) {
    return switch (value) {
      case Boolean b -> bool(b);
      // See InputCells.number.
      case Long l -> l == l.intValue() ? number(l) : decimal(l.toString());
      case BigDecimal d -> decimal(d.toString());
      case String s -> text(s);
      case List<?> l -> array(writeAll(l));
      case Set<?> s -> set(s);
      case Map<?, ?> m -> object(m);
      case Rego.Null n -> header(4, Values.NULL_TYPE);
      default -> throw new IllegalArgumentException("no Rego value: " + value.getClass());
    };
  }

  int bool(boolean value) {
    int address = header(4, Values.BOOLEAN);
    memory.writeByte(address + 1, (byte) (value ? 1 : 0));
    return address;
  }

  int number(long value) {
    int address = header(24, Values.NUMBER);
    memory.writeByte(address + 1, (byte) Values.NUMBER_INT);
    memory.writeLong(address + 8, value);
    return address;
  }

  private int decimal(String digits) {
    int address = header(24, Values.NUMBER);
    memory.writeByte(address + 1, (byte) Values.NUMBER_REF);
    memory.writeI32(address + 8, bytes(digits.getBytes(UTF_8)));
    memory.writeI32(address + 12, digits.length());
    return address;
  }

  int text(String value) {
    byte[] utf8 = value.getBytes(UTF_8);
    int address = header(12, Values.STRING);
    memory.writeI32(address + 4, utf8.length);
    memory.writeI32(address + 8, bytes(utf8));
    return address;
  }

  /** Copies bytes into a block of their own. */
  int bytes(byte[] bytes) {
    int address = allocate(Math.max(1, bytes.length));
    memory.write(address, bytes);
    return address;
  }

  private int[] writeAll(Collection<?> values) {
    int[] addresses = new int[values.size()];
    int n = 0;
    for (Object value : values) {
      addresses[n++] = write(value);
    }
    return addresses;
  }

  /** An array of these values. */
  int array(int... values) {
    int elements = allocate(Math.max(8, 8 * values.length));
    for (int i = 0; i < values.length; i++) {
      memory.writeI32(elements + 8 * i, number(i));
      memory.writeI32(elements + 8 * i + 4, values[i]);
    }
    int address = header(16, Values.ARRAY);
    memory.writeI32(address + 4, elements);
    memory.writeI32(address + 8, values.length);
    memory.writeI32(address + 12, Math.max(1, values.length));
    return address;
  }

  private int object(Map<?, ?> map) {
    int count = bucketCount(map.size());
    int buckets = buckets(count);
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      int slot = buckets + 4 * Integer.remainderUnsigned(hash(entry.getKey()), count);
      int element = allocate(12);
      memory.writeI32(element, write(entry.getKey()));
      memory.writeI32(element + 4, write(entry.getValue()));
      link(slot, element, element + 8);
    }
    return table(Values.OBJECT, buckets, count, map.size());
  }

  /**
   * An object of text keys over values that exist. The number of buckets is chosen so that keys
   * share them as little as possible: each look-up by the policy then compares one key.
   */
  int object(List<byte[]> keys, int[] values) {
    int count = sparseBuckets(keys);
    int buckets = buckets(count);
    for (int i = 0; i < values.length; i++) {
      int slot = buckets + 4 * Integer.remainderUnsigned(Values.hash(keys.get(i)), count);
      int element = allocate(12);
      memory.writeI32(element, text(new String(keys.get(i), UTF_8)));
      memory.writeI32(element + 4, values[i]);
      link(slot, element, element + 8);
    }
    return table(Values.OBJECT, buckets, count, values.length);
  }

  private static int sparseBuckets(List<byte[]> keys) {
    int best = 8;
    long most = -1;
    for (int count = 8; count <= 64; count++) {
      int n = count;
      long used =
          keys.stream()
              .mapToInt(k -> Integer.remainderUnsigned(Values.hash(k), n))
              .distinct()
              .count();
      if (used > most) {
        most = used;
        best = count;
      }
    }
    return best;
  }

  private int set(Set<?> set) {
    int count = bucketCount(set.size());
    int buckets = buckets(count);
    for (Object value : set) {
      int slot = buckets + 4 * Integer.remainderUnsigned(hash(value), count);
      int element = allocate(8);
      memory.writeI32(element, write(value));
      link(slot, element, element + 4);
    }
    return table(Values.SET, buckets, count, set.size());
  }

  private void link(int slot, int element, int next) {
    memory.writeI32(next, memory.readInt(slot));
    memory.writeI32(slot, element);
  }

  private static int bucketCount(int size) {
    return Math.max(8, Integer.highestOneBit(size) * 4);
  }

  private int buckets(int count) {
    int address = allocate(4 * count);
    memory.fill((byte) 0, address, address + 4 * count);
    return address;
  }

  private int table(int type, int buckets, int count, int length) {
    int address = header(16, type);
    memory.writeI32(address + 4, buckets);
    memory.writeI32(address + 8, count);
    memory.writeI32(address + 12, length);
    return address;
  }

  private int header(int bytes, int type) {
    int address = allocate(bytes);
    memory.fill((byte) 0, address, address + bytes);
    memory.writeByte(address, (byte) type);
    return address;
  }

  /* opa_value_hash: what decides the bucket. */
  private static int hash(Object value) {
    return switch (value) {
      case Boolean b -> b ? 0 : 1;
      case Long l -> hash((double) l);
      case BigDecimal d -> hash(d.doubleValue());
      case String s -> Values.hash(s.getBytes(UTF_8));
      case Collection<?> c -> c.stream().mapToInt(ValueWriter::hash).sum();
      case Map<?, ?> m ->
          m.entrySet().stream().mapToInt(e -> hash(e.getKey()) + hash(e.getValue())).sum();
      default -> 0;
    };
  }

  private static int hash(double value) {
    long bits = Double.doubleToRawLongBits(value);
    byte[] bytes = new byte[8];
    for (int i = 0; i < 8; i++) {
      bytes[i] = (byte) (bits >>> (8 * i));
    }
    return Values.hash(bytes);
  }
}
