package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.engine.BreakGlass;
import dev.interdict.engine.EngineConfig;
import dev.interdict.event.Hook;
import dev.interdict.testkit.Share;
import dev.interdict.v1.Candidate;
import dev.interdict.v1.Decision;
import dev.interdict.v1.Difference;
import dev.interdict.v1.DifferenceKind;
import dev.interdict.v1.Mode;
import dev.interdict.v1.Outcome;
import dev.interdict.v1.PolicyCounters;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Who may refuse, and when: modes of policies and of the host, budgets, first events by onMiss. */
@Tag("lsm")
class ModesIT {
  private static final Path SECRET = Guest.FILES.resolve("secret");

  private final Host host = Host.get();

  /** What it shows rests on none. */
  @BeforeAll
  static void onOneKernel() {
    assumeTrue(Share.isTurn(1));
  }

  private static String open(String cgroup, Path file) {
    return Attack.run(Attack.in(cgroup, "open " + file)).result();
  }

  @Test
  void aSwitchMustHoldFromTheNextCallOn() {
    String cgroup = Host.covered("switch");
    for (int i = 0; i < 5; i++) {
      host.admin().mode("trial-files", Mode.MODE_AUDIT);
      assertEquals("ok", open(cgroup, SECRET));
      host.admin().mode("trial-files", Mode.MODE_ENFORCE);
      assertEquals("EPERM", open(cgroup, SECRET));
      host.admin().mode(Mode.MODE_AUDIT);
      assertEquals("ok", open(cgroup, SECRET));
      host.admin().mode(Mode.MODE_ENFORCE);
      assertEquals("EPERM", open(cgroup, SECRET));
    }
    host.settle();
    List<Decision> events = host.decisions().of(cgroup, Hook.FILE_OPEN);
    assertEquals(20, events.size());
    for (int i = 0; i < events.size(); i++) {
      assertEquals(
          i % 2 == 0 ? Outcome.OUTCOME_WOULD_DENY : Outcome.OUTCOME_DENIED,
          events.get(i).getOutcome());
    }
  }

  @Test
  void aTaskMustBeCoveredHoweverDeepItIs() {
    assertEquals("EPERM", open(Host.covered("deep") + "/d".repeat(60), SECRET));
    assertEquals("ok", open(Guest.UNCOVERED + "/d".repeat(60), SECRET));
  }

  /** Else who decides would wait for himself: he opens a cgroup whose path is asked for. */
  @Test
  void theEngineMustNotBeHeldByAPolicyThatCoversIt() {
    Map<String, Long> before = host.unanswered();
    host.admin().apply("trial-everywhere");
    try {
      assertEquals("EPERM", open(Guest.UNCOVERED + "/everywhere", SECRET), "it covers all");
      assertEquals("ok", open(Guest.UNCOVERED + "/everywhere", Guest.FILES.resolve("twin")));
      assertEquals(before, host.unanswered());
    } finally {
      host.admin().delete("trial-everywhere");
    }
  }

  @Test
  void switchingOnePolicyMustLeaveTheOthers() {
    host.admin().mode("trial-net", Mode.MODE_AUDIT);
    try {
      assertEquals("EPERM", open(Host.covered("others"), SECRET));
    } finally {
      host.admin().mode("trial-net", Mode.MODE_ENFORCE);
    }
  }

  /** Two units may be refused in the hour, however often; the third trips it. */
  @Test
  void aBudgetMustCountSubjectsAndStayTrippedUntilReset() {
    for (String unit : List.of("/budget/one", "/budget/two", "/budget/three")) {
      Guest.cgroup(unit);
    }
    host.admin().apply("trial-budget");
    for (int i = 0; i < 12; i++) {
      assertEquals("EPERM", open("/budget/one", SECRET), "one subject, attempt " + i);
    }
    assertEquals("EPERM", open("/budget/two", SECRET));
    assertFalse(host.admin().policy("trial-budget").getMode().getTripped());
    assertEquals("ok", open("/budget/three", SECRET));
    assertTrue(host.admin().policy("trial-budget").getMode().getTripped());
    assertEquals("ok", open("/budget/one", SECRET), "it only records now");
    assertEquals("EPERM", open(Host.covered("untripped"), SECRET));
    host.admin().resetBudget("trial-budget");
    assertFalse(host.admin().policy("trial-budget").getMode().getTripped());
    assertEquals("EPERM", open("/budget/one", SECRET));
    host.admin().delete("trial-budget");
    assertEquals("ok", open("/budget/one", SECRET));
  }

