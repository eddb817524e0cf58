package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.event.Event;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
      long cpu = cpuNs();
      assertEquals(
          EvaluationException.Kind.TIMEOUT,
          assertThrows(EvaluationException.class, () -> evaluator.evaluate(EVENT)).kind());
      long used = cpuNs() - cpu;
      assertTrue(used < 3 * Limits.DEFAULT.time().toNanos(), used + " ns of processor time");
    }
  }

  private static long cpuNs() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
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

  @Test
  void aPolicyThatKeepsFailingIsLeftAlone() throws Exception {
    PolicyModule module =
        PolicyModule.load(new TinyModule().eval(TinyModule.UNREACHABLE).policy(), null);
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      EvaluationException.Kind[] kinds = new EvaluationException.Kind[4];
      for (int i = 0; i < kinds.length; i++) {
        kinds[i] = assertThrows(EvaluationException.class, () -> evaluator.evaluate(EVENT)).kind();
      }
      assertEquals(EvaluationException.Kind.TRAP, kinds[2]);
      assertEquals(EvaluationException.Kind.SUSPENDED, kinds[3]);
    }
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

  @Test
  void aGiantResultIsNoDecision() throws Exception {
    assertEquals(
        EvaluationException.Kind.RESULT,
        kind("deny contains sprintf(\"%d\", [i]) if some i in numbers.range(1, 1000)"));
    assertEquals(
        EvaluationException.Kind.RESULT,
        kind(
            """
            deny contains concat(input.file.path, [sprintf("%d", [i]) |
              some i in numbers.range(1, 10000)])
            """));
  }
}
