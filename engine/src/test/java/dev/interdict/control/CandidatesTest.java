package dev.interdict.control;

import static dev.interdict.testkit.TinyBuilder.folder;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.ActivePolicy.Term;
import dev.interdict.control.Candidates.Candidate;
import dev.interdict.control.Candidates.Seen;
import dev.interdict.control.Change.Kind;
import dev.interdict.control.PolicyControl.Applied;
import dev.interdict.control.PolicyControl.Result;
import dev.interdict.event.Hook;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.testkit.TinyBuilder;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CandidatesTest {
  private static final String FIRST = "name=a\nmode=enforce\ncode=1";
  private static final String SECOND = "name=a\nmode=enforce\ncode=2";
  private static final String THIRD = "name=a\nmode=enforce\ncode=3";

  @TempDir Path directory;
  private final FakeEnforcement kernel = new FakeEnforcement();
  private PolicyControl control;
  private int first;

  @BeforeEach
  void start() {
    control = started(kernel);
    first = control.apply(folder(FIRST), null, false, null).policy().slot();
  }

  private PolicyControl started(FakeEnforcement enforcement) {
    StateStore store = new StateStore(directory);
    PolicyControl started =
        new PolicyControl(new TinyBuilder(), enforcement, store, Clock.systemUTC());
    started.restore();
    return started;
  }

  private Applied candidate(String yaml) {
    return control.candidates().apply(folder(yaml), null, false);
  }

  private Candidate only() {
    return control.candidates().get("a");
  }

  private List<Change> changes() {
    return control.history().entries(null, 1).getLast().changes();
  }

  private Kind kind() {
    return changes().getFirst().kind();
  }

  @Test
  void itMustBeAskedBesideTheOneInForceAndRefuseNothing() {
    Applied applied = candidate(SECOND);
    assertEquals(Result.CREATED, applied.result());
    assertNotEquals(first, applied.policy().slot());
    assertEquals(Set.of(first), kernel.refusing());
    ActivePolicy asked =
        kernel.set.policies().stream().filter(p -> p.term() == Term.CANDIDATE).findFirst().get();
    assertEquals(applied.policy().slot(), asked.slot());
    assertEquals(first, kernel.set.slotBeside(asked));
    assertEquals(2, only().policy().revision());
    assertEquals(Mode.AUDIT, only().policy().mode().effective(), "whatever it says of itself");
    assertEquals(1, only().beside());
    assertEquals(1, control.list().size(), "no policy in force");
    assertEquals(Kind.CANDIDATE, kind());
    assertEquals(List.of("a", "a"), kernel.prepared, "loaded before the change");
  }

  /** Whatever is switched, and whatever the policy says of itself. */
  @Test
  void noModeMustMakeItRefuse() {
    candidate(SECOND);
    control.setPolicyMode("a", Mode.AUDIT, null);
    assertEquals(Set.of(), kernel.refusing());
    control.setPolicyMode("a", Mode.ENFORCE, null);
    control.setHostMode(Mode.ENFORCE, null);
    assertEquals(Set.of(first), kernel.refusing());
    control.setHostMode(Mode.AUDIT, Duration.ofMinutes(1));
    kernel.bootTimeNs += Duration.ofMinutes(2).toNanos();
    assertEquals(Set.of(first), kernel.refusing(), "at the end of a lease neither");
  }

  @Test
  void promotedItMustRefuseFromTheSlotItHas() {
    int slot = candidate(SECOND).policy().slot();
    control.setPolicyMode("a", Mode.AUDIT, null);
    Applied promoted = control.candidates().promote("a", Seen.ANY, null);
    assertEquals(Result.REPLACED, promoted.result());
    assertEquals(slot, promoted.policy().slot(), "or nothing of what it decided counts");
    assertEquals(2, promoted.policy().revision());
    assertEquals(Set.of(), kernel.refusing(), "the operator's mode stays");
    control.setPolicyMode("a", null, null);
    assertEquals(Set.of(slot), kernel.refusing());
    assertEquals(1, kernel.set.policies().size());
    assertEquals(List.of(), control.candidates().list());
    control.rollback("a", 0, null);
    assertEquals(3, control.list().getFirst().revision(), "and there is a way back");
  }

  /** What was compared is what comes into force, or nothing does. */
  @Test
  void whatNobodyHasLookedAtMustNotBePromoted() {
    candidate(SECOND);
    Seen seen = new Seen(2, 1);
    candidate(THIRD);
    RefusedException refused =
        assertThrows(RefusedException.class, () -> control.candidates().promote("a", seen, null));
    assertTrue(refused.getMessage().contains("revision 3 is there, not 2"), refused::getMessage);
    assertThrows(RefusedException.class, () -> control.candidates().drop("a", 2));
    control.apply(folder(SECOND), null, false, null);
    assertThrows(
        RefusedException.class, () -> control.candidates().promote("a", new Seen(3, 1), null));
    assertEquals(4, control.list().getFirst().revision());
    control.candidates().promote("a", new Seen(3, 4), null);
    assertEquals(3, control.list().getFirst().revision());
  }

  @Test
  void whoeverIsOvertakenMustLookAgain() {
    kernel.preparing =
        () -> {
          kernel.preparing = () -> {};
          candidate(SECOND);
        };
    assertThrows(RefusedException.class, () -> candidate(THIRD));
    assertEquals(2, only().policy().revision());
  }

  @Test
  void aPromotionMustHaveOneLineInTheHistory() {
    candidate(SECOND);
    control.candidates().promote("a", Seen.ANY, null);
    assertEquals(1, changes().size(), changes()::toString);
    assertEquals(Kind.APPLY, kind());
    assertEquals(2, changes().getFirst().revision());
  }

  @Test
  void aPromotionThatIsNotConfirmedMustEnd() {
    candidate(SECOND);
    Applied promoted = control.candidates().promote("a", Seen.ANY, Duration.ofMinutes(10));
    assertEquals(Set.of(promoted.policy().slot()), kernel.refusing());
    assertEquals(control.leases().pending(), promoted.pending());
    kernel.bootTimeNs += Duration.ofMinutes(10).toNanos();
    assertEquals(Set.of(first), kernel.refusing());
    control.leases().look();
    assertEquals(1, control.list().getFirst().revision());
    assertEquals(List.of(), control.candidates().list());
  }

  @Test
  void thereMustBeOneOfAName() {
    int before = candidate(SECOND).policy().slot();
    assertEquals(Result.UNCHANGED, candidate(SECOND).result());
    assertEquals(2, only().policy().revision());
    assertEquals(Result.REPLACED, candidate(THIRD).result());
    assertEquals(3, only().policy().revision());
    assertNotEquals(before, only().policy().slot(), "verdicts of the one before are not its own");
    assertEquals(2, kernel.set.policies().size());
  }

  @Test
  void droppedItMustBeGone() {
    candidate(SECOND);
    control.candidates().drop("a", 0);
    assertEquals(Kind.DROP_CANDIDATE, kind());
    assertEquals(1, kernel.set.policies().size());
    assertEquals(Set.of(first), kernel.refusing());
    for (Supplier<?> call :
        List.<Supplier<?>>of(
            this::only, () -> control.candidates().promote("a", Seen.ANY, null), this::dropped)) {
      String message = assertThrows(NoSuchPolicyException.class, call::get).getMessage();
      assertTrue(message.contains("candidate"), message);
    }
  }

  private Object dropped() {
    control.candidates().drop("a", 0);
    return null;
  }

  /** Its number is never another's. */
  @Test
  void numbersMustRiseAcrossCandidates() {
    candidate(SECOND);
    control.candidates().drop("a", 0);
    assertEquals(3, control.apply(folder(THIRD), null, false, null).policy().revision());
    assertEquals(4, candidate(SECOND).policy().revision());
  }

  @Test
  void whatIsInForceIsNoCandidate() {
    String message = assertThrows(RefusedException.class, () -> candidate(FIRST)).getMessage();
    assertTrue(message.contains("revision 1, which is in force already"), message);
    kernel.missing.add(Hook.FILE_OPEN);
    assertThrows(RefusedException.class, () -> candidate(SECOND + "\nhooks=file_open"));
    assertEquals(List.of(), control.candidates().list());
  }

  /** What others see of a process would hang on it. */
  @Test
  void whatSetsLabelsMustBeNoCandidate() {
    String labels = SECOND + "\nlabel=agent";
    String message = assertThrows(RefusedException.class, () -> candidate(labels)).getMessage();
    assertTrue(message.contains("sets labels (agent)"), message);
    assertEquals(List.of(), control.candidates().list());
    control.apply(folder(labels), null, false, null);
    assertEquals(3, candidate(THIRD).policy().revision(), "beside one it may be");
  }

  @Test
  void withoutAPolicyInForceItIsComparedWithNothing() {
    control.candidates().apply(folder("name=b\ncode=1"), null, false);
    Candidate candidate = control.candidates().get("b");
    assertEquals(0, candidate.beside());
    ActivePolicy asked =
        kernel.set.policies().stream().filter(p -> p.term() == Term.CANDIDATE).findFirst().get();
    assertEquals(-1, kernel.set.slotBeside(asked));
    assertEquals(Result.CREATED, control.candidates().promote("b", Seen.ANY, null).result());
    assertEquals(2, control.list().size());
  }

  @Test
  void aDryRunMustChangeNothing() {
    Applied applied = control.candidates().apply(folder(SECOND), null, true);
    assertEquals(Result.CREATED, applied.result());
    assertEquals(-1, applied.policy().slot());
    assertEquals(List.of(), control.candidates().list());
    assertEquals(1, kernel.set.policies().size());
  }

  @Test
  void itMustStayOverARestartAndBeAskedAnew() {
    int slot = candidate(SECOND).policy().slot();
    FakeEnforcement next = new FakeEnforcement();
    control = started(next);
    assertNotEquals(slot, only().policy().slot(), "or what is known is never compared again");
    assertTrue(next.forgotten.contains(only().policy().slot()));
    assertEquals(2, only().policy().revision());
    assertEquals(Set.of(first), next.refusing());
    assertEquals(4, candidateAfter(), "no number is used again");
  }

  private long candidateAfter() {
    control.candidates().promote("a", Seen.ANY, null);
    return candidate(THIRD).policy().revision() + 1;
  }

  @Test
  void whatCannotBeSavedIsNotThere() {
    kernel.refuseUse = "the verifier says no";
    assertThrows(EnforcementException.class, () -> candidate(SECOND));
    assertEquals(List.of(), control.candidates().list());
    assertEquals(Set.of(first), kernel.refusing());
    assertTrue(
        control.history().entries(null, 1).getLast().outcome().startsWith("failed: "),
        "in the history, too");
  }

  @Test
  void deletingThePolicyTakesItsCandidateAlong() {
    candidate(SECOND);
    control.delete("a");
    assertEquals(List.of(), control.candidates().list());
    assertEquals(0, kernel.set.policies().size());
    assertEquals(
        Set.of(Kind.DELETE, Kind.DROP_CANDIDATE),
        Set.copyOf(changes().stream().map(Change::kind).toList()));
  }

  /** The one in force changes; the candidate is compared with what is there now. */
  @Test
  void theOneInForceMayChangeBesideIt() {
    int slot = candidate(SECOND).policy().slot();
    control.apply(folder(THIRD), null, false, null);
    assertEquals(slot, only().policy().slot());
    assertEquals(3, only().beside());
  }

  @Test
  void aChangeThatWaitsMustKeepItsPlace() {
    candidate(SECOND);
    control.setPolicyMode("a", Mode.AUDIT, Duration.ofMinutes(10));
    assertThrows(RefusedException.class, () -> control.candidates().promote("a", Seen.ANY, null));
    control.leases().cancel(control.leases().pending().id());
    assertEquals(2, only().policy().revision(), "and undoing it leaves the candidate");
    assertEquals(2, control.candidates().promote("a", Seen.ANY, null).policy().revision());
  }
}
