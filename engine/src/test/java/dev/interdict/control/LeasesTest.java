package dev.interdict.control;

import static dev.interdict.testkit.TinyBuilder.folder;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.testkit.TinyBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Changes that wait for their confirmation; the kernel of these tests has a clock of its own. */
@Timeout(60)
class LeasesTest {
  private static final Duration TIME = Duration.ofMinutes(10);

  @TempDir Path directory;
  private final FakeEnforcement kernel = new FakeEnforcement();
  private PolicyControl control;
  private int first;

  @BeforeEach
  void start() {
    control = started(kernel);
    first = apply("name=a\nmode=enforce\ncode=1", null).policy().slot();
  }

  private PolicyControl started(FakeEnforcement enforcement) {
    StateStore store = new StateStore(directory);
    PolicyControl started =
        new PolicyControl(new TinyBuilder(), enforcement, store, Clock.systemUTC());
    started.restore();
    return started;
  }

  private PolicyControl.Applied apply(String yaml, Duration within) {
    return control.apply(folder(yaml), null, false, within);
  }

  /** The second revision of a, which waits; its slot. */
  private int leased() {
    PolicyControl.Applied applied = apply("name=a\nmode=enforce\ncode=2", TIME);
    assertEquals(control.leases().pending(), applied.pending());
    return applied.policy().slot();
  }

  private void end() {
    kernel.bootTimeNs += TIME.toNanos();
  }

  private long id() {
    return control.leases().pending().id();
  }

  private String outcome() {
    return control.history().entries(null, 1).getLast().outcome();
  }

  private long revision() {
    return control.list().getFirst().revision();
  }

  @Test
  void whatWaitsMustRefuseInPlaceOfWhatWasBefore() {
    int second = leased();
    assertNotEquals(first, second);
    assertEquals(Set.of(second), kernel.refusing());
    assertEquals(2, kernel.set.policies().size(), "the one before is asked, too");
    assertEquals("", outcome());
  }

  /** No call of the engine is in between. */
  @Test
  void atTheEndTheKernelMustPutBackWhatWasBeforeByItself() {
    leased();
    end();
    assertEquals(Set.of(first), kernel.refusing());
  }

  @Test
  void theEngineMustFollowTheKernel() {
    leased();
    kernel.bootTimeNs += TIME.toNanos() - 1;
    control.leases().look();
    assertEquals(2, revision());
    kernel.bootTimeNs++;
    control.leases().look();
    assertEquals(1, revision());
    assertNull(control.leases().pending());
    assertEquals(Set.of(first), kernel.refusing());
    assertEquals(1, kernel.set.policies().size());
    assertTrue(outcome().startsWith("not confirmed by "), this::outcome);
  }

  @Test
  void whatIsConfirmedMustStay() {
    int second = leased();
    control.leases().confirm(id());
    end();
    control.leases().look();
    assertEquals(Set.of(second), kernel.refusing());
    assertEquals(1, kernel.set.policies().size());
    assertEquals("done, confirmed by engine", outcome());
    assertEquals(
        List.of(1L, 2L),
        control.history().revisions("a").stream().map(History.Revised::number).toList());
    control = started(kernel);
    assertEquals(2, revision());
  }

  @Test
  void whatIsCancelledMustGoAtOnce() {
    leased();
    long id = id();
    ScopedValue.where(Origin.CURRENT, new Origin("uid 7", "too many")) //
        .run(() -> control.leases().cancel(id));
    assertEquals(Set.of(first), kernel.refusing());
    assertEquals(1, revision());
    assertEquals("cancelled by uid 7: too many", outcome());
    assertThrows(RefusedException.class, () -> control.leases().confirm(id));
  }

  /** A reboot within the time comes up with the revision before. */
  @Test
  void noStartMustKeepWhatWasNotConfirmed() {
    leased();
    control = started(kernel);
    assertEquals(1, revision());
    assertNull(control.leases().pending());
    assertEquals(Set.of(first), kernel.refusing());
    assertTrue(outcome().startsWith("failed: the engine ended before it was"), this::outcome);
  }

