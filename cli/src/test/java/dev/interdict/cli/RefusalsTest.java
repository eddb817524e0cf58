package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.event.Access;
import dev.interdict.event.Hook;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RefusalsTest {
  private final Refusals refusals = new Refusals("mine");

  private void add(int pid, Outcome outcome, String exe, boolean fallback) {
    refusals.add(
        new DecisionRecord(
            pid,
            Instant.EPOCH,
            outcome,
            Hook.FILE_OPEN,
            Access.READ.bit() | Access.WRITE.bit(),
            new Subject(pid, pid, 1, 0, 0, "x", exe, "/interdict-try"),
            "/etc/shadow",
            List.of(
                new Finding("another", false, List.of("not mine"), List.of(), List.of()),
                new Finding("mine", true, List.of("no \u001b[2J"), List.of(), List.of())),
            fallback,
            true,
            1));
  }

  private String printed() {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    refusals.print(out);
    out.flush();
    return text.toString();
  }

  @Test
  void alikeOnesAreOneLineWithWhatWouldAllowThem() {
    add(1, Outcome.DENIED, "/usr/bin/\"odd\"", false);
    add(2, Outcome.DENIED, "/usr/bin/\"odd\"", false);
    add(3, Outcome.WOULD_DENY, "/usr/bin/cat", false);
    assertEquals(
        """
        refused:
          2 x file_open read,write /etc/shadow by "/usr/bin/\\"odd\\""
              because: no \\u{1b}[2J
              to allow it, add this to the rule that says so:
                process.exe.path: {notIn: ["/usr/bin/\\"odd\\""]}
        """,
        printed());
  }

  @Test
  void whatWasNotDecidedIsToldApart() {
    add(1, Outcome.DENIED, "/usr/bin/cat", true);
    assertTrue(printed().contains("there was no decision in time"), this::printed);
    assertTrue(!printed().contains("notIn"), this::printed);
  }

  @Test
  void nothingIsSaidToo() {
    add(1, Outcome.WOULD_DENY, "/usr/bin/cat", false);
    assertTrue(refusals.isEmpty());
    assertEquals("nothing was refused\n", printed());
  }
}
