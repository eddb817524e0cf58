package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.v1.Container;
import dev.interdict.v1.Decision;
import dev.interdict.v1.GetStatusResponse;
import dev.interdict.v1.HookStatus;
import dev.interdict.v1.Mode;
import dev.interdict.v1.Outcome;
import dev.interdict.v1.PolicyFinding;
import dev.interdict.v1.Subject;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopPageTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00.250Z");

  private final Tally tally = new Tally();

  @Test
  void ratesAreOfTheIntervalAndTheMostFrequentStandFirst() {
    tally.add(denied("/usr/bin/cat", "/etc/shadow", finding("secrets", true)));
    tally.add(denied("/usr/bin/cat", "/etc/gshadow", finding("secrets", true)));
    tally.add(wouldDeny("/usr/bin/vi\n", "/etc/passwd", finding("people", false)));
    tally.lost(3);
    GetStatusResponse before = status(100, 7, 1);
    GetStatusResponse now = status(160, 8, 1);
    assertEquals(
        """
        2026-03-01T12:00:00Z  3 policies, host in audit  verdicts 9  decisions 3, lost 3

        HOOK       HITS/S  MISSES/S  DENIED/S  WOULD-DENY/S  WAITED/S  NO-ANSWER/S  LOST/S
        file_open  30.0    0.5       0.0       0.0           0.5       0.0          0.0

        DENIED  WOULD-DENY  POLICY
        2       0           secrets
        0       1           people

        DENIED  WOULD-DENY  PROGRAM
        2       0           /usr/bin/cat
        0       1           /usr/bin/vi\\n

        DENIED  WOULD-DENY  OBJECT
        1       0           file_open /etc/gshadow
        0       1           file_open /etc/passwd

        DENIED  WOULD-DENY  UNIT
        2       1           web.service
        """,
        page(before, now, 2).text(new Style(false, false)));
  }

  /** Of two policies that object, one may only record. */
  @Test
  void aPolicyInAuditIsNotSaidToHaveDenied() {
    tally.add(denied("/x", "/y", finding("secrets", true), finding("people", false)));
    tally.add(
        denied("/x", "/y", PolicyFinding.newBuilder().setPolicy("talk").addWarn("w").build()));
    assertEquals(
        List.of(new Tally.Line("people", 0, 1), new Tally.Line("secrets", 1, 0)),
        tally.most(Tally.Group.POLICY, 5),
        "who warns does not object");
  }

  @Test
  void whoIsInNoUnitIsNamedByItsContainerOrCgroupAndAPacketHasNeither() {
    Subject subject = Subject.newBuilder().setCgroup("/machine/a").build();
    tally.add(Decision.newBuilder().setSubject(subject).build());
    Container box = Container.newBuilder().setName("box").build();
    tally.add(Decision.newBuilder().setSubject(subject.toBuilder().setContainer(box)).build());
    tally.add(Decision.newBuilder().setHook("xdp_ingress").build());
    assertEquals(
        List.of("/machine/a", "container box"),
        tally.most(Tally.Group.UNIT, 5).stream().map(Tally.Line::name).toList());
    assertEquals(
        List.of(new Tally.Line("?", 0, 2)), tally.most(Tally.Group.PROGRAM, 5), "two programs");
  }

  /** Whoever makes up names may not make it grow, nor hide what happens all the time. */
  @Test
  void namesAreForgottenWhenThereAreManyAndTheFrequentAreNot() {
    for (int i = 0; i < 5 * Tally.MOST; i++) {
      tally.add(denied("/usr/bin/cat", "/tmp/" + i));
      tally.add(denied("/usr/bin/cat", "/etc/shadow"));
    }
    assertEquals("file_open /etc/shadow", tally.most(Tally.Group.OBJECT, 1).getFirst().name());
    assertEquals(5L * Tally.MOST, tally.most(Tally.Group.OBJECT, 1).getFirst().denied());
    assertTrue(tally.most(Tally.Group.OBJECT, Integer.MAX_VALUE).size() <= Tally.MOST);
  }

  @Test
  void programsGetTheSameFigures() {
    tally.add(denied("/usr/bin/cat", "/etc/shadow", finding("secrets", true)));
    Map<String, Object> tree = page(status(0, 0, 0), status(1, 0, 1), 1).tree();
    assertEquals(1L, tree.get("records"));
    assertEquals(
        Map.of(
            "hits",
            1.0,
            "misses",
            0.0,
            "denied",
            0.0,
            "wouldDeny",
            0.0,
            "waited",
            0.0,
            "noAnswer",
            1.0,
            "lost",
            0.0),
        ((Map<?, ?>) tree.get("perSecond")).get("file_open"));
    assertEquals(
        List.of(Map.of("name", "secrets", "denied", 1L, "wouldDeny", 0L)), tree.get("policy"));
  }

  private TopPage page(GetStatusResponse before, GetStatusResponse now, double seconds) {
    return new TopPage(NOON, before, now, seconds, tally, List.of(Tally.Group.values()), 2);
  }

  private static GetStatusResponse status(long hits, long misses, long stale) {
    HookStatus open =
        HookStatus.newBuilder()
            .setHook("file_open")
            .putCounters("hits", hits)
            .putCounters("misses", misses)
            .putCounters("restarted", misses)
            .putCounters("stale", stale)
            .build();
    return GetStatusResponse.newBuilder()
        .setPolicies(3)
        .setMode(Mode.MODE_AUDIT)
        .setVerdicts(9)
        .addHooks(open)
        .addHooks(HookStatus.newBuilder().setHook("exec").putCounters("hits", 5))
        .build();
  }

  private static PolicyFinding finding(String policy, boolean enforced) {
    return PolicyFinding.newBuilder().setPolicy(policy).setEnforced(enforced).addDeny("no").build();
  }

  private static Decision denied(String exe, String path, PolicyFinding... findings) {
    return decision(Outcome.OUTCOME_DENIED, exe, path, findings);
  }

  private static Decision wouldDeny(String exe, String path, PolicyFinding... findings) {
    return decision(Outcome.OUTCOME_WOULD_DENY, exe, path, findings);
  }

  private static Decision decision(
      Outcome outcome, String exe, String path, PolicyFinding... findings) {
    return Decision.newBuilder()
        .setOutcome(outcome)
        .setHook("file_open")
        .setObject(path)
        .setSubject(Subject.newBuilder().setExe(exe).setUnit("web.service"))
        .addAllFindings(List.of(findings))
        .build();
  }
}