  /** The kernel asks it until the next engine has brought its policies into force. */
  @Test
  void theSlotOfWhatWaitedMustNotBeGivenAwayAtTheStart() {
    int second = leased();
    kernel.decider = "another release";
    control = started(kernel);
    assertFalse(Set.of(first, second).contains(control.list().getFirst().slot()));
  }

  @Test
  void aPolicyThatWasNotThereMustGoAtTheEnd() {
    int slot = apply("name=b\nmode=enforce\ncode=9", TIME).policy().slot();
    assertEquals(Set.of(first, slot), kernel.refusing());
    end();
    assertEquals(Set.of(first), kernel.refusing());
    control.leases().look();
    assertEquals(List.of("a"), control.list().stream().map(PolicyStatus::name).toList());
  }

  @Test
  void confirmingMustNameWhatWaitsAndComeInTime() {
    assertThrows(RefusedException.class, () -> control.leases().confirm(1));
    leased();
    long id = id();
    assertThrows(RefusedException.class, () -> control.leases().confirm(id + 1));
    assertThrows(RefusedException.class, () -> control.leases().cancel(id - 1));
    assertEquals(2, revision());
    end();
    assertThrows(RefusedException.class, () -> control.leases().confirm(id));
    assertEquals(1, revision());
    leased();
    long next = id();
    end();
    assertThrows(RefusedException.class, () -> control.leases().cancel(next), "it is too late");
    assertEquals(1, revision());
    assertTrue(outcome().startsWith("not confirmed by "), this::outcome);
  }

  /** Who applies it once more, to keep it, is not told that all is well. */
  @Test
  void whatWaitsMustNotBeCalledUnchanged() {
    leased();
    assertThrows(RefusedException.class, () -> apply("name=a\nmode=enforce\ncode=2", null));
    assertThrows(
        RefusedException.class,
        () -> control.apply(folder("name=b\ncode=9"), null, true, TIME),
        "a dry run says the same");
  }

  @Test
  void aModeOfAPolicyThatOnlyRecordsMustNotWait() {
    kernel.tripped = SlotSet.of(first);
    RefusedException refused =
        assertThrows(RefusedException.class, () -> control.setPolicyMode("a", Mode.ENFORCE, TIME));
    assertTrue(refused.getMessage().contains("mode reset"), refused::getMessage);
    control.setPolicyMode("a", Mode.AUDIT, TIME);
    control.leases().look();
    assertEquals(Mode.AUDIT, control.leases().pending().what().mode());
  }

  /** What is on the disk is what comes back. */
  @Test
  void theEndMustNeedNoDisk() throws IOException {
    leased();
    end();
    Files.createDirectory(directory.resolve("state.json.new"));
    control.leases().look();
    assertEquals(1, revision());
    assertNull(control.leases().pending());
    Files.delete(directory.resolve("state.json.new"));
    control = started(kernel);
    assertEquals(1, revision());
  }

  /** Who calls for audit while a confirmation fails gets it for good. */
  @Test
  void aSwitchBesideAConfirmationThatFailsMustStay() throws IOException {
    control.setHostMode(Mode.AUDIT, TIME);
    Files.createDirectory(directory.resolve("state.json.new"));
    assertThrows(StoreException.class, () -> control.leases().confirm(id()));
    assertEquals(Mode.AUDIT, kernel.modes.host());
    control.setHostMode(Mode.AUDIT, null);
    end();
    control.leases().look();
    assertEquals(Mode.AUDIT, control.hostMode());
    assertEquals(Set.of(), kernel.refusing());
  }