  /** The engine stands still before the end and after it: what was before is there, and warm. */
  @Test
  void aLeaseMustEndWithoutTheEngine() {
    Path open = Guest.FILES.resolve("public");
    Guest.file(open, "content\n");
    Guest.cgroup("/budget/lease");
    host.admin().apply("trial-budget");
    long revision = host.admin().policy("trial-budget").getRevision();
    assertEquals("EPERM", open("/budget/lease", SECRET));
    assertEquals("ok", open("/budget/lease", open));
    boolean seen = false;
    for (int seconds = 8; !seen; seconds *= 3) { // a busy host may take longer to look
      host.admin().lease("trial-leased", Duration.ofSeconds(seconds));
      List<String> results = List.of(open("/budget/lease", SECRET), open("/budget/lease", open));
      seen = host.admin().isPending();
      if (seen) {
        assertEquals(List.of("ok", "EPERM"), results, "it refuses in place of the one before");
      }
    }
    host.engine().freeze();
    try {
      Guest.eventually(() -> open("/budget/lease", open).equals("ok"));
      assertEquals(
          "EPERM", open("/budget/lease", SECRET), "not by its fallback, which is to allow");
      breakGlass(Duration.ofMinutes(30));
      assertEquals("ok", open("/budget/lease", SECRET));
      breakGlass(Duration.ZERO);
      assertEquals("EPERM", open("/budget/lease", SECRET));
      breakGlass(Duration.ofNanos(1));
      assertEquals("EPERM", open("/budget/lease", SECRET), "it has ended");
    } finally {
      host.engine().thaw();
    }
    Guest.eventually(() -> !host.admin().isPending());
    assertEquals(revision, host.admin().policy("trial-budget").getRevision());
    assertEquals("EPERM", open("/budget/lease", SECRET));
    host.admin().delete("trial-budget");
  }

  /** What it would do is known before it does it, and then it does that, without being asked. */
  @Test
  void aCandidateMustRefuseNothingAndDoWhatItSaidOnceItIsPromoted() {
    Path open = Guest.FILES.resolve("public");
    Guest.file(open, "content\n");
    Guest.cgroup("/budget/candidate");
    host.admin().apply("trial-budget");
    host.admin().candidate("trial-leased");
    for (int i = 0; i < 3; i++) {
      assertEquals("EPERM", open("/budget/candidate", SECRET));
      assertEquals("ok", open("/budget/candidate", open));
    }
    Guest.eventually(
        () -> host.admin().candidateOf("trial-budget").getComparison().getNewlyDenied() > 0);
    host.settle();
    assertEquals(
        3,
        host.admin().candidateOf("trial-budget").getPolicy().getCounters().getWouldDeny(),
        "however its answer and the other's came");
    Candidate candidate = host.admin().candidateOf("trial-budget");
    assertEquals(
        Map.of(
            SECRET.toString(), DifferenceKind.DIFFERENCE_KIND_NEWLY_ALLOWED,
            open.toString(), DifferenceKind.DIFFERENCE_KIND_NEWLY_DENIED),
        candidate.getComparison().getDifferencesList().stream()
            .collect(Collectors.toMap(one -> one.getExample().getObject(), Difference::getKind)));
    host.admin().promote("trial-budget");
    host.engine().freeze();
    try {
      assertEquals("ok", open("/budget/candidate", SECRET));
      assertEquals(
          "EPERM", open("/budget/candidate", open), "not by its fallback, which is to allow");
    } finally {
      host.engine().thaw();
    }
    assertEquals(
        candidate.getPolicy().getRevision(), host.admin().policy("trial-budget").getRevision());
    host.admin().delete("trial-budget");
  }

  /** The kernel tells what it knows; what is decided behind is counted, and no second attempt. */
  @Test
  void anAttemptMustBeToldOnceWhereACandidateDecidesLater() {
    Guest.cgroup("/budget/retold");
    host.admin().apply("trial-budget");
    assertEquals("EPERM", open("/budget/retold", SECRET));
    host.admin().mode("trial-budget", Mode.MODE_AUDIT);
    host.admin().candidate("trial-retold");
    host.settle();
    int before = host.decisions().of("/budget/retold", Hook.FILE_OPEN).size();
    assertEquals("ok", open("/budget/retold", SECRET));
    Guest.eventually(
        () ->
            host.admin().candidateOf("trial-budget").getPolicy().getCounters().getWouldDeny() == 1);
    host.settle();
    assertEquals(before + 1, host.decisions().of("/budget/retold", Hook.FILE_OPEN).size());
    host.admin().delete("trial-budget");
  }

