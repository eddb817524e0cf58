package dev.interdict.eval;

import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.InterpreterMachine;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.Export;
import com.dylibso.chicory.wasm.types.ExternalType;
import com.dylibso.chicory.wasm.types.Import;
import com.dylibso.chicory.wasm.types.MemoryImport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One module of OPA's WebAssembly ABI, checked and translated to JVM classes. Immutable; safe for
 * use by many threads.
 *
 * <p>The ABI is described in OPA's documentation, "Wasm: ABI". Versions 1.1 to 1.3 differ in
 * exports that are not used here.
 */
final class OpaModule {
  static final int ABI_MAJOR = 1;
  static final int ABI_MINOR_FROM = 1;
  static final int ABI_MINOR_TO = 3;

  /**
   * OPA's own runtime is 0.5 MB with regular expressions; the largest policies seen add as much.
   */
  static final int WASM_BYTES_MAX = 16 << 20;

  private static final Set<String> IMPORTS =
      Set.of(
          "opa_abort",
          "opa_println",
          "opa_builtin0",
          "opa_builtin1",
          "opa_builtin2",
          "opa_builtin3",
          "opa_builtin4");
  private static final Set<String> EXPORTS =
      Set.of(
          "eval",
          "builtins",
          "entrypoints",
          "opa_eval_ctx_new",
          "opa_heap_ptr_get",
          "opa_heap_ptr_set",
          "opa_json_parse",
          "opa_malloc",
          "opa_value_parse");

  private final WasmModule wasm;
  private final PolicyCode.Loaded code;

  private OpaModule(WasmModule wasm, PolicyCode.Loaded code) {
    this.wasm = wasm;
    this.code = code;
  }

  /**
   * Parses, checks and translates, or finds the translation in the cache.
   *
   * @param policy for messages
   * @param classCache null: none
   * @throws InvalidModuleException if this is not a module of the ABI
   * @throws IOException if the cache cannot be used
   */
  static OpaModule load(String policy, byte[] bytes, Path classCache)
      throws InvalidModuleException, IOException {
    ClassCache cache = classCache == null ? null : new ClassCache(classCache);
    String digest = digest(bytes);
    PolicyCode code = cache == null ? null : cache.get(digest);
    try {
      if (code == null) {
        code = Translation.of(parse(policy, bytes));
        if (cache != null) {
          cache.put(digest, code);
        }
      }
      return new OpaModule(ModuleFrame.of(bytes), code.load());
    } catch (ChicoryException | LinkageError e) {
      throw new InvalidModuleException(policy, whyNot(String.valueOf(e.getMessage())), e);
    }
  }

  /** Under which a class cache has the module. */
  static String digest(byte[] bytes) {
    return HexFormat.of().formatHex(ClassCache.sha256(bytes));
  }

  private static final Pattern TOO_LARGE =
      Pattern.compile("size exceeds.*name: (?:g[0-9]+\\.)?([^)]*)\\)", Pattern.DOTALL);

  private static String whyNot(String message) {
    Matcher tooLarge = TOO_LARGE.matcher(message);
    return tooLarge.find()
        ? tooLarge.group(1)
            + " is too large a rule to run as machine code; split it into several rules, and move"
            + " what it compares with into data"
        : "cannot be translated: " + message;
  }

  /** Parses and checks, and interprets: a thousand times slower to run, but at once. */
  static OpaModule interpreted(String policy, byte[] bytes) throws InvalidModuleException {
    WasmModule wasm = parse(policy, bytes);
    return new OpaModule(wasm, null);
  }

  private static WasmModule parse(String policy, byte[] bytes) throws InvalidModuleException {
    if (bytes.length > WASM_BYTES_MAX) {
      throw new InvalidModuleException(
          policy, "module of " + bytes.length + " bytes; the limit is " + WASM_BYTES_MAX);
    }
    WasmModule wasm;
    try {
      wasm = Parser.parse(bytes);
    } catch (ChicoryException | IndexOutOfBoundsException | NegativeArraySizeException e) {
      throw new InvalidModuleException(policy, "not a WebAssembly module: " + e.getMessage(), e);
    }
    checkImports(policy, wasm);
    checkExports(policy, wasm);
    return wasm;
  }

  private static void checkImports(String policy, WasmModule wasm) throws InvalidModuleException {
    boolean memory = false;
    for (int i = 0; i < wasm.importSection().importCount(); i++) {
      Import found = wasm.importSection().getImport(i);
      boolean known =
          found.module().equals("env")
              && switch (found.importType()) {
                case MEMORY -> found.name().equals("memory");
                case FUNCTION -> IMPORTS.contains(found.name());
                default -> false;
              };
      if (!known) {
        throw new InvalidModuleException(
            policy,
            "imports "
                + found.module()
                + "."
                + found.name()
                + ", which OPA's ABI does not have; compile it with: interdict policy build");
      }
      memory |= found.importType() == ExternalType.MEMORY;
    }
    if (!memory || wasm.memorySection().isPresent()) {
      throw new InvalidModuleException(policy, "must import its memory and define none");
    }
  }

  private static void checkExports(String policy, WasmModule wasm) throws InvalidModuleException {
    Set<String> missing = new HashSet<>(EXPORTS);
    for (int i = 0; i < wasm.exportSection().exportCount(); i++) {
      Export export = wasm.exportSection().getExport(i);
      if (export.exportType() == ExternalType.FUNCTION) {
        missing.remove(export.name());
      }
    }
    if (!missing.isEmpty()) {
      throw new InvalidModuleException(
          policy, "does not export " + String.join(", ", missing) + ": not a module of OPA's ABI");
    }
  }

  WasmModule wasm() {
    return wasm;
  }

  Function<Instance, Machine> machines() {
    return code == null ? InterpreterMachine::new : code.machines();
  }

  /** The class that has the function of this number as its static method {@code func_NUMBER}. */
  Class<?> function(int number) throws ClassNotFoundException {
    return code.function(number);
  }

  /** Pages of memory that the module asks for at the start. */
  int initialPages() {
    for (int i = 0; i < wasm.importSection().importCount(); i++) {
      if (wasm.importSection().getImport(i) instanceof MemoryImport memory) {
        return memory.limits().initialPages();
      }
    }
    throw new AssertionError("the memory import was checked");
  }
}
