package dev.interdict.engine;

import static dev.interdict.testkit.TinyBuilder.folder;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.control.ActivePolicy;
import dev.interdict.control.ActivePolicy.Term;
import dev.interdict.control.Figures;
import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.decisions.Comparison;
import dev.interdict.decisions.Comparison.Difference;
import dev.interdict.decisions.Comparison.Kind;
import dev.interdict.event.Hook;
import dev.interdict.testkit.TinyBuilder;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CandidateFiguresTest {
  private static final Map<String, Long> ENGINE =
      Map.of("over_rate", 11L, "malformed", 100L, "broken", 200L, "failed", 9_000L);

  private static Map<String, Long> hook(long folded, long observe, long decide) {
    return Map.of(
        "folded", folded, "lost_observe", observe, "lost_decide", decide, "observed", 9_000L);
  }

  private static ActivePolicy policy(int slot, Term term, String yaml) {
    Built built = new TinyBuilder().build(folder(yaml), null);
    return new ActivePolicy(slot, built.policy(), built.compiled(), term);
  }

  @Test
  void whatIsComparedMustBeEachInItsPlace() {
    List<Difference> differences =
        List.of(
            new Difference(Kind.NEWLY_DENIED, null, 50),
            new Difference(Kind.NEWLY_DENIED, null, 50),
            new Difference(Kind.NEWLY_ALLOWED, null, 50),
            new Difference(Kind.UNDECIDED, null, 50));
    Map<Kind, Long> omitted =
        Map.of(Kind.NEWLY_DENIED, 20L, Kind.NEWLY_ALLOWED, 60L, Kind.UNDECIDED, 70L);
    Comparison compared =
        new Comparison(Instant.EPOCH, 1, 2, 3, 4, 5, differences, omitted, 6, 7, 8, 9);
    assertEquals(
        new Figures(6, 22, 7, 8, 9, 4, 10, 11, 300),
        CandidateFigures.of(compared, 10, ENGINE, List.of()));
    assertEquals(
        new Figures(0, 0, 0, 0, 0, 0, 10, 11, 300),
        CandidateFigures.of(null, 10, ENGINE, List.of()),
        "nothing was compared yet");
  }

  /** By the kernel and by the engine. */
  @Test
  void whatWasFoldedLostOrNotReadIsUnseen() {
    Figures figures =
        CandidateFigures.of(null, 0, ENGINE, List.of(hook(1, 2, 3), hook(10, 20, 30)));
    assertEquals(366, figures.unseen());
  }

  /** What only the one in force is asked about may be newly allowed, and the gates are of both. */
  @Test
  void theHooksAreThoseOfTheTwoAndNoOthers() {
    List<ActivePolicy> policies =
        List.of(
            policy(1, Term.ALWAYS, "name=a\nhooks=exec,file_open"),
            policy(2, Term.ALWAYS, "name=b\nhooks=file_open,xdp_ingress"),
            policy(200, Term.CANDIDATE, "name=a\nhooks=file_open,socket_connect"));
    assertEquals(
        Set.of(Hook.EXEC, Hook.FILE_OPEN, Hook.SOCKET_CONNECT),
        CandidateFigures.hooks(policies, 200));
    assertEquals(Set.of(), CandidateFigures.hooks(policies, 3));
  }
}
