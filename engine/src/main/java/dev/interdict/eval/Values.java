package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.builtins.Numbers;
import dev.interdict.builtins.Rego;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rego values in a module's memory: {@code opa_value} of OPA's {@code wasm/src/value.h}.
 *
 * <pre>
 * boolean  type:u8 v:u8
 * number   type:u8 repr:u8      @8 i:s64, or text:u32 length:u32
 * string   type:u8 free:u8      @4 length:u32 text:u32
 * array    type:u8              @4 elements:u32 length:u32 capacity:u32; an element is index:u32 value:u32
 * object   type:u8              @4 buckets:u32 count:u32 length:u32; a bucket is a list of key:u32 value:u32 next:u32
 * set      type:u8              @4 buckets:u32 count:u32 length:u32; a bucket is a list of value:u32 next:u32
 * </pre>
 *
 * <p>Reading trusts nothing: an address outside of memory throws {@link IndexOutOfBoundsException},
 * more values or a deeper nesting than allowed throw {@link TooLarge}.
 */
final class Values {
  static final int NULL_TYPE = 1;
  static final int BOOLEAN = 2;
  static final int NUMBER = 3;
  static final int STRING = 4;
  static final int ARRAY = 5;
  static final int OBJECT = 6;
  static final int SET = 7;
  static final int STRING_INTERNED = 8;
  static final int BOOLEAN_INTERNED = 9;

  static final int NUMBER_INT = 1;
  static final int NUMBER_REF = 2;

  private static final int DEPTH_MAX = 64;

  /** A value is larger than its reader accepts. */
  static final class TooLarge extends RuntimeException {
    TooLarge(String message) {
      super(message, null, false, false);
    }
  }

  private final PolicyMemory memory;
  private long budget;

  Values(PolicyMemory memory) {
    this.memory = memory;
  }

  /**
   * The value at {@code address} as a Java value (see {@link Builtin}).
   *
   * @param limit most values and bytes of text that may be read
   */
  Object read(int address, long limit) {
    budget = limit;
    return read(address, 0);
  }

  private Object read(int address, int depth) {
    if (depth > DEPTH_MAX) {
      throw new TooLarge("nested deeper than " + DEPTH_MAX);
    }
    spend(1);
    int type = memory.read(address);
    return switch (type) {
      case NULL_TYPE -> Rego.Null.NULL;
      case BOOLEAN, BOOLEAN_INTERNED -> memory.read(address + 1) != 0;
      case NUMBER -> number(address);
      case STRING, STRING_INTERNED -> string(address);
      case ARRAY -> array(address, depth);
      case OBJECT -> object(address, depth);
      case SET -> set(address, depth);
      default -> throw new IndexOutOfBoundsException("no value at " + address);
    };
  }

  private Object number(int address) {
    if (memory.read(address + 1) == NUMBER_INT) {
      return memory.readLong(address + 8);
    }
    return Numbers.parse(text(memory.readInt(address + 8), memory.readInt(address + 12)));
  }

  private String string(int address) {
    return text(memory.readInt(address + 8), memory.readInt(address + 4));
  }

  private String text(int address, int length) {
    spend(Integer.toUnsignedLong(length));
    return new String(memory.array(), address, length, UTF_8);
  }

  private List<Object> array(int address, int depth) {
    int elements = memory.readInt(address + 4);
    int length = memory.readInt(address + 8);
    List<Object> list = new ArrayList<>(Math.min(length, 64));
    for (int i = 0; i < length; i++) {
      list.add(read(memory.readInt(elements + 8 * i + 4), depth + 1));
    }
    return list;
  }

  private Map<Object, Object> object(int address, int depth) {
    int buckets = memory.readInt(address + 4);
    int count = memory.readInt(address + 8);
    Map<Object, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      spend(1);
      for (int e = memory.readInt(buckets + 4 * i); e != 0; e = memory.readInt(e + 8)) {
        map.put(read(memory.readInt(e), depth + 1), read(memory.readInt(e + 4), depth + 1));
      }
    }
    return map;
  }

  private Set<Object> set(int address, int depth) {
    int buckets = memory.readInt(address + 4);
    int count = memory.readInt(address + 8);
    Set<Object> set = new LinkedHashSet<>();
    for (int i = 0; i < count; i++) {
      spend(1);
      for (int e = memory.readInt(buckets + 4 * i); e != 0; e = memory.readInt(e + 4)) {
        set.add(read(memory.readInt(e), depth + 1));
      }
    }
    return set;
  }

  private void spend(long amount) {
    budget -= amount;
    if (budget < 0) {
      throw new TooLarge("larger than allowed");
    }
  }

  /** The type at {@code address}, interned forms as their plain ones. */
  int type(int address) {
    int type = memory.read(address);
    return type == STRING_INTERNED ? STRING : type == BOOLEAN_INTERNED ? BOOLEAN : type;
  }

  /** Address of the value under a key of ASCII text; 0 if there is none or this is no object. */
  int get(int object, byte[] key) {
    int slot = slot(object, key);
    return slot == 0 ? 0 : memory.readInt(slot);
  }

  /** Where the address of the value under {@code key} is stored; 0 as {@link #get}. */
  int slot(int object, byte[] key) {
    int count = memory.read(object) == OBJECT ? memory.readInt(object + 8) : 0;
    if (count == 0) {
      return 0;
    }
    int bucket = Integer.remainderUnsigned(hash(key), count);
    int e = memory.readInt(memory.readInt(object + 4) + 4 * bucket);
    for (int steps = 0; e != 0 && steps < 64; steps++) {
      if (isText(memory.readInt(e), key)) {
        return e + 4;
      }
      e = memory.readInt(e + 8);
    }
    return 0;
  }

  private boolean isText(int address, byte[] text) {
    if (type(address) != STRING || memory.readInt(address + 4) != text.length) {
      return false;
    }
    int at = memory.readInt(address + 8);
    byte[] bytes = memory.array();
    for (int i = 0; i < text.length; i++) {
      if (bytes[at + i] != text[i]) {
        return false;
      }
    }
    return true;
  }

  /** The one element of a set; 0 if this is no set of one. */
  int only(int set) {
    if (memory.read(set) != SET || memory.readInt(set + 12) != 1) {
      return 0;
    }
    int buckets = memory.readInt(set + 4);
    int count = memory.readInt(set + 8);
    for (int i = 0; i < count; i++) {
      int e = memory.readInt(buckets + 4 * i);
      if (e != 0) {
        return memory.readInt(e);
      }
    }
    return 0;
  }

  /** Number of elements of an array; -1 if this is none. */
  int arrayLength(int address) {
    return memory.read(address) == ARRAY ? memory.readInt(address + 8) : -1;
  }

  /** {@code opa_value_hash} of a string: FNV-1 with the multiplication first. */
  static int hash(byte[] text) {
    int hash = 0x811c9dc5;
    for (byte b : text) {
      hash = (hash * 0x01000193) ^ (b & 0xff);
    }
    return hash;
  }
}
