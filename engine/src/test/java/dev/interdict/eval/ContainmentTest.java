package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.eval.EvaluationException.Kind;
import dev.interdict.event.Event;
import dev.interdict.event.SlotSet;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a policy does, it ends, and only itself. */
@Timeout(60)
class ContainmentTest {
  private static final Event EVENT = Events.open("/usr/bin/cat", 1000, "/etc/shadow");

  @AfterEach
  void noInterruptIsLeftBehind() {
    assertFalse(Thread.interrupted(), "the watchdog's interrupt outlived the evaluation");
  }

  /** On a busy machine 50 ms can be over before anything else happens. */
  private static final Limits PATIENT =
      new Limits(Duration.ofSeconds(10), Limits.DEFAULT.memoryBytes());

  private static EvaluationException failure(CompiledPolicy policy, Limits limits)
      throws Exception {
    try (Evaluator evaluator =
        PolicyModule.load(policy, null, limits).newEvaluator(HostNames.NONE)) {
      EvaluationException first =
          assertThrows(EvaluationException.class, () -> evaluator.evaluate(EVENT));
      // The next evaluation has an instance of its own, and fails in the same way by itself.
      assertEquals(
          first.kind(),
          assertThrows(EvaluationException.class, () -> evaluator.evaluate(EVENT)).kind());
      return first;
    }
  }

  private static EvaluationException.Kind kind(byte[] eval) throws Exception {
    return failure(new TinyModule().eval(eval).policy(), PATIENT).kind();
  }

  private static EvaluationException.Kind kind(String rego, Limits limits) throws Exception {
    return failure(RegoToWasm.compile("contained", rego, "{}"), limits).kind();
  }

  private static EvaluationException.Kind kind(String rego) throws Exception {
    return kind(rego, PATIENT);
  }

