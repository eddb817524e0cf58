package dev.interdict.eval;

import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.wasm.Parser;
import dev.interdict.builtins.Builtin;
import dev.interdict.builtins.Builtins;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.Concerns;
import dev.interdict.event.ReadSet;
import dev.interdict.files.CodePlace;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeSet;

/**
 * A compiled policy, checked, translated to JVM classes and ready to be evaluated. Immutable; safe
 * for use by many threads, each of which evaluates with an {@link Evaluator} of its own.
 */
public final class PolicyModule {
  /** OPA numbers the builtins that a policy calls, native ones included; it knows some 220. */
  private static final int BUILTINS_MAX = 1024;

  /** Processor time for all that loading does after translation. */
  static final Duration START_TIME = Duration.ofSeconds(5);

  /** Processor time for one evaluation of code that has never run. */
  private static final Duration WARM_UP_TIME = Duration.ofSeconds(1);

  private final CompiledPolicy policy;
  private final OpaModule module;
  private final Limits limits;
  private final Builtin[] builtins;
  private final int entrypoint;

  private PolicyModule(
      CompiledPolicy policy, OpaModule module, Limits limits, Builtin[] builtins, int entrypoint) {
    this.policy = policy;
    this.module = module;
    this.limits = limits;
    this.builtins = builtins;
    this.entrypoint = entrypoint;
  }

  /** {@link #load(CompiledPolicy, Path, Limits)} with {@link Limits#DEFAULT}. */
  public static PolicyModule load(CompiledPolicy policy, Path classCache)
      throws InvalidModuleException, IOException {
    return load(policy, classCache, Limits.DEFAULT);
  }

  /**
   * Loads a policy. Translating takes a second or two; with the classes in the cache, some tens of
   * milliseconds.
   *
   * @param classCache directory of translated classes, made if need be; what is in it is executed,
   *     so it must be private to this user; null: none
   * @throws InvalidModuleException if the module is malformed, is not of OPA's ABI, wants a builtin
   *     that does not exist here, or its data is not JSON
   * @throws IOException if the class cache cannot be used
   */
  public static PolicyModule load(CompiledPolicy policy, Path classCache, Limits limits)
      throws InvalidModuleException, IOException {
    OpaModule module = OpaModule.load(policy.name(), policy.wasm(), classCache);
    PolicyModule loaded;
    try (Watchdog.Guard guard = Watchdog.SHARED.guard(START_TIME)) {
      guard.begin();
      try {
        loaded = start(policy, module, limits);
      } catch (OpaInstance.Abort | Values.TooLarge e) {
        throw cannotStart(policy, e.getMessage(), e);
      } catch (RuntimeException | StackOverflowError | LinkageError e) {
        throw cannotStart(policy, e.toString(), e);
      } finally {
        guard.end();
      }
    }
    loaded.warmUp();
    return loaded;
  }

  private static InvalidModuleException cannotStart(
      CompiledPolicy policy, String why, Throwable cause) {
    return new InvalidModuleException(policy.name(), "cannot be started: " + why, cause);
  }

  private static PolicyModule start(CompiledPolicy policy, OpaModule module, Limits limits)
      throws InvalidModuleException {
    String name = policy.name();
    OpaInstance trial = new OpaInstance(module, limits.memoryBytes());
    checkAbi(name, trial);
    Builtin[] builtins = builtins(name, trial.names("builtins"));
    if (!(trial.names("entrypoints").get(CompiledPolicy.ENTRYPOINT) instanceof Long entrypoint)) {
      throw new InvalidModuleException(
          name, "has no entrypoint " + CompiledPolicy.ENTRYPOINT + "; compile it with Interdict");
    }
    PolicyModule loaded = new PolicyModule(policy, module, limits, builtins, entrypoint.intValue());
    loaded.newInstance();
    return loaded;
  }

  /**
   * Which WebAssembly runtime evaluates: the names of its jars, which have their versions.
   *
   * @throws IOException if a part of it is in no file
   */
  public static String runtime() throws IOException {
    StringJoiner jars = new StringJoiner(" ");
    for (Class<?> part : List.of(Parser.class, Instance.class, MachineFactoryCompiler.class)) {
      jars.add(CodePlace.of(part).getFileName().toString());
    }
    return jars.toString();
  }

