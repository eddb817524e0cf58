package dev.interdict.decisions;

import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.event.Context;
import dev.interdict.event.Hook;
import dev.interdict.event.Workload;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

/** Records as the pipeline makes them. */
final class TestRecords {
  private static final String CGROUP = "/system.slice/nginx.service";

  private TestRecords() {}

  static DecisionRecord denied(long id, String object) {
    return by(id, 33, "nginx", object);
  }

  /** One of everything. */
  private static final Context STATE = new Context(1 << 13, 1000, 1, true, 2, true);

  static DecisionRecord denied(long id, List<Finding> findings) {
    return record(id, 33, "nginx", "/a", findings);
  }

  static DecisionRecord by(long id, int pid, String comm, String object) {
    return record(
        id,
        pid,
        comm,
        object,
        List.of(new Finding("p", true, List.of("no"), List.of(), List.of())));
  }

  private static DecisionRecord record(
      long id, int pid, String comm, String object, List<Finding> findings) {
    return new DecisionRecord(
        id,
        Instant.ofEpochSecond(id),
        Outcome.DENIED,
        Hook.FILE_OPEN,
        1,
        new Subject(
            pid,
            pid,
            1,
            33,
            33,
            comm,
            "/usr/sbin/nginx",
            CGROUP,
            Workload.of(CGROUP.getBytes(StandardCharsets.UTF_8)),
            List.of(),
            STATE),
        object,
        findings,
        false,
        false,
        -1);
  }
}
