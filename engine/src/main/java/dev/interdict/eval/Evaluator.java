package dev.interdict.eval;

import com.dylibso.chicory.runtime.ChicoryInterruptedException;
import dev.interdict.builtins.Builtin;
import dev.interdict.event.Event;
import dev.interdict.event.Event.PacketEvent;

/**
 * Evaluates one policy. For one thread at a time.
 *
 * <p>An event that the policy does not object to is decided without allocating: the event's facts
 * are written into a document that lies prepared in the module's memory, and the answer is read
 * where the module left it.
 *
 * <p>Whatever a policy does, this returns or throws {@link EvaluationException} within the limits
 * of its module. A failed evaluation leaves nothing behind: a new instance is made at once, at the
 * expense of who has caused the failure.
 */
public final class Evaluator implements AutoCloseable {
  /**
   * Events a second that a policy is asked about whose decisions do not keep: at some tens of
   * microseconds each, a few per cent of the one thread that decides for all.
   */
  static final int PERISHABLE_RATE = 1000;

  private final PolicyModule module;
  private final HostNames names;
  private final boolean perishable;
  private final Watchdog.Guard guard;
  private final Watchdog.Guard start;
  private long secondNs;
  private int inSecond;
  private final Patience tasks;
  private final Patience packets; // or whoever sends them could spend that of the host's users
  private OpaInstance instance;
  private InputWriter input;
  private DecisionReader decisions;

  Evaluator(PolicyModule module, HostNames names, Runnable alive) {
    this.module = module;
    this.names = names;
    this.perishable = module.reads().isPerishable();
    this.tasks = new Patience(names::owner);
    this.packets = new Patience(names::owner);
    this.guard = Watchdog.SHARED.guard(module.limits().time(), alive);
    this.start = Watchdog.SHARED.guard(PolicyModule.START_TIME, alive);
  }

  /* With the same data it was done once within this limit, when the policy was loaded. */
  private void prepare() throws EvaluationException {
    if (instance != null) {
      return;
    }
    Throwable failure = null;
    start.begin();
    try {
      OpaInstance fresh = module.newInstance();
      input = new InputWriter(fresh, module.reads(), names);
      decisions = new DecisionReader(fresh);
      instance = fresh;
    } catch (Throwable e) {
      failure = e;
    }
    boolean struck = start.end();
    if (failure != null && struck) {
      failed(failure, struck);
      throw fail(
          EvaluationException.Kind.TIMEOUT,
          "took longer than " + PolicyModule.START_TIME.toMillis() + " ms to start",
          failure);
    } else if (failure != null) {
      throw failed(failure, struck);
    }
  }

  private Patience patience(Event event) {
    return event instanceof PacketEvent ? packets : tasks;
  }

  /**
   * To be called before each event, however often it is then evaluated.
   *
   * @throws EvaluationException if the policy has been asked as often as it may be in a second, or
   *     its failures have taken more time than they may
   */
  void admit(Event event) throws EvaluationException {
    long now = System.nanoTime();
    if (patience(event).isSpent(event, now)) {
      throw fail(
          EvaluationException.Kind.SUSPENDED,
          "has failed for too long with such events and is left alone with them for a while",
          null);
    }
    if (!perishable) {
      return;
    }
    if (now - secondNs >= 1_000_000_000L || inSecond == 0) {
      secondNs = now;
      inSecond = 0;
    }
    if (inSecond == PERISHABLE_RATE) {
      throw fail(
          EvaluationException.Kind.RATE,
          "is asked more than "
              + PERISHABLE_RATE
              + " times a second, and its decisions do not keep",
          null);
    }
    inSecond++;
  }

  /**
   * What the policy says about {@code event}.
   *
   * @throws EvaluationException if it does not answer
   */
  public Decision evaluate(Event event) throws EvaluationException {
    if (instance == null) {
      prepareFor(event);
    }
    long ready = System.nanoTime();
    try {
      return answer(event);
    } catch (EvaluationException e) {
      // What others took of the processor meanwhile is not its.
      long used = Math.min(System.nanoTime() - ready, module.limits().time().toNanos());
      failed(event, used + prepareForNext());
      throw e;
    }
  }