  private static void breakGlass(Duration time) {
    try {
      var opened =
          new BreakGlass(EngineConfig.DEFAULT.pins(), EngineConfig.DEFAULT.stateDirectory())
              .open(time, "trial", "a test");
      assertNull(opened.notNoted());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Who settles at once cannot be disarmed: the alarm is raised, and refusals go on. */
  @Test
  void aSettledBudgetMustRaiseTheAlarmAndGoOn() {
    for (String unit : List.of("/alarm/one", "/alarm/two", "/alarm/three")) {
      Guest.cgroup(unit);
    }
    host.admin().apply("trial-alarm");
    assertEquals("EPERM", open("/alarm/one", SECRET));
    assertEquals("EPERM", open("/alarm/two", SECRET));
    assertFalse(host.admin().policy("trial-alarm").getMode().getAlarmed());
    assertEquals("EPERM", open("/alarm/three", SECRET));
    assertEquals("EPERM", open("/alarm/one", SECRET));
    assertTrue(host.admin().policy("trial-alarm").getMode().getAlarmed());
    assertFalse(host.admin().policy("trial-alarm").getMode().getTripped());
    assertEquals(1, host.admin().policy("trial-alarm").getCounters().getAlarms());
    host.settle();
    Decision last = host.decisions().of("/alarm/three", Hook.FILE_OPEN).getFirst();
    assertTrue(last.toString().contains("a budget is used up"), last::toString);
    host.admin().resetBudget("trial-alarm");
    assertFalse(host.admin().policy("trial-alarm").getMode().getAlarmed());
    host.admin().delete("trial-alarm");
  }

  /** The first attempt of a subject is decided behind it, the second one answered by the kernel. */
  @Test
  void everyAttemptMustLeaveOneRecordAndOneCount() {
    String cgroup = Host.covered("conserved");
    PolicyCounters before = host.admin().policy("trial-files").getCounters();
    host.admin().mode("trial-files", Mode.MODE_AUDIT);
    openTwice(cgroup, 9000);
    host.settle();
    host.admin().mode("trial-files", Mode.MODE_ENFORCE);
    openTwice(cgroup, 9100);
    host.settle();
    List<Decision> events = host.decisions().of(cgroup, Hook.FILE_OPEN);
    assertEquals(16, events.stream().filter(e -> is(e, Outcome.OUTCOME_WOULD_DENY)).count());
    assertEquals(16, events.stream().filter(e -> is(e, Outcome.OUTCOME_DENIED)).count());
    PolicyCounters after = host.admin().policy("trial-files").getCounters();
    int settled = 2; // each of the two opened the file twice
    assertEquals(16 + settled, after.getWouldDeny() - before.getWouldDeny());
    assertEquals(16 + settled, after.getDenied() - before.getDenied());
  }

  private static boolean is(Decision event, Outcome outcome) {
    return event.getOutcome() == outcome;
  }

  private static void openTwice(String cgroup, int firstUser) {
    for (int user = firstUser; user < firstUser + 8; user++) {
      for (int i = 0; i < 2; i++) {
        var ignored = Attack.run(Attack.in(cgroup, user, "open " + SECRET));
      }
    }
  }

  @Test
  void onMissAllowMustLetTheFirstPassAndRefuseTheSecond() {
    Guest.cgroup("/behind/one");
    host.admin().apply("trial-behind");
    assertEquals("ok", open("/behind/one", SECRET));
    host.settle();
    assertEquals("EPERM", open("/behind/one", SECRET));
    host.settle();
    List<Decision> events = host.decisions().of("/behind/one", Hook.FILE_OPEN);
    assertEquals(2, events.size(), events::toString);
    assertEquals(Outcome.OUTCOME_WOULD_DENY, events.getFirst().getOutcome());
    assertEquals(Outcome.OUTCOME_DENIED, events.getLast().getOutcome());
    host.admin().delete("trial-behind");
  }

  @Test
  void onMissDenyMustRefuseUntilDecided() {
    Guest.cgroup("/ahead/one");
    host.admin().apply("trial-ahead");
    Path twin = Guest.FILES.resolve("twin");
    assertEquals("EPERM", open("/ahead/one", twin));
    host.settle();
    assertEquals("ok", open("/ahead/one", twin));
    assertEquals("EPERM", open("/ahead/one", SECRET));
    host.admin().delete("trial-ahead");
  }
}
