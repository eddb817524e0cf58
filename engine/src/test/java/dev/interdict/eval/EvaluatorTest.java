package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.sun.management.ThreadMXBean;
import dev.interdict.event.Event;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

class EvaluatorTest {
  private static final String REGO =
      """
      deny contains reason if {
        input.file.path in {"/etc/shadow", "/etc/gshadow"}
        not input.process.exe.path in data.trusted
        reason := sprintf("%s may not read %q", [input.process.exe.path, input.file.path])
      }
      kill contains "forbidden user" if input.process.uid == 666
      warn contains "root" if input.process.uid == 0
      warn contains "reads" if "read" in input.access
      """;
  private static final String DATA = "{\"trusted\": [\"/usr/bin/passwd\"]}";

  private static Evaluator evaluator(String rego, String data) throws Exception {
    return PolicyModule.load(RegoToWasm.compile("tested", rego, data), null)
        .newEvaluator(HostNames.NONE);
  }

  @Test
  void theFirstEventIsDecidedRight() throws Exception {
    try (Evaluator evaluator = evaluator(REGO, DATA)) {
      assertEquals(
          new Decision(
              List.of("/usr/bin/cat may not read \"/etc/shadow\""), List.of(), List.of("reads")),
          evaluator.evaluate(Events.open("/usr/bin/cat", 1000, "/etc/shadow")));
    }
  }

  @Test
  void dataAndUsersAreRead() throws Exception {
    try (Evaluator evaluator = evaluator(REGO, DATA)) {
      assertEquals(
          new Decision(List.of(), List.of(), List.of("reads", "root")),
          evaluator.evaluate(Events.open("/usr/bin/passwd", 0, "/etc/shadow")));
      assertEquals(
          new Decision(List.of(), List.of("forbidden user"), List.of("reads")),
          evaluator.evaluate(Events.open("/usr/bin/passwd", 666, "/etc/shadow")));
    }
  }

  /** Who may name a file would choose whether a rule means it. */
  @Test
  void aLineFeedInANameStopsNoPattern() throws Exception {
    String file = "input.file.path";
    for (String condition :
        List.of(
            "glob.match(\"/g/**\", [\"/\"], " + file + ")",
            "glob.match(\"/g/*\", [\"/\"], " + file + ")",
            "regex.match(`^/g/.*$`, " + file + ")")) {
      try (Evaluator evaluator = evaluator("deny contains \"no\" if " + condition, "{}")) {
        for (String path :
            List.of("/g/a\nb", "/g/a\n", "/g/\n", "/g/a", "/g/01234\n6789", "/g/\n23456789")) {
          assertEquals(
              List.of("no"),
              evaluator.evaluate(Events.open("/bin/cat", 1, path)).deny(),
              condition + " of " + path);
        }
      }
    }
  }

  @Test
  void eachEventIsDecidedByItself() throws Exception {
    try (Evaluator evaluator = evaluator("deny contains input.file.path", "{}")) {
      for (int i = 0; i < 1000; i++) {
        String path = "/" + "x".repeat(i % 300) + i;
        assertEquals(List.of(path), evaluator.evaluate(Events.open("/bin/sh", 1, path)).deny());
      }
    }
  }

  @Test
  void anAllowedEventAllocatesNothing() throws Exception {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Evaluator evaluator =
        evaluator("deny contains \"shadow\" if input.file.path == \"/etc/shadow\"", "{}")) {
      Event allowed = Events.open("/usr/bin/cat", 1000, "/etc/passwd");
      for (int i = 0; i < 20_000; i++) {
        assertSame(Decision.ALLOW, evaluator.evaluate(allowed));
      }
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        assertSame(Decision.ALLOW, evaluator.evaluate(allowed));
      }
      long each = (threads.getCurrentThreadAllocatedBytes() - before) / 10_000;
      assertEquals(0, each, "bytes an evaluation");
    }
  }

  @Test
  void labelsAreReadAndSet() throws Exception {
    String rego =
        """
        label contains "started" if input.process.uid == 7
        label contains "again" if "started" in input.process.labels
        deny contains "secret" if {
          "started" in input.process.labels
          not "trusted" in input.process.labels
        }
        """;
    try (Evaluator evaluator = evaluator(rego, "{}")) {
      Event.FileEvent event = Events.open("/bin/sh", 7, "/a");
      assertEquals(
          new Decision(List.of(), List.of(), List.of(), List.of("started")),
          evaluator.evaluate(event));
      Event.Subject subject = Events.subject("/bin/sh", 8);
      assertSame(Decision.ALLOW, evaluator.evaluate(event.withSubject(subject)));
      assertEquals(
          new Decision(List.of("secret"), List.of(), List.of(), List.of("again")),
          evaluator.evaluate(
              event.withSubject(subject.withLabels(List.of("a-longer-one", "started")))));
      assertEquals(
          new Decision(List.of(), List.of(), List.of(), List.of("again")),
          evaluator.evaluate(event.withSubject(subject.withLabels(List.of("started", "trusted")))));
      assertSame(Decision.ALLOW, evaluator.evaluate(event.withSubject(subject)));
    }
  }
}