  private void failed(Event event, long ns) {
    patience(event).failed(event, System.nanoTime(), ns);
  }

  private void prepareFor(Event event) throws EvaluationException {
    long began = Watchdog.usedNs();
    try {
      prepare();
    } catch (EvaluationException e) {
      failed(event, Watchdog.usedNs() - began);
      throw e;
    }
  }

  /** How long it took. */
  private long prepareForNext() {
    long began = Watchdog.usedNs();
    try {
      prepare();
    } catch (EvaluationException e) {
      // The next one tries again, and tells.
    }
    return Watchdog.usedNs() - began;
  }

  private Decision answer(Event event) throws EvaluationException {
    Throwable failure = null;
    Decision decision = null;
    guard.begin();
    try {
      int document = input.write(event);
      decision = decisions.read(instance.evaluate(document, input.heap()));
    } catch (Throwable e) {
      failure = e;
    }
    return finish(decision, failure, guard.end());
  }

  /**
   * What the policy says about a JSON document {@code input}: for tools.
   *
   * @throws EvaluationException if it does not answer
   */
  public Decision evaluate(byte[] inputJson) throws EvaluationException {
    prepare();
    Throwable failure = null;
    Decision decision = null;
    guard.begin();
    try {
      instance.setHeapPointer(input.base());
      int text = instance.writer().bytes(inputJson);
      int document = instance.parseJson(text, inputJson.length);
      decision = decisions.read(instance.evaluate(document, instance.heapPointer()));
    } catch (Throwable e) {
      failure = e;
    }
    return finish(decision, failure, guard.end());
  }

  private Decision finish(Decision decision, Throwable failure, boolean struck)
      throws EvaluationException {
    if (failure != null) {
      throw failed(failure, struck);
    }
    return decision;
  }

  private EvaluationException failed(Throwable failure, boolean struck) {
    boolean starved = instance != null && instance.memory().refusedGrowth();
    instance = null;
    input = null;
    decisions = null;
    return describe(failure, struck, starved);
  }

  private EvaluationException describe(Throwable failure, boolean struck, boolean starved) {
    Limits limits = module.limits();
    if (failure instanceof ChicoryInterruptedException || failure instanceof Builtin.Interrupted) {
      return struck
          ? fail(
              EvaluationException.Kind.TIMEOUT,
              "took longer than " + limits.time().toMillis() + " ms",
              failure)
          : fail(EvaluationException.Kind.TIMEOUT, "its thread was interrupted", failure);
    }
    if (starved || failure instanceof OutOfMemoryError) {
      return fail(
          EvaluationException.Kind.MEMORY,
          "wanted more than " + (limits.memoryBytes() >> 20) + " MiB of memory",
          failure);
    }
    return switch (failure) {
      case OpaInstance.Abort e ->
          fail(EvaluationException.Kind.ABORT, "its runtime gave up: " + e.getMessage(), e);
      case Values.TooLarge e ->
          fail(EvaluationException.Kind.RESULT, "its decision is " + e.getMessage(), e);
      case IllegalStateException e ->
          fail(EvaluationException.Kind.RESULT, "returned no decision: " + e.getMessage(), e);
      case StackOverflowError e -> fail(EvaluationException.Kind.TRAP, "recursed too deeply", null);
      default -> fail(EvaluationException.Kind.TRAP, "broke off: " + failure, failure);
    };
  }

  private EvaluationException fail(EvaluationException.Kind kind, String message, Throwable cause) {
    return new EvaluationException(kind, module.name(), message, cause);
  }

  /** Whether the next event need not wait for an instance. */
  boolean isReady() {
    return instance != null;
  }

  /** The policy it evaluates. */
  public PolicyModule module() {
    return module;
  }

  /** Ends the watch over it; it must not be used afterwards. */
  @Override
  public void close() {
    guard.close();
    start.close();
    instance = null;
  }
}