  @Test
  void anEndlessLoopIsEndedInTime() throws Exception {
    PolicyModule module = PolicyModule.load(new TinyModule().eval(TinyModule.LOOP).policy(), null);
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      assertEquals(
          EvaluationException.Kind.TIMEOUT,
          assertThrows(EvaluationException.class, () -> evaluator.evaluate(EVENT)).kind());
      assertTrue(evaluator.isReady(), "who comes next does not wait for another instance");
    }
  }

  @Test
  void endlessRecursionIsATrap() throws Exception {
    assertEquals(EvaluationException.Kind.TRAP, kind(TinyModule.RECURSION));
  }

  @Test
  void whatWebAssemblyForbidsIsATrap() throws Exception {
    assertEquals(EvaluationException.Kind.TRAP, kind(TinyModule.UNREACHABLE));
    assertEquals(EvaluationException.Kind.TRAP, kind(TinyModule.WILD_READ));
  }

  @Test
  void growingWithoutEndMeetsTheLimit() throws Exception {
    assertEquals(EvaluationException.Kind.MEMORY, kind(TinyModule.MEMORY_BOMB));
  }

  @Test
  void anAbortIsToldInTheModulesWords() throws Exception {
    EvaluationException e = failure(new TinyModule().eval(TinyModule.ABORT).policy(), PATIENT);
    assertEquals(EvaluationException.Kind.ABORT, e.kind());
    assertEquals("policy tiny: its runtime gave up: boom", e.getMessage());
    assertEquals(EvaluationException.Kind.TRAP, kind(TinyModule.ENDLESS_ABORT));
  }

  @Test
  void aBuiltinThatWasNotDeclaredCannotBeCalled() throws Exception {
    assertEquals(EvaluationException.Kind.ABORT, kind(TinyModule.UNDECLARED_BUILTIN));
  }

  @Test
  void noResultIsNoDecision() throws Exception {
    assertEquals(EvaluationException.Kind.RESULT, kind(TinyModule.NOTHING));
  }

  /** And only he is: the policy goes on to be asked about others. */
  @Test
  void whoCausesFailuresIsLeftAloneWithThePolicy() throws Exception {
    PolicyModule module =
        PolicyModule.load(
            new TinyModule().eval(TinyModule.LOOP).policy(),
            null,
            new Limits(Duration.ofMillis(50), Limits.DEFAULT.memoryBytes()));
    PolicySetEvaluator evaluator =
        PolicySet.builder(1, HostNames.NONE).add(0, module, Set.of()).build().newEvaluator();
    Kind last = Kind.TIMEOUT;
    while (last == Kind.TIMEOUT) {
      last = evaluator.decide(EVENT, SlotSet.of(0)).failure(0).kind();
    }
    assertEquals(Kind.SUSPENDED, last);
    Event others = Events.open("/usr/bin/cat", 1001, "/etc/shadow");
    assertEquals(Kind.TIMEOUT, evaluator.decide(others, SlotSet.of(0)).failure(0).kind());
  }

  @Test
  void otherPoliciesDecideOn() throws Exception {
    PolicyModule bad = PolicyModule.load(new TinyModule().eval(TinyModule.LOOP).policy(), null);
    PolicyModule good =
        PolicyModule.load(RegoToWasm.compile("good", "deny contains input.file.path", "{}"), null);
    try (Evaluator looping = bad.newEvaluator(HostNames.NONE);
        Evaluator healthy = good.newEvaluator(HostNames.NONE)) {
      assertThrows(EvaluationException.class, () -> looping.evaluate(EVENT));
      assertEquals(List.of("/etc/shadow"), healthy.evaluate(EVENT).deny());
    }
  }

  @Test
  void anExponentialComprehensionIsEndedInTime() throws Exception {
    assertEquals(
        EvaluationException.Kind.TIMEOUT,
        kind(
            """
            n := numbers.range(1, 300)
            deny contains "x" if {
              input.file.path == "/etc/shadow"
              some a in n; some b in n; some c in n
              a * b * c == 7777777
            }
            """,
            Limits.DEFAULT));
  }

  @Test
  void aMemoryBombMeetsItsLimit() throws Exception {
    assertEquals(
        EvaluationException.Kind.MEMORY,
        kind(
            """
            deny contains "x" if {
              input.file.path == "/etc/shadow"
              count([concat("", [s | some i in numbers.range(1, 4000); s := input.file.path]) |
                some j in numbers.range(1, 4000)]) == 1
            }
            """));
  }

  /** Many objections are one: they were no decision, and the fallback let it pass. */
  @Test
  void ofManyReasonsTheFirstAreTold() throws Exception {
    Decision many =
        decide("deny contains sprintf(\"%d\", [i]) if some i in numbers.range(1, 1000)");
    assertEquals(DecisionReader.REASONS_MAX + 1, many.deny().size());
    assertEquals("and 936 more, which are too many or too long to be told", many.deny().getLast());
    Decision both =
        decide(
            """
            deny contains sprintf("%d", [i]) if some i in numbers.range(1, 100)
            kill contains "one more"
            """);
    assertEquals(
        List.of("and 1 more, which are too many or too long to be told"),
        both.kill(),
        "it is killed nevertheless");
    Decision wide =
        decide(
            """
            deny contains concat(input.file.path, [sprintf("%d", [i]) |
              some i in numbers.range(1, 10000)])
            """);
    assertEquals(List.of("and 1 more, which are too many or too long to be told"), wide.deny());
  }

  private static Decision decide(String rego) throws Exception {
    PolicyModule module =
        PolicyModule.load(RegoToWasm.compile("contained", rego, "{}"), null, PATIENT);
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      return evaluator.evaluate(EVENT);
    }
  }

  /** Beside a policy that is well, each of these is stopped, and only it. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("harm")
  void whatOneDoesIsItsOwnAffair(String name, CompiledPolicy bad, Set<Kind> kinds)
      throws Exception {
    PolicyModule good =
        PolicyModule.load(RegoToWasm.compile("good", "deny contains input.file.path", "{}"), null);
    PolicySet set =
        PolicySet.builder(1, HostNames.NONE)
            .add(0, PolicyModule.load(bad, null), Set.of())
            .add(1, good, Set.of())
            .build();
    PolicySetEvaluator evaluator = set.newEvaluator();
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long cpu = thread.getCurrentThreadCpuTime();
    long bytes = thread.getCurrentThreadAllocatedBytes();
    SlotDecisions said = evaluator.decide(EVENT, SlotSet.of(0).with(1));
    cpu = thread.getCurrentThreadCpuTime() - cpu;
    bytes = thread.getCurrentThreadAllocatedBytes() - bytes;
    System.out.printf(
        "sandbox: %-28s %-8s %4d ms of processor, %4d MiB allocated: %s%n",
        name,
        said.failure(0) == null ? null : said.failure(0).kind(),
        cpu / 1_000_000,
        bytes >> 20,
        said.failure(0) == null ? "answered" : said.failure(0).getMessage());
    assertTrue(kinds.contains(said.failure(0).kind()), () -> said.failure(0).getMessage());
    assertEquals(SlotSet.of(1), said.decided());
    assertEquals(List.of("/etc/shadow"), said.get(1).deny());
    // The memory itself, and what is thrown away while it grows by half again and again.
    assertTrue(bytes < 4L * Limits.DEFAULT.memoryBytes(), bytes + " bytes");
  }

  static Stream<Arguments> harm() {
    return Stream.of(
        wasm("endless loop", TinyModule.LOOP, Kind.TIMEOUT),
        wasm("endless recursion", TinyModule.RECURSION, Kind.TRAP),
        wasm("memory, a page at a time", TinyModule.MEMORY_BOMB, Kind.MEMORY, Kind.TIMEOUT),
        wasm("wild read", TinyModule.WILD_READ, Kind.TRAP),
        rego(
            "exponential comprehension",
            Set.of(Kind.TIMEOUT),
            """
            n := numbers.range(1, 300)
            deny contains "x" if {
              input.file.path == "/etc/shadow"
              count([1 | some a in n; some b in n; some c in n; a * b * c == 7777777]) > 0
            }
            """),
        rego(
            "deep nesting",
            Set.of(Kind.TRAP, Kind.TIMEOUT),
            """
            deny contains "x" if {
              input.file.path == "/etc/shadow"
              json.unmarshal(concat("", ["[" | some i in numbers.range(1, 20000)])) == 1
            }
            """),
        rego(
            "memory bomb",
            Set.of(Kind.MEMORY, Kind.TIMEOUT),
            """
            long := concat("", [s | some i in numbers.range(1, 400); s := input.file.path])
            longer := concat("", [s | some i in numbers.range(1, 400); s := long])
            deny contains "x" if {
              input.file.path == "/etc/shadow"
              concat("", [longer | some i in numbers.range(1, 100)]) == "x"
            }
            """),
        rego(
            "a builtin that takes for ever",
            Set.of(Kind.TIMEOUT),
            """
            zeros(n) := [0 | some i in numbers.range(1, n)]
            deny contains "x" if {
              input.file.path == "/etc/shadow"
              object.subset(zeros(6000), array.concat(zeros(3000), [1]))
            }
            """));
  }

  private static Arguments wasm(String name, byte[] eval, Kind... kinds) {
    return Arguments.of(name, new TinyModule().eval(eval).policy(), Set.of(kinds));
  }

  private static Arguments rego(String name, Set<Kind> kinds, String rego) {
    return Arguments.of(name, RegoToWasm.compile("harm", rego, "{}"), kinds);
  }

  /** A byte wrong, or the end missing: refused when it is loaded, or contained when it is asked. */
  @Test
  void aMalformedModuleIsRefusedOrContained() throws Exception {
    CompiledPolicy sound = new TinyModule().eval(TinyModule.NOTHING).policy();
    Random random = new Random(7);
    int refused = 0;
    int contained = 0;
    for (int i = 0; i < 120; i++) {
      byte[] wasm = sound.wasm().clone();
      int at = random.nextInt(wasm.length);
      if (i % 4 == 0) {
        wasm = Arrays.copyOf(wasm, at);
      } else {
        while (wasm[at] == 0) { // most of it is memory without content
          at = random.nextInt(wasm.length);
        }
        wasm[at] = (byte) random.nextInt(256);
      }
      CompiledPolicy bad =
          new CompiledPolicy(
              "bad", "bad", wasm, sound.data(), sound.reads(), sound.literals(), List.of());
      try (Evaluator evaluator = PolicyModule.load(bad, null).newEvaluator(HostNames.NONE)) {
        assertThrows(EvaluationException.class, () -> evaluator.evaluate(EVENT));
        contained++;
      } catch (InvalidModuleException e) {
        refused++;
      }
    }
    System.out.printf("sandbox: malformed modules: %d refused, %d contained%n", refused, contained);
    assertTrue(refused > 20 && contained > 10, refused + " refused, " + contained + " contained");
  }
}
