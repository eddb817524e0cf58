package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportMemory;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.InterpreterMachine;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.runtime.WasmFunctionHandle;
import com.dylibso.chicory.wasm.InvalidException;
import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.ValType;
import dev.interdict.builtins.Builtin;
import dev.interdict.builtins.Moment;
import dev.interdict.compile.CompiledPolicy;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.IntUnaryOperator;

/**
 * A module with memory of its own. For one thread at a time; after a failed call it is broken and
 * must be thrown away.
 */
final class OpaInstance {

  /** The module's runtime has given up; the message is its own. */
  static final class Abort extends RuntimeException {
    Abort(String message) {
      super(message, null, false, false);
    }
  }

  private static final int ABORT_TEXT_MAX = 1024;

  /** Arguments of one builtin call: values and bytes of text. A policy's data is bound by this. */
  private static final long ARGUMENT_LIMIT = 4 << 20;

  private static final int CONTEXT_INPUT = 0;
  private static final int CONTEXT_DATA = 4;
  private static final int CONTEXT_RESULT = 8;
  private static final int CONTEXT_ENTRYPOINT = 12;

  private final OpaModule module;
  private final PolicyMemory memory;
  private final Instance instance;
  private final Values values;
  private final ValueWriter writer;
  private final IntUnaryOperator malloc;
  private final IntUnaryOperator eval;
  private final IntConsumer heapPointerSet;
  private final ExportFunction heapPointerGet;
  private final Moment moment = new Moment();
  private Builtin[] builtins = {};
  private int context;

  OpaInstance(OpaModule module, int memoryBytes) {
    this.module = module;
    memory = new PolicyMemory(module.initialPages(), memoryBytes / Memory.PAGE_SIZE);
    values = new Values(memory);
    instance =
        Instance.builder(module.wasm())
            .withImportValues(imports())
            .withMachineFactory(module.machines())
            .build();
    malloc = function("opa_malloc");
    eval = function("eval");
    heapPointerSet = procedure("opa_heap_ptr_set");
    heapPointerGet = instance.export("opa_heap_ptr_get");
    writer = new ValueWriter(memory, malloc);
  }

  /** Lets the module call these; index is the module's number, a gap is null. */
  void link(Builtin[] table) {
    builtins = table;
  }

  /**
   * Makes the one evaluation context, over this document.
   *
   * @param data a JSON object
   * @param tables further members of it, as one object in the module's own syntax of values
   * @param entrypoint the module's number of it
   * @throws Abort if they are not
   */
  void prepare(byte[] data, String tables, int entrypoint) {
    context = (int) instance.export("opa_eval_ctx_new").apply()[0];
    memory.writeI32(context + CONTEXT_DATA, document(data, tables));
    memory.writeI32(context + CONTEXT_ENTRYPOINT, entrypoint);
  }

  private int document(byte[] data, String tables) {
    if (tables.equals(CompiledPolicy.NO_TABLES)) {
      return parseJson(writer.bytes(data), data.length);
    }
    String own = new String(data, UTF_8).strip();
    String members = own.substring(1).strip();
    String all =
        tables.substring(0, tables.length() - 1) + (members.equals("}") ? "" : ",") + members;
    byte[] text = all.getBytes(UTF_8);
    return parse("opa_value_parse", writer.bytes(text), text.length);
  }

  /** Address of the value of a JSON text in memory. */
  int parseJson(int address, int length) {
    return parse("opa_json_parse", address, length);
  }

  private int parse(String function, int address, int length) {
    int value = (int) instance.export(function).apply(address, length)[0];
    if (value == 0) {
      throw new Abort("not JSON");
    }
    return value;
  }

  /**
   * Evaluates; returns the address of the result set. The heap below {@code heap} is kept, all
   * above is the evaluation's.
   */
  int evaluate(int input, int heap) {
    memory.writeI32(context + CONTEXT_INPUT, input);
    memory.writeI32(context + CONTEXT_RESULT, 0);
    heapPointerSet.accept(heap);
    moment.pass();
    if (eval.applyAsInt(context) != 0) {
      throw new Abort("the evaluation ended early");
    }
    return memory.readInt(context + CONTEXT_RESULT);
  }

  int heapPointer() {
    return (int) heapPointerGet.apply()[0];
  }

  void setHeapPointer(int address) {
    heapPointerSet.accept(address);
  }

