package dev.interdict.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.VerdictKey;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReasonsTest {
  private static final String RULE = "deny contains sprintf(\"no %s\", [input.file.path])";

  private final Reasons reasons = new Reasons();

  @Test
  void longReasonsMustNotFillTheMemory() throws Exception {
    SlotDecisions said = decide("/x".repeat(2000));
    assertTrue(said.bytes() > 8000, said.bytes() + " bytes");
    int room = (int) (Reasons.MAX_BYTES / said.bytes());
    for (int i = 0; i <= room; i++) {
      reasons.put(key(i), said);
    }
    assertNull(reasons.get(key(0)), "the oldest");
    assertNotNull(reasons.get(key(room)));
    assertNotNull(reasons.get(key(room / 2)));
  }

  @Test
  void whatIsPutAgainCountsOnceAndIsTheLatest() throws Exception {
    SlotDecisions said = decide("/x".repeat(2000));
    int room = (int) (Reasons.MAX_BYTES / (said.bytes() + 1024));
    reasons.put(key(1), said);
    for (int i = 0; i < 3 * room; i++) {
      reasons.put(key(0), said);
    }
    assertNotNull(reasons.get(key(1)), "there is room for it");
    reasons.clear();
    assertNull(reasons.get(key(0)));
    for (int i = 0; i < room; i++) {
      reasons.put(key(i), said);
    }
    assertNotNull(reasons.get(key(0)), "all of the room is there again");
  }

  private static SlotDecisions decide(String path) throws Exception {
    PolicySet set =
        PolicySet.builder(1, HostNames.NONE)
            .add(0, PolicyModule.load(RegoToWasm.compile("one", RULE, "{}"), null), Set.of())
            .build();
    SlotDecisions said =
        set.newEvaluator().decide(Events.open("/usr/bin/cat", 1000, path), SlotSet.of(0));
    assertEquals("no " + path, said.get(0).deny().getFirst());
    return said;
  }

  private static VerdictKey key(int uid) {
    return VerdictKey.of(RecordBuilder.of(Hook.EXEC).uid(uid).facts());
  }
}
