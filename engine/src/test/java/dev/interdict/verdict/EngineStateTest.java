package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.EventLayouts;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.libbpf.ProcessIdentity;
import dev.interdict.testkit.FakeBpfMap;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class EngineStateTest {
  private final FakeBpfMap map =
      new FakeBpfMap(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1);
  private final EngineState state = new EngineState(map);

  private long word(String field) {
    return map.memory().get(ValueLayout.JAVA_LONG, EventLayouts.ENGINE_STATE.offset(field));
  }

  private int number(String field) {
    return map.memory().get(ValueLayout.JAVA_INT, EventLayouts.ENGINE_STATE.offset(field));
  }

  /** Two who draw at once would leave a mixture, and names in the kernel that nobody finds. */
  @Test
  void onlyTheEngineDrawsTheSecrets() {
    FakeBpfMap fresh = new FakeBpfMap(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1);
    EngineState.ofAnother(fresh).auditUntil(4711);
    assertEquals(
        4711,
        fresh
            .memory()
            .get(ValueLayout.JAVA_LONG, EventLayouts.ENGINE_STATE.offset("audit_until_ns")));
    for (String secret : List.of("hash_key", "digest_key", "name_key", "path_key")) {
      assertEquals(
          0,
          fresh.memory().get(ValueLayout.JAVA_LONG, EventLayouts.ENGINE_STATE.offset(secret)),
          secret);
      assertNotEquals(0, word(secret), secret);
    }
  }

  @Test
  void whoBreaksTheGlassForLessTimeDoesNotMendItSooner() {
    assertEquals(4711, state.auditAtLeastUntil(4711));
    assertEquals(4711, state.auditAtLeastUntil(17));
    assertEquals(4711, word("audit_until_ns"));
    assertEquals(4712, state.auditAtLeastUntil(4712));
    assertEquals(4712, word("audit_until_ns"));
  }

  /** The number alone is given to another process afterwards. */
  @Test
  void anEngineIsNamedByItsNumberAndItsStart() {
    state.engine(new ProcessIdentity(17, 4711));
    assertEquals(17, number("engine_pid"));
    assertEquals(4711, word("engine_start"));
    assertTrue(number("processors") > 0);
  }

  @Test
  void aClosedEngineIsNobodyAndHasNoHeartbeat() {
    state.engine(new ProcessIdentity(17, 4711));
    long before = System.nanoTime();
    state.beat();
    assertTrue(word("heartbeat_ns") >= before && word("heartbeat_ns") <= System.nanoTime());
    long secret = word("hash_key");
    state.close();
    assertEquals(0, number("engine_pid"));
    assertEquals(0, word("heartbeat_ns"));
    assertEquals(secret, word("hash_key"), "names and verdicts in the kernel rest on it");
    state.beat();
    assertEquals(0, word("heartbeat_ns"), "a thread that has not ended yet must not revive it");
  }
}
