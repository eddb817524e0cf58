package dev.interdict.libbpf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The type information of a BPF object: which structures and enums it has, and where their fields
 * lie. Immutable.
 *
 * <p>Format: Documentation/bpf/btf.rst of the kernel.
 */
public final class Btf {
  private static final int MAGIC = 0xeb9f;
  private static final int INT = 1;
  private static final int PTR = 2;
  private static final int ARRAY = 3;
  private static final int STRUCT = 4;
  private static final int UNION = 5;
  private static final int ENUM = 6;
  private static final int TYPEDEF = 8;
  private static final int VOLATILE = 9;
  private static final int CONST = 10;
  private static final int RESTRICT = 11;
  private static final int FUNC_PROTO = 13;
  private static final int VAR = 14;
  private static final int DATASEC = 15;
  private static final int FLOAT = 16;
  private static final int DECL_TAG = 17;
  private static final int TYPE_TAG = 18;
  private static final int ENUM64 = 19;

  /** Deeper nesting than this is a loop. */
  private static final int MAX_DEPTH = 32;

  private record Type(String name, int kind, int count, boolean flag, int sizeOrType, int body) {}

  /**
   * A member of a structure. Those of anonymous members count as the structure's own.
   *
   * @param offset bytes from the start of the structure
   * @param size bytes, of all elements if it is an array
   */
  public record Field(String name, int offset, int size) {}

  /** A structure; fields in the order of the source. */
  public record Struct(String name, int size, List<Field> fields) {}

  private final ByteBuffer bytes;
  private final int strings;
  private final List<Type> types = new ArrayList<>();

  private Btf(byte[] raw) {
    bytes = ByteBuffer.wrap(raw).order(ByteOrder.nativeOrder());
    if ((bytes.getShort(0) & 0xffff) != MAGIC) {
      throw new BpfException("read BTF", "", 0, "it does not start with 0xeb9f");
    }
    int header = bytes.getInt(4);
    int start = header + bytes.getInt(8);
    strings = header + bytes.getInt(16);
    types.add(new Type("void", 0, 0, false, 0, 0));
    for (int at = start, end = start + bytes.getInt(12); at < end; ) {
      int info = bytes.getInt(at + 4);
      Type type =
          new Type(
              string(bytes.getInt(at)),
              info >>> 24 & 0x1f,
              info & 0xffff,
              info < 0,
              bytes.getInt(at + 8),
              at + 12);
      types.add(type);
      at = type.body + bodyBytes(type);
    }
  }

  /**
   * Parses the contents of a {@code .BTF} section.
   *
   * @throws BpfException if it is malformed
   */
  public static Btf parse(byte[] raw) {
    try {
      return new Btf(raw);
    } catch (IndexOutOfBoundsException e) {
      throw new BpfException("read BTF", "", 0, "it is cut off: " + e.getMessage());
    }
  }

  /**
   * The structures and enums that a global variable's type is made of, at any depth, without that
   * type itself and without what pointers lead to.
   *
   * @param structs by name
   * @param enums by name: constants and their values
   */
  public record Parts(Map<String, Struct> structs, Map<String, Map<String, Long>> enums) {}

  /**
   * What {@code variable} is made of.
   *
   * @throws BpfException if there is no such variable
   */
  public Parts parts(String variable) {
    Parts parts = new Parts(new TreeMap<>(), new TreeMap<>());
    for (Type type : types) {
      if (type.kind == VAR && type.name.equals(variable)) {
        collectMembers(resolve(type.sizeOrType), parts, 0);
        return parts;
      }
    }
    throw new BpfException("find type of variable", variable, 0, "it is not in the BTF");
  }

  private void collectMembers(Type type, Parts parts, int depth) {
    checkDepth(depth);
    for (int i = 0; i < type.count; i++) {
      Type of = resolve(bytes.getInt(type.body + i * 12 + 4));
      while (of.kind == ARRAY) {
        of = resolve(bytes.getInt(of.body));
      }
      switch (of.kind) {
        case STRUCT, UNION -> {
          if (of.kind == STRUCT && !of.name.isEmpty()) {
            parts.structs.put(of.name, new Struct(of.name, of.sizeOrType, fields(of)));
          }
          collectMembers(of, parts, depth + 1);
        }
        case ENUM, ENUM64 -> parts.enums.put(of.name, constants(of));
        default -> {}
      }
    }
  }

  private Map<String, Long> constants(Type type) {
    Map<String, Long> constants = new LinkedHashMap<>();
    int stride = type.kind == ENUM ? 8 : 12;
    for (int i = 0; i < type.count; i++) {
      int at = type.body + i * stride;
      long value = bytes.getInt(at + 4);
      if (type.kind == ENUM64) {
        value = (value & 0xffffffffL) | (long) bytes.getInt(at + 8) << 32;
      }
      constants.put(string(bytes.getInt(at)), value);
    }
    return Collections.unmodifiableMap(constants);
  }

  private List<Field> fields(Type type) {
    List<Field> fields = new ArrayList<>();
    addFields(type, 0, fields, 0);
    return List.copyOf(fields);
  }

  private void addFields(Type type, int base, List<Field> fields, int depth) {
    checkDepth(depth);
    for (int i = 0; i < type.count; i++) {
      int at = type.body + i * 12;
      String name = string(bytes.getInt(at));
      int member = bytes.getInt(at + 4);
      int bits = bytes.getInt(at + 8);
      if (type.flag && bits >>> 24 != 0) {
        throw new BpfException("read BTF", type.name + "." + name, 0, "bit fields have no twin");
      }
      int offset = base + (bits & 0xffffff) / 8;
      Type of = resolve(member);
      if (name.isEmpty() && (of.kind == STRUCT || of.kind == UNION)) {
        addFields(of, offset, fields, depth + 1);
      } else {
        fields.add(new Field(name, offset, size(of, 0)));
      }
    }
  }

  private int size(Type type, int depth) {
    checkDepth(depth);
    return switch (type.kind) {
      case PTR -> Long.BYTES;
      case ARRAY -> bytes.getInt(type.body + 8) * size(resolve(bytes.getInt(type.body)), depth + 1);
      case INT, STRUCT, UNION, ENUM, ENUM64, FLOAT -> type.sizeOrType;
      default -> 0;
    };
  }

  /** Behind typedefs and qualifiers. */
  private Type resolve(int id) {
    Type type = types.get(id);
    for (int depth = 0; ; depth++) {
      checkDepth(depth);
      switch (type.kind) {
        case TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG -> type = types.get(type.sizeOrType);
        default -> {
          return type;
        }
      }
    }
  }

  private static void checkDepth(int depth) {
    if (depth > MAX_DEPTH) {
      throw new BpfException("read BTF", "", 0, "types are nested without end");
    }
  }

  private static int bodyBytes(Type type) {
    return switch (type.kind) {
      case INT, VAR, DECL_TAG -> 4;
      case ARRAY -> 12;
      case STRUCT, UNION, DATASEC, ENUM64 -> 12 * type.count;
      case ENUM, FUNC_PROTO -> 8 * type.count;
      default -> 0;
    };
  }

  private String string(int offset) {
    int start = strings + offset;
    int end = start;
    while (bytes.get(end) != 0) {
      end++;
    }
    return new String(bytes.array(), start, end - start, StandardCharsets.UTF_8);
  }
}
