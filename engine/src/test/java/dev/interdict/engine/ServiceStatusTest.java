package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.control.PolicyMode;
import dev.interdict.control.PolicyStatus;
import dev.interdict.control.Snapshot.SlotCounters;
import dev.interdict.delivery.SourceStatus;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.worker.Worker;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ServiceStatusTest {
  private static PolicyStatus policy(String name, Mode effective, String problem) {
    PolicyMode mode = new PolicyMode(name, effective, effective, null, false, false);
    return new PolicyStatus(
        name,
        "",
        Map.of(),
        Set.of(),
        mode,
        "",
        1,
        problem == null ? 0 : -1,
        Instant.EPOCH,
        "",
        problem,
        SlotCounters.ZERO);
  }

  private static Worker.Health thread(String name, boolean alive, int failedInRow) {
    return new Worker.Health(name, alive, failedInRow, failedInRow, "");
  }

  private static SourceStatus source(String name, SourceStatus.Failure error) {
    return new SourceStatus(name, "", "", "", 0, 0, 0, null, null, null, null, error);
  }

  @Test
  void whatIsInForceMustBeCounted() {
    assertEquals(
        "host in enforce, 2 policies in force, 1 refuse",
        ServiceStatus.line(
            Mode.ENFORCE,
            List.of(policy("a", Mode.ENFORCE, null), policy("b", Mode.AUDIT, null)),
            List.of(thread("decider", true, 0)),
            List.of(source("fleet", null)),
            List.of()));
  }

  @Test
  void allThatIsWrongMustBeSaid() {
    assertEquals(
        "host in audit, 1 policies in force, 0 refuse; wrong: threads that fail: log, observer;"
            + " policies not in force: b; bundles that fail: fleet; hook exec: gone",
        ServiceStatus.line(
            Mode.AUDIT,
            List.of(policy("a", Mode.AUDIT, null), policy("b", Mode.AUDIT, "no such hook")),
            List.of(
                thread("log", false, 0), thread("decider", true, 0), thread("observer", true, 1)),
            List.of(source("fleet", new SourceStatus.Failure("404", 404, List.of()))),
            List.of("hook exec: gone")));
  }
}