  /** As {@link OpaModule#digest} gives it. */
  String codeDigest() {
    return OpaModule.digest(policy.wasm());
  }

  /*
   * The JVM links and verifies classes when they first run, which takes longer than an evaluation
   * may: let that be over before an event waits. What the policy says to nothing does not matter.
   */
  private void warmUp() {
    OpaInstance instance = newInstance();
    int nothing = instance.writer().write(Map.of());
    try (Watchdog.Guard guard = Watchdog.SHARED.guard(WARM_UP_TIME)) {
      guard.begin();
      try {
        instance.evaluate(nothing, instance.heapPointer());
      } catch (RuntimeException | StackOverflowError | LinkageError e) {
        // It will be known when it fails on an event; an event can also fare better.
      } finally {
        guard.end();
      }
    }
  }

  /**
   * Puts the translated classes into a cache, for another start or another machine with the same
   * release of Interdict. Evaluates nothing.
   *
   * @throws InvalidModuleException if the module is malformed or not of OPA's ABI
   * @throws IOException if the class cache cannot be used
   */
  public static void translate(CompiledPolicy policy, Path classCache)
      throws InvalidModuleException, IOException {
    OpaModule.load(policy.name(), policy.wasm(), classCache);
  }

  private static void checkAbi(String policy, OpaInstance instance) throws InvalidModuleException {
    int major = instance.global("opa_wasm_abi_version");
    int minor = instance.global("opa_wasm_abi_minor_version");
    if (major != OpaModule.ABI_MAJOR
        || minor < OpaModule.ABI_MINOR_FROM
        || minor > OpaModule.ABI_MINOR_TO) {
      throw new InvalidModuleException(
          policy,
          "is built for version %d.%d of OPA's WebAssembly ABI; this engine knows %d.%d to %d.%d"
              .formatted(
                  major,
                  minor,
                  OpaModule.ABI_MAJOR,
                  OpaModule.ABI_MINOR_FROM,
                  OpaModule.ABI_MAJOR,
                  OpaModule.ABI_MINOR_TO));
    }
  }

  private static Builtin[] builtins(String policy, Map<?, ?> wanted) throws InvalidModuleException {
    TreeSet<String> unknown = new TreeSet<>();
    Builtin[] table = new Builtin[BUILTINS_MAX];
    for (Map.Entry<?, ?> entry : wanted.entrySet()) {
      String name = String.valueOf(entry.getKey());
      int number = ((Long) entry.getValue()).intValue();
      Builtin builtin = Builtins.find(name);
      if (builtin == null) {
        unknown.add(name);
      } else if (number < 0 || number >= table.length) {
        throw new InvalidModuleException(policy, "numbers builtin " + name + " as " + number);
      } else {
        table[number] = builtin;
      }
    }
    if (!unknown.isEmpty()) {
      throw new InvalidModuleException(
          policy, "wants builtins that this engine does not have: " + String.join(", ", unknown));
    }
    return table;
  }

  /**
   * An evaluator of its own memory, for one thread at a time.
   *
   * @param names resolves what events hold as numbers
   */
  public Evaluator newEvaluator(HostNames names) {
    return newEvaluator(names, () -> {});
  }

  /**
   * The same.
   *
   * @param alive called on another thread now and then, while an evaluation makes progress within
   *     its limit
   */
  Evaluator newEvaluator(HostNames names, Runnable alive) {
    return new Evaluator(this, names, alive);
  }

  /** Name of the policy. */
  public String name() {
    return policy.name();
  }

  /** {@link CompiledPolicy#digest}. */
  public String digest() {
    return policy.digest();
  }

  /** What an event must have so that any of its rules can hold. */
  Concerns concerns() {
    return policy.concerns();
  }

  /** What its rules can read of {@code input}. */
  public ReadSet reads() {
    return policy.reads();
  }

  /** What one evaluation may use. */
  public Limits limits() {
    return limits;
  }

  /** A fresh instance, its document {@code data} in place. */
  OpaInstance newInstance() {
    OpaInstance instance = new OpaInstance(module, limits.memoryBytes());
    instance.link(builtins);
    instance.prepare(policy.data(), policy.tables(), entrypoint);
    return instance;
  }
}
