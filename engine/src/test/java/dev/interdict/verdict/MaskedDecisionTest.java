package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.InputJson;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.RandomRego;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.testkit.RegoToWasm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The whole way, from Rego to the key: policies by lot are compiled, the mask is made of what the
 * compiler says that they read, and events that the kernel cannot tell apart under it get one
 * decision. {@link KeyMaskSoundnessTest} shows the same of every fact by itself.
 */
class MaskedDecisionTest {
  private static final int POLICIES = 10;
  private static final int PAIRS = 10_000;
  private static final List<String> HOOKS = Arrays.stream(Hook.values()).map(Hook::id).toList();

  private final Random random = new Random(48);

  @Test
  void eventsOfOneMaskedKeyGetOneDecision() throws Exception {
    RandomRego generator = new RandomRego(random, documents());
    int blind = 0;
    for (int i = 0; i < POLICIES; i++) {
      String rego = generator.policy("p0");
      CompiledPolicy policy = RegoToWasm.compile("by-lot", rego, "{}", HOOKS);
      try (Evaluator evaluator = PolicyModule.load(policy, null).newEvaluator(RandomEvent.NAMES)) {
        assertEquals(0, differences(evaluator, policy.reads(), PAIRS), rego);
        // A mask that forgets what the policy reads would be caught.
        blind += differences(evaluator, new ReadSet(Set.of()), PAIRS / 10) > 0 ? 1 : 0;
      }
    }
    assertTrue(blind >= POLICIES / 5, blind + " policies of " + POLICIES);
  }

  private List<Map<String, Object>> documents() {
    List<Map<String, Object>> documents = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      Hook hook = Hook.values()[random.nextInt(Hook.values().length)];
      documents.add(
          InputJson.tree(new RandomEvent(hook, random).record().event(), RandomEvent.NAMES));
    }
    return documents;
  }

  /** How many of {@code pairs} pairs of events of one masked key are decided differently. */
  private int differences(Evaluator evaluator, ReadSet reads, int pairs) throws Exception {
    int found = 0;
    int equal = 0;
    while (equal < pairs) {
      Hook hook = Hook.values()[random.nextInt(Hook.values().length)];
      byte[] mask = KeyMask.of(hook, reads).places();
      RandomEvent first = new RandomEvent(hook, random);
      RandomEvent second = first.neighbour(random);
      if (first.sameKey(second, mask)) {
        equal++;
        boolean same =
            evaluator
                .evaluate(first.record().event())
                .equals(evaluator.evaluate(second.record().event()));
        found += same ? 0 : 1;
      }
    }
    return found;
  }
}
