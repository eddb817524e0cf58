package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.wasm.Parser;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What policies share is the same function, down to the last it calls. */
class TranslationTest {
  private static final int EVAL = 7;
  private static final int MALLOC = 13;
  private static final int CONTEXT = 15;

  /** Returns what {@code eval} says to nothing: the same bytes, whatever that is. */
  private static final byte[] ASK_EVAL = {0x41, 0x00, 0x10, EVAL};

  private static PolicyCode tiny(int answer) {
    byte[] eval = {0x41, (byte) answer};
    return Translation.of(Parser.parse(new TinyModule().eval(eval).context(ASK_EVAL).bytes()));
  }

  private static Object context(PolicyCode code) throws Exception {
    return code.load()
        .function(CONTEXT)
        .getMethod("func_" + CONTEXT, Memory.class, Instance.class)
        .invoke(null, null, null);
  }

  @Test
  void theSameBytesThatCallAnotherFunctionAreAnotherFunction() throws Exception {
    PolicyCode five = tiny(5);
    PolicyCode six = tiny(6);
    assertNotEquals(five.functions().get(EVAL), six.functions().get(EVAL));
    assertNotEquals(five.functions().get(CONTEXT), six.functions().get(CONTEXT));
    assertEquals(five.functions().get(MALLOC), six.functions().get(MALLOC));
    assertEquals(5, context(five));
    assertEquals(6, context(six));
    assertEquals(5, context(tiny(5)));
  }

  @Test
  void theSameBytesUnderAnotherNumberAreAnotherFunction() {
    PolicyCode code = Translation.of(Parser.parse(new TinyModule().bytes()));
    assertEquals(code.functions().size(), new HashSet<>(code.functions()).size());
  }

  private static PolicyCode code(CompiledPolicy policy) {
    return Translation.of(Parser.parse(policy.wasm()));
  }

  @Test
  void policiesShareAllThatIsOpas() {
    PolicyCode one = code(RegoToWasm.compile("one", "deny contains input.file.path", "{}"));
    PolicyCode two =
        code(RegoToWasm.compile("two", "deny contains \"x\" if input.process.uid == 0", "{}"));
    Set<Integer> different =
        IntStream.range(0, Math.min(one.functions().size(), two.functions().size()))
            .filter(i -> !one.functions().get(i).equals(two.functions().get(i)))
            .boxed()
            .collect(Collectors.toSet());
    assertTrue(one.functions().size() > 740, one.functions().size() + " functions");
    assertTrue(different.size() < 20, "different are " + different);
    Set<String> own = new HashSet<>(one.own().keySet());
    own.retainAll(one.shared().keySet());
    assertEquals(Set.of(), own);
  }

  /* opa_boolean is the policy's, and lies elsewhere in each; what calls it is shared. */
  @Test
  void sharedCodeCallsBackIntoThePolicyItWorksFor() throws Exception {
    String prefix = "deny contains \"%s\" if startswith(input.file.path, \"/%s\")";
    try (Evaluator a = evaluator(prefix.formatted("a", "etc/a"));
        Evaluator b = evaluator(prefix.formatted("b".repeat(99), "etc/b"))) {
      for (int i = 0; i < 3; i++) {
        assertEquals(List.of("a"), a.evaluate(Events.open("/bin/cat", 1, "/etc/ab")).deny());
        assertEquals(List.of(), b.evaluate(Events.open("/bin/cat", 1, "/etc/ab")).deny());
        assertEquals(List.of(), a.evaluate(Events.open("/bin/cat", 1, "/etc/ba")).deny());
        assertEquals(1, b.evaluate(Events.open("/bin/cat", 1, "/etc/ba")).deny().size());
      }
    }
  }

  private static Evaluator evaluator(String rego) throws Exception {
    return PolicyModule.load(RegoToWasm.compile("shared", rego, "{}"), null)
        .newEvaluator(HostNames.NONE);
  }
}