  PolicyMemory memory() {
    return memory;
  }

  Values values() {
    return values;
  }

  ValueWriter writer() {
    return writer;
  }

  /**
   * A global's value; -1 if the module does not export it. Globals of the ABI hold the number
   * itself.
   */
  int global(String name) {
    try {
      return (int) instance.exports().global(name).getValue();
    } catch (InvalidException e) {
      return -1;
    }
  }

  /** The map of names to numbers that this function without arguments returns. */
  Map<?, ?> names(String function) {
    Object read = values.read((int) instance.export(function).apply()[0], 1 << 20);
    if (read instanceof Map<?, ?> map && map.values().stream().allMatch(Long.class::isInstance)) {
      return map;
    }
    throw new Abort(function + "() returns no map of numbers");
  }

  private boolean isInterpreted() {
    return instance.getMachine() instanceof InterpreterMachine;
  }

  private IntUnaryOperator function(String export) {
    if (isInterpreted()) {
      ExportFunction function = instance.export(export);
      return argument -> (int) function.apply(argument)[0];
    }
    return MethodHandleProxies.asInterfaceInstance(IntUnaryOperator.class, direct(export));
  }

  private IntConsumer procedure(String export) {
    if (isInterpreted()) {
      ExportFunction procedure = instance.export(export);
      return argument -> procedure.apply(argument);
    }
    return MethodHandleProxies.asInterfaceInstance(IntConsumer.class, direct(export));
  }

  /*
   * Chicory's way from outside boxes arguments and results into arrays. Behind it are static
   * methods with plain parameters, func_N(int.., Memory, Instance): called straight, a decision
   * allocates nothing. The translator is part of the class cache's key, so its habits are known.
   */
  private MethodHandle direct(String export) {
    int function = -1;
    for (int i = 0; i < instance.module().exportSection().exportCount(); i++) {
      if (instance.module().exportSection().getExport(i).name().equals(export)) {
        function = instance.module().exportSection().getExport(i).index();
      }
    }
    FunctionType type = instance.exportType(export);
    MethodType method =
        MethodType.methodType(
            type.returns().isEmpty() ? void.class : int.class,
            int.class,
            Memory.class,
            Instance.class);
    try {
      MethodHandle found =
          MethodHandles.privateLookupIn(module.function(function), MethodHandles.lookup())
              .findStatic(module.function(function), "func_" + function, method);
      return MethodHandles.insertArguments(found, 1, memory, instance);
    } catch (ReflectiveOperationException e) {
      throw new Abort(export + " cannot be called: its signature is " + type + ", or " + e);
    }
  }

  private ImportValues imports() {
    ImportValues.Builder imports =
        ImportValues.builder()
            .addMemory(new ImportMemory("env", "memory", memory))
            .addFunction(
                host(
                    "opa_abort",
                    1,
                    false,
                    (i, a) -> {
                      throw new Abort(memory.readText((int) a[0], ABORT_TEXT_MAX));
                    }))
            .addFunction(host("opa_println", 1, false, (i, a) -> null));
    for (int n = 0; n <= 4; n++) {
      int count = n;
      imports.addFunction(
          host("opa_builtin" + n, n + 2, true, (i, a) -> new long[] {call((int) a[0], a, count)}));
    }
    return imports.build();
  }

  private static HostFunction host(
      String name, int parameters, boolean returns, WasmFunctionHandle body) {
    return new HostFunction(
        "env",
        name,
        FunctionType.of(
            Collections.nCopies(parameters, ValType.I32),
            returns ? List.of(ValType.I32) : List.of()),
        body);
  }

  private int call(int number, long[] arguments, int count) {
    Builtin builtin = number >= 0 && number < builtins.length ? builtins[number] : null;
    if (builtin == null) {
      throw new Abort("calls builtin " + number + ", which it did not declare");
    }
    Object[] read = new Object[count];
    for (int i = 0; i < count; i++) {
      read[i] = values.read((int) arguments[i + 2], ARGUMENT_LIMIT);
    }
    try {
      Object result = builtin.apply(read, moment);
      return result == null ? 0 : writer.write(result);
    } catch (Builtin.BuiltinException e) {
      return 0;
    }
  }

  /** Bytes of a text constant, for look-ups. */
  static byte[] key(String text) {
    return text.getBytes(UTF_8);
  }
}