  /** The engine ended between the two lines of the history. */
  @Test
  void aConfirmedModeMustBeTrueInTheHistory() throws IOException {
    control.setPolicyMode("a", Mode.AUDIT, TIME);
    control.leases().confirm(id());
    Path history = directory.resolve("history.jsonl");
    List<String> lines = Files.readAllLines(history);
    Files.write(history, lines.subList(0, lines.size() - 1));
    control = started(new FakeEnforcement());
    assertEquals(
        "done",
        control.history().entries(null, 10).stream()
            .filter(entry -> entry.changes().stream().anyMatch(c -> c.kind() == Change.Kind.MODE))
            .findFirst()
            .orElseThrow()
            .outcome());
  }

  @Test
  void aSecondOneMustBeRefusedWithTheNumberOfTheFirst() {
    leased();
    RefusedException refused =
        assertThrows(RefusedException.class, () -> apply("name=b\nmode=enforce\ncode=9", TIME));
    assertTrue(refused.getMessage().contains("change " + id()), refused::getMessage);
    assertThrows(RefusedException.class, () -> control.setHostMode(Mode.AUDIT, TIME));
    assertThrows(RefusedException.class, () -> control.delete("a"));
    assertThrows(RefusedException.class, () -> control.rollback("a", 1, null));
    assertThrows(RefusedException.class, () -> apply("name=a\nmode=enforce\ncode=3", null));
    assertEquals(2, revision());
  }

  @Test
  void otherPoliciesMustChangeBesideIt() {
    int second = leased();
    int other = apply("name=b\nmode=enforce\ncode=9", null).policy().slot();
    assertEquals(Set.of(second, other), kernel.refusing());
    end();
    assertEquals(Set.of(first, other), kernel.refusing());
    control.leases().look();
    assertEquals(Set.of(first, other), kernel.refusing());
    control = started(kernel);
    assertEquals(Set.of(first, other), kernel.refusing());
  }

  /** Who calls for audit must get it, for good. */
  @Test
  void aSwitchBesideItMustCountBeforeAndAfterTheEnd() {
    leased();
    control.setPolicyMode("a", Mode.AUDIT, null);
    assertEquals(Set.of(), kernel.refusing());
    end();
    assertEquals(Set.of(), kernel.refusing());
    control.leases().look();
    assertEquals(Set.of(), kernel.refusing());
    control.setPolicyMode("a", null, null);
    assertEquals(Set.of(first), kernel.refusing());
  }

  @Test
  void aSwitchOfTheHostBesideItMustCountBeforeAndAfterTheEnd() {
    int second = leased();
    control.setHostMode(Mode.AUDIT, null);
    assertEquals(Set.of(), kernel.refusing());
    end();
    assertEquals(Set.of(), kernel.refusing());
    kernel.bootTimeNs -= TIME.toNanos();
    control.setHostMode(Mode.ENFORCE, null);
    assertEquals(Set.of(second), kernel.refusing());
  }

  /** At whatever moment of the change-over. */
  @Test
  void aSwitchInTheMiddleMustNotLoseTheLease() {
    kernel.using = () -> inAnotherThread(() -> control.setPolicyMode("a", Mode.AUDIT, null));
    kernel.used = () -> inAnotherThread(() -> control.setPolicyMode("a", null, null));
    int second = leased();
    kernel.using = () -> {};
    kernel.used = () -> {};
    assertEquals(Set.of(second), kernel.refusing());
    end();
    assertEquals(Set.of(first), kernel.refusing());
  }

  @Test
  void aSwitchInTheMiddleOfAConfirmationMustNotBringTheLeaseBack() {
    int second = leased();
    long id = id();
    kernel.used = () -> inAnotherThread(() -> control.setPolicyMode("a", null, null));
    control.leases().confirm(id);
    kernel.used = () -> {};
    end();
    assertEquals(Set.of(second), kernel.refusing());
  }

