package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.event.ReadSet;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A module of OPA's ABI that OPA would never make: as much of it as loading needs, and any body for
 * {@code eval}. Assembled by hand, byte by byte.
 */
final class TinyModule {
  /** Branches back for ever. */
  static final byte[] LOOP = {0x03, 0x40, 0x0c, 0x00, 0x0b, 0x41, 0x00};

  /** Calls itself; {@code eval} is function 7, behind seven imports. */
  static final byte[] RECURSION = {0x41, 0x00, 0x10, 0x07};

  static final byte[] UNREACHABLE = {0x00};

  /** Reads at 0x7ffffff0. */
  static final byte[] WILD_READ = {
    0x41, (byte) 0xf0, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07, 0x28, 0x02, 0x00
  };

  /** Grows by 64 pages as long as it may. */
  static final byte[] MEMORY_BOMB = {
    0x03, 0x40, 0x41, (byte) 0xc0, 0x00, 0x40, 0x00, 0x41, 0x7f, 0x47, 0x0d, 0x00, 0x0b, 0x00
  };

  /** Returns, without a result. */
  static final byte[] NOTHING = {0x41, 0x00};

  /** Calls opa_abort with the text at 64. */
  static final byte[] ABORT = {0x41, (byte) 0xc0, 0x00, 0x10, 0x00, 0x41, 0x00};

  /** Calls opa_abort with a text that does not end soon. */
  static final byte[] ENDLESS_ABORT = {
    0x41, (byte) 0x80, (byte) 0xc0, 0x00, 0x10, 0x00, 0x41, 0x00
  };

  /** Calls builtin 77. */
  static final byte[] UNDECLARED_BUILTIN = {
    0x41, (byte) 0xcd, 0x00, 0x41, 0x00, 0x10, 0x01, 0x1a, 0x41, 0x00
  };

  private static final int ENTRYPOINTS = 0x400;
  private static final int BUILTINS = 0x500;

  private byte[] eval = NOTHING;
  private byte[] context = cat(b(0x41), leb(0x600));
  private byte[] builtin = {};
  private int major = 1;
  private int minor = 3;
  private String extraImport;
  private String missingExport = "";
  private boolean startLoops;

  TinyModule eval(byte[] body) {
    eval = body;
    return this;
  }

  /** The body of {@code opa_eval_ctx_new}, which is function 15 and takes nothing. */
  TinyModule context(byte[] body) {
    context = body;
    return this;
  }

  TinyModule version(int newMajor, int newMinor) {
    major = newMajor;
    minor = newMinor;
    return this;
  }

  TinyModule imports(String name) {
    extraImport = name;
    return this;
  }

  TinyModule without(String export) {
    missingExport = export;
    return this;
  }

  TinyModule wantsBuiltin(String name) {
    builtin = name.getBytes(UTF_8);
    return this;
  }

  TinyModule startLoops() {
    startLoops = true;
    return this;
  }

  CompiledPolicy policy() {
    return new CompiledPolicy(
        "tiny", "test", bytes(), "{}".getBytes(UTF_8), new ReadSet(Set.of()), Set.of(), List.of());
  }

  byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {0, 'a', 's', 'm', 1, 0, 0, 0});
    // Types: (i32)->i32, (i32)->(), ()->i32, (i32,i32)->i32, then those of the builtins.
    section(out, 1, vector(types()));
    section(out, 2, vector(imports()));
    section(out, 3, vector(List.of(b(0), b(2), b(2), b(2), b(1), b(3), b(0), b(9), b(2))));
    // Globals: the ABI's version, and the heap pointer.
    section(out, 6, vector(List.of(global(major, 0), global(minor, 0), global(0x8000, 1))));
    section(out, 7, vector(exports()));
    if (startLoops) {
      section(out, 8, leb(functions() + 7));
    }
    section(out, 10, vector(bodies()));
    section(
        out,
        11,
        vector(
            List.of(
                cat(b(0, 0x41, 0xc0, 0x00, 0x0b), sized("boom\0".getBytes(UTF_8))),
                cat(b(0, 0x41), leb(BUILTINS), b(0x0b), sized(object(BUILTINS, builtin, 0))),
                cat(
                    b(0, 0x41),
                    leb(ENTRYPOINTS),
                    b(0x0b),
                    sized(object(ENTRYPOINTS, "interdict/decision".getBytes(UTF_8), 0))),
                cat(b(0, 0x41), leb(0x2000), b(0x0b), sized("x".repeat(4096).getBytes(UTF_8))))));
    return out.toByteArray();
  }

  private int functions() {
    return extraImport == null ? 7 : 8;
  }

  private static List<byte[]> types() {
    List<byte[]> types = new ArrayList<>();
    types.add(b(0x60, 1, 0x7f, 1, 0x7f));
    types.add(b(0x60, 1, 0x7f, 0));
    types.add(b(0x60, 0, 1, 0x7f));
    types.add(b(0x60, 2, 0x7f, 0x7f, 1, 0x7f));
    for (int n = 2; n <= 6; n++) {
      ByteArrayOutputStream type = new ByteArrayOutputStream();
      type.writeBytes(b(0x60, n));
      type.writeBytes("\u007f".repeat(n).getBytes(UTF_8));
      type.writeBytes(b(1, 0x7f));
      types.add(type.toByteArray());
    }
    types.add(b(0x60, 0, 0));
    return types;
  }

  private List<byte[]> imports() {
    List<byte[]> imports = new ArrayList<>();
    imports.add(cat(name("env"), name("memory"), b(2, 0, 2)));
    imports.add(cat(name("env"), name("opa_abort"), b(0, 1)));
    for (int n = 0; n <= 4; n++) {
      imports.add(cat(name("env"), name("opa_builtin" + n), b(0, 4 + n)));
    }
    imports.add(cat(name("env"), name("opa_println"), b(0, 1)));
    if (extraImport != null) {
      imports.add(cat(name("env"), name(extraImport), b(0, 1)));
    }
    return imports;
  }

  private List<byte[]> exports() {
    String[] names = {
      "eval",
      "builtins",
      "entrypoints",
      "opa_heap_ptr_get",
      "opa_heap_ptr_set",
      "opa_json_parse",
      "opa_malloc"
    };
    List<byte[]> exports = new ArrayList<>();
    for (int i = 0; i < names.length; i++) {
      if (!names[i].equals(missingExport)) {
        exports.add(cat(name(names[i]), b(0), leb(functions() + i)));
      }
    }
    exports.add(cat(name("opa_value_parse"), b(0), leb(functions() + 5)));
    exports.add(cat(name("opa_eval_ctx_new"), b(0), leb(functions() + 8)));
    exports.add(cat(name("opa_wasm_abi_version"), b(3, 0)));
    exports.add(cat(name("opa_wasm_abi_minor_version"), b(3, 1)));
    return exports;
  }

  private List<byte[]> bodies() {
    byte[] malloc = cat(b(0x23, 2, 0x23, 2, 0x20, 0, 0x6a, 0x24, 2));
    return List.of(
        body(eval),
        body(cat(b(0x41), leb(BUILTINS))),
        body(cat(b(0x41), leb(ENTRYPOINTS))),
        body(b(0x23, 2)),
        body(b(0x20, 0, 0x24, 2)),
        body(b(0x41, 0x80, 0x0a)),
        body(malloc),
        body(b(0x03, 0x40, 0x0c, 0x00, 0x0b)),
        body(context));
  }

  /* An opa_object of one key and the number 0, or of none, laid out at an address. */
  private static byte[] object(int at, byte[] key, int number) {
    byte[] memory = new byte[0x100];
    memory[0] = 6;
    put(memory, 4, at + 0x10);
    put(memory, 8, 1);
    put(memory, 12, key.length == 0 ? 0 : 1);
    put(memory, 0x10, key.length == 0 ? 0 : at + 0x20);
    put(memory, 0x20, at + 0x30);
    put(memory, 0x24, at + 0x40);
    memory[0x30] = 4;
    put(memory, 0x34, key.length);
    put(memory, 0x38, at + 0x60);
    memory[0x40] = 3;
    memory[0x41] = 1;
    put(memory, 0x48, number);
    System.arraycopy(key, 0, memory, 0x60, key.length);
    return memory;
  }

  private static void put(byte[] memory, int at, int value) {
    for (int i = 0; i < 4; i++) {
      memory[at + i] = (byte) (value >>> (8 * i));
    }
  }

  private static byte[] global(int value, int mutable) {
    return cat(b(0x7f, mutable, 0x41), leb(value), b(0x0b));
  }

  private static byte[] body(byte[] code) {
    return sized(cat(b(0), code, b(0x0b)));
  }

  private static byte[] name(String text) {
    return sized(text.getBytes(UTF_8));
  }

  private static byte[] sized(byte[] bytes) {
    return cat(unsigned(bytes.length), bytes);
  }

  private static byte[] vector(List<byte[]> items) {
    return cat(unsigned(items.size()), cat(items.toArray(new byte[0][])));
  }

  private static void section(ByteArrayOutputStream out, int id, byte[] content) {
    out.write(id);
    out.writeBytes(sized(content));
  }

  private static byte[] unsigned(int value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int rest = value;
    for (; rest >= 0x80; rest >>>= 7) {
      out.write((rest & 0x7f) | 0x80);
    }
    out.write(rest);
    return out.toByteArray();
  }

  /* Signed LEB128 of a value that is not negative. */
  private static byte[] leb(int value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int rest = value;
    for (; rest >= 0x40; rest >>>= 7) {
      out.write((rest & 0x7f) | 0x80);
    }
    out.write(rest);
    return out.toByteArray();
  }

  private static byte[] b(int... bytes) {
    byte[] out = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      out[i] = (byte) bytes[i];
    }
    return out;
  }

  private static byte[] cat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