  private static void inAnotherThread(Runnable change) {
    CountDownLatch done = new CountDownLatch(1);
    Thread.ofPlatform()
        .start(
            () -> {
              change.run();
              done.countDown();
            });
    try {
      done.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aModeMustEndLikeAPolicy() {
    PolicyControl.Switched switched = control.setPolicyMode("a", Mode.AUDIT, TIME);
    assertEquals(id(), switched.pending().id());
    assertEquals(Set.of(), kernel.refusing());
    assertEquals(1, kernel.set.policies().size());
    end();
    assertEquals(Set.of(first), kernel.refusing());
    control.leases().look();
    assertNull(control.modes().getFirst().override());
    assertTrue(outcome().startsWith("not confirmed by "), this::outcome);

    control.setHostMode(Mode.AUDIT, TIME);
    assertEquals(Set.of(), kernel.refusing());
    end();
    assertEquals(Set.of(first), kernel.refusing());
    control.leases().look();
    assertEquals(Mode.ENFORCE, control.hostMode());
  }

  @Test
  void aModeThatIsConfirmedMustOutliveAStart() {
    control.setHostMode(Mode.AUDIT, TIME);
    control.leases().confirm(id());
    end();
    assertEquals(Set.of(), kernel.refusing());
    control = started(kernel);
    assertEquals(Mode.AUDIT, control.hostMode());
    control.setHostMode(Mode.ENFORCE, TIME);
    control = started(kernel);
    assertEquals(Mode.AUDIT, control.hostMode(), "it was not confirmed");
  }

  @Test
  void aModeOfWhatIsNotThereMustLeaveNothingBehind() {
    assertThrows(
        NoSuchPolicyException.class, () -> control.setPolicyMode("no-such", Mode.AUDIT, TIME));
    assertNull(control.leases().pending());
    assertEquals("done", outcome(), "of the change before");
  }

  @Test
  void whatTheKernelRefusesMustNotWait() {
    kernel.refuseUse = "no room";
    assertThrows(EnforcementException.class, () -> apply("name=a\nmode=enforce\ncode=2", TIME));
    assertNull(control.leases().pending());
    assertEquals(Set.of(first), kernel.refusing());
    assertTrue(outcome().contains("no room"), this::outcome);
    leased();
    kernel.refuseUse = "no room";
    assertThrows(EnforcementException.class, () -> control.leases().confirm(id()));
    end();
    assertEquals(Set.of(first), kernel.refusing(), "it waits still");
    kernel.refuseUse = "no room";
    assertThrows(EnforcementException.class, () -> control.leases().look());
    assertEquals(Set.of(first), kernel.refusing(), "what has ended is not back in force");
    control.leases().look();
    assertEquals(1, revision());
  }

  /** Housekeeping goes on while a change is made. */
  @Test
  void lookingMustWaitForNobody() {
    leased();
    end();
    kernel.preparing =
        () -> {
          throw new AssertionError("nothing is loaded");
        };
    kernel.using = () -> inAnotherThread(() -> control.leases().look());
    control.leases().look();
    assertEquals(1, revision());
  }

  /** It does not refuse any more, and what was before does not yet. */
  @Test
  void oneThatUsesUpItsBudgetMustGoAtOnce() {
    kernel.tripped = SlotSet.of(leased());
    control.leases().look();
    assertEquals(Set.of(first), kernel.refusing());
    assertEquals(1, revision());
    assertEquals("its budget was used up", outcome());
  }

  /** Who confirms before the engine has looked would keep what only records. */
  @Test
  void oneThatHasUsedUpItsBudgetMustNotBeConfirmed() {
    kernel.tripped = SlotSet.of(leased());
    RefusedException refused =
        assertThrows(RefusedException.class, () -> control.leases().confirm(id()));
    assertTrue(refused.getMessage().contains("its budget was used up"), refused::getMessage);
    assertEquals(1, revision());
    assertEquals(Set.of(first), kernel.refusing());
  }

  /** Until then an operator can see, and get, what is in force. */
  @Test
  void theSourcesOfWhatWaitsMustBeKept() {
    leased();
    apply("name=b\ncode=9", null);
    assertEquals(2, control.get("a").policy().revision());
    control.leases().cancel(id());
    assertEquals(1, control.get("a").policy().revision());
    assertFalse(control.get("a").sources().isEmpty());
  }
}
