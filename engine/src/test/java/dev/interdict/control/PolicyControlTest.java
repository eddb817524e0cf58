package dev.interdict.control;

import static dev.interdict.testkit.TinyBuilder.folder;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.Candidates.Seen;
import dev.interdict.control.PolicyControl.Result;
import dev.interdict.control.StateStore.Saved;
import dev.interdict.control.StateStore.SavedPolicy;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.LintNotes;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.testkit.TinyBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PolicyControlTest {
  @TempDir Path directory;
  private final FakeEnforcement kernel = new FakeEnforcement();
  private PolicyControl control;
  private String meanwhile = "";

  @BeforeEach
  void start() {
    control = controlOver(kernel);
    control.restore();
  }

  @Test
  void anAppliedPolicyMustBeInForceInItsOwnMode() {
    assertEquals(Result.CREATED, apply("name=a").result());
    assertEquals(Result.CREATED, apply("name=b\nmode=enforce").result());

    assertEquals(List.of("a", "b"), names());
    assertEquals(Mode.AUDIT, kernel.mode(0));
    assertTrue(kernel.modes.enforces(kernel.set.policies().get(1)));
  }

  @Test
  void theSameContentAgainMustChangeNothing() {
    apply("name=a");
    ActiveSet before = kernel.set;

    assertEquals(Result.UNCHANGED, apply("name=a").result());
    assertSame(before, kernel.set);
  }

  @Test
  void newCodeMustTakeAForgottenSlotAndFreeTheOldOne() {
    int first = apply("name=a\ncode=1").policy().slot();
    PolicyControl.Applied second = apply("name=a\ncode=2");

    assertEquals(Result.REPLACED, second.result());
    assertNotEquals(first, second.policy().slot());
    assertEquals(1, kernel.set.policies().size());
    assertTrue(kernel.forgotten.contains(second.policy().slot()));
  }

  @Test
  void aChangeOutsideTheCodeMustKeepTheSlotAndItsVerdicts() {
    int slot = apply("name=a\ncode=1").policy().slot();

    assertEquals(slot, apply("name=a\ncode=1\nmode=enforce").policy().slot());
    assertEquals(Mode.ENFORCE, kernel.mode(0));
  }

  /** The engine's verdicts say whom such a scope covers; of any other the kernel knows it. */
  @Test
  void anotherScopeThatVerdictsRestOnMustForgetThem() {
    int slot = apply("name=a\nscope=/a*").policy().slot();
    assertEquals(slot, apply("name=a\nscope=/a*\nmode=enforce").policy().slot());
    int other = apply("name=a\nscope=/b*").policy().slot();
    assertNotEquals(slot, other);
    int plain = apply("name=a\nscope=/b").policy().slot();
    assertNotEquals(other, plain);
    assertEquals(plain, apply("name=a\nscope=/c").policy().slot());
    assertNotEquals(plain, apply("name=a\nscope=/c*").policy().slot());
  }

  @Test
  void anotherAnswerToPathsThatCannotBeToldMustForgetTheVerdicts() {
    int slot = apply("name=a\nunknownPath=judge").policy().slot();
    kernel.forgotten.clear();

    int other = apply("name=a\nunknownPath=deny").policy().slot();
    assertNotEquals(slot, other);
    assertEquals(List.of(other), kernel.forgotten);
    assertEquals(other, apply("name=a\nunknownPath=deny\nmode=enforce").policy().slot());
  }

  @Test
  void aSwitchMustNotWaitForWhatIsLoadedOrBroughtIntoForce() throws Exception {
    apply("name=a\nmode=enforce");
    kernel.preparing = () -> inAnotherThread(() -> control.setHostMode(Mode.AUDIT, null));
    kernel.using = () -> inAnotherThread(() -> control.setPolicyMode("a", Mode.AUDIT, null));
    kernel.used = () -> inAnotherThread(() -> control.setHostMode(Mode.ENFORCE, null));
    apply("name=b\nmode=enforce");
    assertEquals(List.of("a", "b"), kernel.prepared);
    assertEquals(Mode.AUDIT, kernel.mode(0));
    assertEquals(Mode.ENFORCE, kernel.mode(1));
    assertEquals(Mode.ENFORCE, kernel.modes.host());
    assertEquals(Mode.ENFORCE, control.hostMode());

    kernel.preparing = kernel.using = kernel.used = () -> {};
    PolicyControl next = controlOver(kernel);
    next.restore();
    assertEquals(2, next.list().size());
    assertEquals(Mode.AUDIT, kernel.mode(0), "and it is saved");
  }

  @Test
  void aSwitchDuringAChangeThatIsUndoneMustStay() throws Exception {
    apply("name=a\nmode=enforce");
    kernel.using = () -> inAnotherThread(() -> control.setPolicyMode("a", Mode.AUDIT, null));
    kernel.used =
        () -> {
          kernel.used = () -> {};
          throw new EnforcementException("the kernel is full", null);
        };
    assertThrows(EnforcementException.class, () -> apply("name=a\ncode=2\nmode=enforce"));
    kernel.using = () -> {};
    apply("name=b");
    assertEquals(Mode.AUDIT, kernel.mode(0));
    assertEquals(Mode.AUDIT, control.modes().getFirst().override());
  }

  private static void inAnotherThread(Runnable work) {
    Thread thread = Thread.ofPlatform().start(work);
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aSlotMustRestBeforeItsReuseAndBeForgottenAgain() {
    for (int i = 0; i < 300; i++) {
      apply("name=a\ncode=" + i);
    }
    assertEquals(300 % SlotSet.SLOTS - 1, kernel.set.policies().getFirst().slot());
  }

  @Test
  void moreThan256PoliciesMustBeRefusedAndTheOthersStay() {
    for (int i = 0; i < SlotSet.SLOTS; i++) {
      apply("name=p" + i);
    }
    ActiveSet before = kernel.set;

    assertThrows(NoSlotException.class, () -> apply("name=one-more"));
    assertSame(before, kernel.set);
  }

  @Test
  void anInvalidPolicyMustLeaveTheOldOneInForce() {
    apply("name=a\nmode=enforce");
    ActiveSet before = kernel.set;

    assertThrows(InvalidPolicyException.class, () -> apply("mode=enforce"));
    assertSame(before, kernel.set);
  }

  @Test
  void aHookTheHostLacksMustBeRefusedWithReasonAndRemedy() {
    apply("name=a");
    ActiveSet before = kernel.set;
    kernel.missing.add(Hook.EXEC);

    RefusedException refused =
        assertThrows(RefusedException.class, () -> apply("name=a\nhooks=exec,file_open"));
    assertEquals(
        "hook exec: the LSM list lacks bpf; boot with lsm=landlock,yama,bpf", refused.getMessage());
    assertSame(before, kernel.set);
  }

  @Test
  void aSetTheKernelRefusesMustLeaveListAndStoreAsTheyWere() {
    apply("name=a");
    kernel.refuseUse = "E2BIG";

    assertThrows(EnforcementException.class, () -> apply("name=b"));
    assertEquals(List.of("a"), names());
    assertEquals(List.of("a"), restarted(kernel).list().stream().map(PolicyStatus::name).toList());
  }

  @Test
  void aPolicyThatCannotBeSavedMustNotStayInForce() throws Exception {
    apply("name=a");
    blockStateFile();

    assertThrows(StoreException.class, () -> apply("name=b"));
    assertEquals(List.of("a"), kernel.set.policies().stream().map(p -> p.policy().name()).toList());
    assertEquals(List.of("a"), names());
  }

  @Test
  void aModeThatCannotBeSavedMustStillBeSwitched() throws Exception {
    apply("name=a\nmode=enforce");
    blockStateFile();

    PolicyControl.Switched switched = control.setHostMode(Mode.AUDIT, null);
    assertNotNull(switched.notSaved());
    assertEquals(Mode.AUDIT, kernel.modes.host());
  }

  @Test
  void validatingOnlyMustChangeNothing() {
    ActiveSet before = kernel.set;

    PolicyControl.Applied applied = control.apply(folder("name=a\nmode=enforce"), null, true, null);
    assertEquals(Result.CREATED, applied.result());
    assertEquals(Mode.ENFORCE, applied.policy().mode().effective());
    assertSame(before, kernel.set);
    assertEquals(List.of(), names());
  }

  @Test
  void aDeletedPolicyMustBeGoneAfterARestartToo() {
    apply("name=a");
    apply("name=b");
    control.delete("a");

    assertEquals(List.of("b"), names());
    assertEquals(List.of("b"), restarted(kernel).list().stream().map(PolicyStatus::name).toList());
    assertThrows(NoSuchPolicyException.class, () -> control.delete("a"));
  }

  @Test
  void theHostsAuditMustOverruleEveryPolicy() {
    apply("name=a\nmode=enforce");

    control.setHostMode(Mode.AUDIT, null);
    assertEquals(Mode.AUDIT, control.modes().getFirst().effective());
    control.setHostMode(Mode.ENFORCE, null);
    assertEquals(Mode.ENFORCE, control.modes().getFirst().effective());
  }

  @Test
  void anOverrideMustOutliveNewRevisionsUntilItIsTakenBack() {
    apply("name=a\nmode=audit\ncode=1");
    control.setPolicyMode("a", Mode.ENFORCE, null);
    apply("name=a\nmode=audit\ncode=2");

    assertEquals(Mode.ENFORCE, control.modes().getFirst().effective());
    control.setPolicyMode("a", null, null);
    assertEquals(Mode.AUDIT, control.modes().getFirst().effective());
  }

  @Test
  void aRestartMustFindModesSlotsAndSourcesAsTheyWere() {
    apply("name=a");
    apply("name=b");
    control.delete("a");
    control.setPolicyMode("b", Mode.ENFORCE, null);
    control.setHostMode(Mode.AUDIT, null);
    ActiveSet before = kernel.set;

    PolicyControl again = restarted(kernel);
    assertEquals(Mode.AUDIT, again.hostMode());
    assertEquals(before.policies().getFirst().slot(), kernel.set.policies().getFirst().slot());
    assertEquals(Mode.ENFORCE, again.modes().getFirst().override());
    assertArrayEquals(
        folder("name=b").get("policy.yaml"), again.get("b").sources().get("policy.yaml"));
  }

  /** Else the state before the last change is gone at the next start. */
  @Test
  void aRestartThatChangesNothingMustWriteNothing() throws IOException {
    apply("name=a");
    apply("name=b");
    byte[] now = Files.readAllBytes(directory.resolve("state.json"));
    byte[] before = Files.readAllBytes(directory.resolve("state.json.before"));
    restarted(kernel);
    restarted(kernel);
    assertArrayEquals(now, Files.readAllBytes(directory.resolve("state.json")));
    assertArrayEquals(before, Files.readAllBytes(directory.resolve("state.json.before")));
    kernel.decider = "the next release";
    restarted(kernel);
    assertFalse(Arrays.equals(now, Files.readAllBytes(directory.resolve("state.json"))));
  }

  /** After an upgrade what the engine before has decided is asked again, and only then. */
  @Test
  void verdictsOfAnEngineThatDecidesOtherwiseMustNotCount() {
    int slot = apply("name=a\nmode=enforce").policy().slot();
    assertEquals(slot, restarted(kernel).get("a").policy().slot());
    kernel.decider = "the next release";
    int fresh = restarted(kernel).get("a").policy().slot();
    assertNotEquals(slot, fresh);
    assertTrue(kernel.forgotten.contains(fresh), kernel.forgotten::toString);
    assertEquals(fresh, restarted(kernel).get("a").policy().slot());
  }

  @Test
  void aPolicyTheHostCanNoLongerUseMustSaySoAndNotTouchTheOthers() {
    apply("name=a\nhooks=exec");
    apply("name=b");
    kernel.missing.add(Hook.EXEC);

    PolicyControl again = restarted(kernel);
    assertTrue(again.list().getFirst().problem().contains("lsm=landlock,yama,bpf"));
    assertEquals(-1, again.list().getFirst().slot());
    assertNull(again.list().getLast().problem());
    assertEquals(List.of("b"), kernel.set.policies().stream().map(p -> p.policy().name()).toList());
    kernel.missing.clear();
    assertEquals(
        Result.REPLACED, again.apply(folder("name=a\nhooks=exec"), null, false, null).result());
  }

  /** Such as a compiler that is killed, after an upgrade to another. */
  @Test
  void aPolicyThatCannotBeCompiledAnewMustStayInForceAsItWas() {
    int slot = apply("name=a").policy().slot();
    apply("name=b\nhooks=exec");
    PolicyBuilder failing =
        new TinyBuilder() {
          @Override
          public Built build(SortedMap<String, byte[]> sources, byte[] artefact) {
            throw new BuildException("the compiler was killed", null);
          }

          @Override
          public Built kept(SortedMap<String, byte[]> sources, byte[] artefact) {
            Built built = super.build(sources, artefact);
            if (built.policy().name().equals("b")) {
              throw new InvalidPolicyException(List.of());
            }
            return built;
          }
        };
    kernel.forgotten.clear();

    PolicyControl again = restarted(kernel, failing);
    assertEquals(slot, again.get("a").policy().slot());
    assertNull(again.get("a").policy().problem());
    assertEquals(List.of(), kernel.forgotten, "its verdicts stand");
    assertEquals(-1, again.get("b").policy().slot());
    assertNotNull(again.get("b").policy().problem());
    again.setHostMode(Mode.AUDIT, null); // which saves that b is not in force
    assertEquals(-1, restarted(kernel, failing).get("b").policy().slot());
    assertEquals(0, restarted(kernel).list().stream().filter(p -> p.slot() < 0).count());
  }

  /** A host that starts is busy: what its trial takes too long for may pass the next one. */
  @Test
  void aTrialThatFailsAtAStartMustBeRepeated() {
    int slot = apply("name=a").policy().slot();
    for (String code : List.of(LintNotes.NO_ANSWER, "rego_type_error")) {
      PolicyBuilder busy =
          new TinyBuilder() {
            @Override
            public Built build(SortedMap<String, byte[]> sources, byte[] artefact) {
              throw new InvalidPolicyException(
                  List.of(new Diagnostic(Diagnostic.Severity.ERROR, "p", 1, 1, code, "late")));
            }

            @Override
            public Built kept(SortedMap<String, byte[]> sources, byte[] artefact) {
              return super.build(sources, artefact);
            }
          };
      boolean late = code.equals(LintNotes.NO_ANSWER);
      assertEquals(late ? slot : -1, restarted(kernel, busy).get("a").policy().slot());
    }
  }

  /** The saved state names a slot for it, and the next start may believe that. */
  @Test
  void theSlotOfWhatIsOutOfForceMustNotBeGivenAwayBeforeThatIsSaved() throws IOException {
    apply("name=a");
    apply("name=b\nhooks=exec\nmode=enforce");
    kernel.missing.add(Hook.EXEC);
    control = restarted(kernel);
    assertEquals(-1, control.get("b").policy().slot());
    Files.createDirectories(directory.resolve("state.json.new/full"));
    assertThrows(StoreException.class, () -> apply("name=z"));
    kernel.missing.clear();
    kernel.set = new ActiveSet(0, kernel.set.policies());
    control = restarted(kernel);
    assertEquals(1, control.get("b").policy().slot(), "with its own verdicts");
  }

  /** One more than there are slots, all with other code: each has a slot already but the last. */
  @Test
  void allSlotsMustBeUsedByARestartThatChangesEachPolicysCode() {
    StateStore store = new StateStore(directory, History.Memory.NONE, new HastyDisk());
    List<SavedPolicy> saved = new ArrayList<>();
    for (int i = 0; i <= SlotSet.SLOTS; i++) {
      String name = "p%03d".formatted(i);
      SortedMap<String, byte[]> sources = folder("name=" + name);
      store.write(name, Digest.of(sources), new StateStore.Revision(sources, new byte[] {1}));
      int slot = i == SlotSet.SLOTS ? -1 : i;
      String digest = Digest.of(sources);
      saved.add(
          new SavedPolicy(
              name, digest, 1L, "old code", slot, null, "2026-01-01T00:00:00Z", "", false));
    }
    store.save(
        new Saved(Saved.VERSION, 7, Mode.ENFORCE, saved, new TreeMap<>(), null, List.of(), null));

    PolicyControl full = new PolicyControl(new TinyBuilder(), kernel, store, Clock.systemUTC());
    full.restore();
    assertEquals(SlotSet.SLOTS, kernel.set.policies().size());
    assertEquals(SlotSet.SLOTS, Set.copyOf(kernel.forgotten).size());
    PolicyStatus last = full.list().getLast();
    assertEquals("p256", last.name());
    assertTrue(last.problem().contains("slots are taken"), last.problem());
  }

  @Test
  void aDamagedStateFileMustKeepTheEngineFromStarting() throws Exception {
    apply("name=a");
    Files.writeString(directory.resolve("state.json"), "{\"version\":1,");

    assertThrows(StoreException.class, () -> restarted(kernel));
  }

  @Test
  void aTrippedBudgetMustShowAndBeReset() {
    int slot = apply("name=a\nmode=enforce").policy().slot();
    assertThrows(RefusedException.class, () -> control.resetBudget("a"));
    kernel.tripped = SlotSet.of(slot);

    assertEquals(Mode.AUDIT, control.modes().getFirst().effective());
    assertEquals(Mode.ENFORCE, control.resetBudget("a").effective());
    History.Entry reset = control.history().entries("a", 1).getFirst();
    assertEquals(List.of(Change.reset("a")), reset.changes());
    assertEquals("done", reset.outcome());
  }

  @Test
  void revisionsThatNobodyUsesMustNotPileUp() throws IOException {
    for (int i = 0; i < 15; i++) {
      apply("name=a\ncode=" + i);
    }
    try (var files = Files.list(directory.resolve("policies"))) {
      assertEquals(History.KEPT, files.count());
    }
  }

  @Test
  void aRevisionMustComeBackAsANewOneAndGoAgain() {
    apply("name=a\ncode=1");
    apply("name=a\ncode=2");
    assertEquals(3, control.rollback("a", 0, null).policy().revision());
    assertEquals(folder("name=a\ncode=1").keySet(), control.get("a").sources().keySet());
    assertArrayEquals(
        folder("name=a\ncode=1").firstEntry().getValue(),
        control.get("a").sources().firstEntry().getValue());
    assertArrayEquals(
        folder("name=a\ncode=2").firstEntry().getValue(),
        control.revision("a", 0).sources().firstEntry().getValue());
    assertEquals(Result.UNCHANGED, control.rollback("a", 1, null).result());
    assertEquals(2, control.revision("a", 2).number());

    PolicyControl next = restarted(new FakeEnforcement());
    assertEquals(4, next.rollback("a", 2, null).policy().revision());
    assertEquals(3, next.list().getFirst().revision() - 1);
  }

  @Test
  void aDeletedPolicyMustComeBackAndWhatNeverWasOrIsGoneMustNot() throws IOException {
    String firstDigest = apply("name=a").policy().digest().substring(0, 16);
    control.delete("a");
    assertEquals(Result.CREATED, control.rollback("a", 0, null).result());
    assertThrows(RefusedException.class, () -> control.rollback("a", 0, null));
    assertThrows(RefusedException.class, () -> control.rollback("a", 7, null));
    apply("name=a\ncode=2");
    apply("name=a\ncode=3");
    for (Path file : revisions()) { // as if there had been no room
      if (file.getFileName().toString().contains(firstDigest)) {
        Files.delete(file);
      }
    }
    assertThrows(RefusedException.class, () -> control.rollback("a", 1, null));
    assertEquals(Result.REPLACED, control.rollback("a", 0, null).result());
    assertThrows(NoSuchPolicyException.class, () -> control.rollback("b", 0, null));
  }

  @Test
  void everyChangeMustStandInTheHistoryWithItsOutcome() throws IOException {
    apply("name=a");
    control.setHostMode(Mode.AUDIT, null);
    control.setPolicyMode("a", Mode.ENFORCE, null);
    kernel.refuseUse = "no";
    assertThrows(EnforcementException.class, () -> apply("name=b"));
    blockStateFile();
    assertThrows(StoreException.class, () -> apply("name=c"));
    Files.delete(directory.resolve("state.json.new"));
    control.delete("a");

    assertEquals(
        List.of(
            "APPLY a done",
            "MODE  done",
            "MODE a done",
            "APPLY b failed",
            "APPLY c failed",
            "DELETE a done"),
        control.history().entries(null, 10).stream()
            .map(
                e ->
                    e.changes().getFirst().kind()
                        + " "
                        + e.changes().getFirst().policy()
                        + " "
                        + e.outcome().split(":", 2)[0])
            .toList());
    assertEquals(List.of(), control.history().revisions("c"));
    assertNull(control.history().verify().problem());
  }

  @Test
  void aHistoryThatCannotBeWrittenMustStopAChangeButNoSwitch() throws IOException {
    apply("name=a");
    Files.delete(directory.resolve("history.jsonl"));
    Files.createDirectory(directory.resolve("history.jsonl"));
    assertThrows(StoreException.class, () -> apply("name=b"));
    assertEquals(List.of("a"), names());
    PolicyControl.Switched switched = control.setHostMode(Mode.AUDIT, null);
    assertTrue(switched.notSaved().contains("history.jsonl"), switched::notSaved);
    assertEquals(Mode.AUDIT, kernel.modes.host());
  }

  @Test
  void whatAnEngineHadBegunWhenItEndedMustBeConcludedByTheNext() {
    apply("name=a");
    History history = new StateStore(directory).history();
    history.begin(List.of(new Change(Change.Kind.APPLY, "a", 2, "d".repeat(64), "", null)));
    history.begin(List.of(new Change(Change.Kind.DELETE, "b", 1, "d".repeat(64), "", null)));

    HeldNow held = new HeldNow(control.list().getFirst());
    history.begin(
        List.of(held.change(), new Change(Change.Kind.APPLY, "c", 1, held.digest(), "", null)));
    history.begin(List.of(held.change()));
    history.begin(List.of(new Change(Change.Kind.DELETE, "a", 1, held.digest(), "", null)));
    history.begin(List.of(Change.reset("a"))); // nothing that is saved shows a reset
    history.begin(List.of(Change.allowOlder("fleet"))); // which has no floor

    String failed = "failed: the engine ended before it was saved";
    String unknown = "unknown: the engine ended before it told";
    for (int i = 0; i < 2; i++) {
      History after = restarted(new FakeEnforcement()).history();
      assertEquals(
          List.of("done", failed, "done", failed, "done", failed, unknown, "done"),
          after.entries(null, 10).stream().map(History.Entry::outcome).toList());
      assertEquals(16, after.verify().lines());
    }
  }

  private record HeldNow(PolicyStatus status) {
    String digest() {
      return status.digest();
    }

    Change change() {
      return new Change(Change.Kind.APPLY, "a", status.revision(), digest(), "", null);
    }
  }

  @Test
  void aChangeWhoseOutcomeCannotBeWrittenMustStandAndBeToldLater() {
    FullDisk disk = new FullDisk();
    StateStore store = new StateStore(directory, History.Memory.NONE, disk);
    PolicyControl full = new PolicyControl(new TinyBuilder(), kernel, store, Clock.systemUTC());
    disk.takes(1);
    assertEquals(1, full.apply(folder("name=a\ncode=1"), null, false, null).policy().revision());
    assertThrows(
        StoreException.class, () -> full.apply(folder("name=a\ncode=2"), null, false, null));
    disk.takes(2);
    assertEquals(2, full.apply(folder("name=a\ncode=3"), null, false, null).policy().revision());
    disk.takesAll();
    full.setHostMode(Mode.AUDIT, null);
    assertEquals(
        List.of("done", "done", "done"),
        full.history().entries(null, 10).stream().map(History.Entry::outcome).toList());
  }

  @Test
  void whatIsNoExceptionMustBeUndoneAndToldToo() {
    StepDisk disk = new StepDisk();
    control = controlOver(disk);
    apply("name=a");
    kernel.using =
        () -> {
          kernel.using = () -> {};
          throw new OutOfMemoryError("heap");
        };
    assertThrows(OutOfMemoryError.class, () -> apply("name=b"));
    disk.writing =
        file -> {
          if (file.endsWith("state.json.new")) {
            throw new OutOfMemoryError("while it is saved");
          }
        };
    assertThrows(OutOfMemoryError.class, () -> apply("name=c"));

    assertEquals(List.of("a"), names());
    assertEquals(List.of("a"), kernel.set.policies().stream().map(p -> p.policy().name()).toList());
    assertEquals(
        List.of(
            "done",
            "failed: java.lang.OutOfMemoryError: heap",
            "failed: java.lang.OutOfMemoryError: while it is saved"),
        outcomes());
  }

  @Test
  void aChangeThatCouldNotBeUndoneMustBeToldSo() throws IOException {
    EnforcementException stands = new EnforcementException("E2BIG", null);
    stands.addSuppressed(new EnforcementException("nor the set before", null));
    kernel.using =
        () -> {
          kernel.using = () -> {};
          throw stands;
        };
    assertThrows(EnforcementException.class, () -> apply("name=a"));
    blockStateFile();
    kernel.used = () -> kernel.refuseUse = "nor back";
    assertThrows(StoreException.class, () -> apply("name=b"));

    String said = "failed, and could not be undone: ";
    assertEquals(said + "E2BIG", outcomes().getFirst());
    assertTrue(outcomes().getLast().startsWith(said + "cannot write "), outcomes()::toString);
  }

  @Test
  void whatTheDiskRefusedAfterItsNameWasThereMustNotComeBackWithARestart() {
    StepDisk disk = new StepDisk();
    control = controlOver(disk);
    for (List<String> before : List.of(List.<String>of(), List.of("a"))) {
      disk.renamed =
          file -> {
            if (file.endsWith("state.json")) {
              disk.renamed = other -> {};
              throw new IOException("fsync");
            }
          };
      assertThrows(StoreException.class, () -> apply("name=refused"));
      assertTrue(outcomes().getLast().startsWith("failed: "), outcomes()::toString);
      assertEquals(
          before,
          restarted(new FakeEnforcement()).list().stream().map(PolicyStatus::name).toList());
      apply("name=a");
    }
    disk.renamed =
        file -> {
          if (file.endsWith("state.json")) {
            throw new IOException("fsync");
          }
        };
    assertThrows(StoreException.class, () -> apply("name=refused"));
    assertTrue(outcomes().getLast().startsWith("failed, and could not be undone: "));
  }

  @Test
  void eachSwitchMustStandInTheHistoryWithWhoMadeIt() throws Exception {
    StepDisk disk = new StepDisk();
    control = controlOver(disk);
    CountDownLatch saving = new CountDownLatch(1);
    CountDownLatch bothSwitched = new CountDownLatch(1);
    disk.writing =
        file -> {
          disk.writing = other -> {};
          saving.countDown();
          bothSwitched.await();
        };
    Thread first = Thread.ofPlatform().start(() -> switchHost("first", Mode.AUDIT));
    saving.await();
    Thread second = Thread.ofPlatform().start(() -> switchHost("second", Mode.ENFORCE));
    while (second.getState() != Thread.State.BLOCKED) { // it waits to save
      Thread.onSpinWait();
    }
    bothSwitched.countDown();
    first.join();
    second.join();
    assertEquals(List.of("first", "second"), told());
  }

  @Test
  void switchesThatAFullDiskDidNotTakeMustBeToldWhenThereIsSpace() {
    FullDisk disk = new FullDisk();
    control = controlOver(disk);
    disk.takes(0);
    assertNotNull(switchHost("first", Mode.AUDIT).notSaved());
    assertNotNull(switchHost("second", Mode.ENFORCE).notSaved());
    disk.takesAll();
    apply("name=a");
    assertEquals(List.of("first", "second", "engine"), told());
    assertEquals(List.of("first", "second", "engine"), told(restarted(kernel)));
    assertNull(control.history().verify().problem());
  }

  /** Compiling takes seconds: who is slower has not seen what he would take back. */
  @Test
  void whoeverIsOvertakenMustLookAgain() {
    apply("name=a\ncode=1");
    kernel.preparing =
        () -> {
          kernel.preparing = () -> {};
          inAnotherThread(() -> apply("name=a\ncode=2"));
        };
    RefusedException refused = assertThrows(RefusedException.class, () -> apply("name=a\ncode=3"));
    assertTrue(refused.getMessage().contains("meanwhile"), refused::getMessage);
    assertEquals(2, control.list().getFirst().revision());
    kernel.preparing =
        () -> {
          kernel.preparing = () -> {};
          inAnotherThread(() -> control.delete("a"));
        };
    assertThrows(RefusedException.class, () -> control.rollback("a", 1, null));
    assertEquals(List.of(), names());
  }

  /** Who ends a rollout or confirms a change waits for the lock; and whoever has it prunes. */
  @Test
  void whoeverHasTheLockMustNotWaitForARevisionToBeWritten() {
    StepDisk disk = new StepDisk();
    control = controlOver(disk);
    for (String yaml : List.of("name=a", "name=b", "name=c")) {
      apply(yaml);
    }
    List<Path> written = new ArrayList<>();
    StepDisk.Step meanwhile =
        file -> {
          if (file.getParent().endsWith("policies")) {
            written.add(file);
            inAnotherThread(() -> control.delete(control.list().getFirst().name()));
          }
        };
    disk.renaming = meanwhile;
    disk.renamed = meanwhile;
    apply("name=new");
    assertEquals(2, written.size(), "once, not there while it was written, and then");
    assertEquals(List.of("c", "new"), names());
    control.candidates().apply(folder("name=new\ncode=2"), null, false);
    assertEquals(4, written.size());
    assertEquals(List.of(), names());
    disk.renaming = file -> {};
    disk.renamed = file -> {};
    apply("name=d");
    apply("name=e");
    disk.renaming = meanwhile;
    disk.renamed = meanwhile;
    bundle("name=f");
    assertEquals(6, written.size());
    assertEquals(List.of("f"), names());
    disk.renaming = file -> {};
    disk.renamed = file -> {};
    PolicyControl next = restarted(new FakeEnforcement());
    assertEquals(1, next.candidates().list().size());
    assertNull(next.candidates().list().getFirst().policy().problem());
  }

  /** Who tries again and again would fill the disk. */
  @Test
  void aRevisionOfAChangeThatWasRefusedMustNotStay() throws IOException {
    for (int i = 0; i < 2; i++) { // before anything was saved, and after it
      List<Path> before = revisions();
      kernel.refuseUse = "the verifier says no";
      assertThrows(EnforcementException.class, () -> apply("name=a\ncode=2"));
      assertEquals(before, revisions());
      kernel.refuseUse = "the verifier says no";
      assertThrows(
          EnforcementException.class,
          () -> control.candidates().apply(folder("name=a\ncode=3"), null, false));
      assertEquals(before, revisions());
      kernel.refuseUse = "the verifier says no";
      assertThrows(EnforcementException.class, () -> bundle("name=c\ncode=4"));
      assertEquals(before, revisions());
      apply("name=b");
    }
  }

  private void bundle(String yaml) {
    control
        .bundles()
        .activate(
            "fleet",
            new BundleControl.Delivery(
                "r",
                1,
                "d",
                new TreeMap<>(Map.of(yaml.substring(5, 6), folder(yaml))),
                new TreeMap<>()));
  }

  /**
   * Of two changes that bring the same the first fails, and takes its revision away: the other one
   * has written it, and waits for the lock.
   */
  @Test
  void aRevisionThatWasTakenAwayMeanwhileMustBeWrittenAgain() throws InterruptedException {
    StepDisk disk = new StepDisk();
    control = controlOver(disk);
    apply("name=a");
    for (Runnable change :
        List.<Runnable>of(
            () -> apply("name=a\ncode=2"),
            () -> control.candidates().apply(folder("name=a\ncode=3"), null, false),
            () -> bundle("name=c\ncode=4"))) {
      CountDownLatch written = new CountDownLatch(1);
      CountDownLatch refused = new CountDownLatch(1);
      Thread first = Thread.currentThread();
      Thread second = Thread.ofPlatform().unstarted(change);
      disk.renamed =
          file -> {
            if (!file.getParent().endsWith("policies")) {
              return;
            }
            if (Thread.currentThread() != first) {
              written.countDown();
              refused.await();
            } else if (second.getState() == Thread.State.NEW) {
              second.start();
              written.await();
            }
          };
      kernel.refuseUse = "the verifier says no";
      assertThrows(EnforcementException.class, change::run);
      refused.countDown();
      second.join();
    }
    disk.renamed = file -> {};
    assertEquals(List.of("a", "c"), names());
    PolicyControl next = restarted(new FakeEnforcement());
    assertArrayEquals(
        folder("name=a\ncode=2").get("policy.yaml"), next.get("a").sources().get("policy.yaml"));
    assertEquals(List.of("a", "c"), next.list().stream().map(PolicyStatus::name).toList());
    next.list().forEach(one -> assertNull(one.problem()));
    assertNull(next.candidates().get("a").policy().problem());
  }

  private List<Path> revisions() throws IOException {
    try (var files = Files.list(directory.resolve("policies"))) {
      return files.sorted().toList();
    }
  }

  private PolicyControl.Switched switchHost(String by, Mode mode) {
    return ScopedValue.where(Origin.CURRENT, new Origin(by, ""))
        .call(() -> control.setHostMode(mode, null));
  }

  private List<String> told() {
    return told(control);
  }

  private static List<String> told(PolicyControl control) {
    return control.history().entries(null, 10).stream().map(e -> e.origin().by()).toList();
  }

  private List<String> outcomes() {
    return control.history().entries(null, 10).stream().map(History.Entry::outcome).toList();
  }

  @Test
  void whatAnEngineWithoutHistoryLeftMustGetItsPlaceInIt() throws IOException {
    apply("name=a\ncode=1");
    Files.delete(directory.resolve("history.jsonl"));
    Path state = directory.resolve("state.json");
    Files.writeString(state, Files.readString(state).replace("\"revision\":1,", ""));

    PolicyControl next = restarted(new FakeEnforcement());
    assertEquals(1, next.list().getFirst().revision());
    next.apply(folder("name=a\ncode=2"), null, false, null);
    assertEquals(3, next.rollback("a", 0, null).policy().revision());
  }

  /** Whoever enforces such a policy may find no way back: each way into force asks. */
  @Test
  void whatWouldLockAnOperatorOutMustNotBeginToRefuseUnlessItIsMeant() {
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    assertLockout("policy a", () -> apply("name=a\nmode=enforce"));
    assertLockout(
        "policy a", () -> control.apply(folder("name=a\nmode=enforce"), null, true, null));
    assertEquals(List.of(), names());
    apply("name=a");
    assertLockout("policy a", () -> control.setPolicyMode("a", Mode.ENFORCE, null));
    assertLockout("policy a", () -> apply("name=a\ncode=2\nmode=enforce"));
    control.setPolicyMode("a", Mode.AUDIT, null);
    apply("name=a\ncode=2\nmode=enforce");
    apply("name=a\ncode=3");
    assertLockout("policy a", () -> control.setPolicyMode("a", Mode.ENFORCE, null));
    control.setHostMode(Mode.AUDIT, null);
    control.setPolicyMode("a", Mode.ENFORCE, null);
    assertLockout("policy a", () -> control.setHostMode(Mode.ENFORCE, null));
    assertLockout("policy a", () -> control.setHostMode(Mode.ENFORCE, null, Set.of("b")));
    assertEquals(Set.of(), kernel.refusing());

    control.setHostMode(Mode.ENFORCE, null, Set.of("a"));
    assertEquals("lockout accepted", last().origin().why());
    assertEquals(1, kernel.refusing().size());
    assertLockout("policy a", () -> control.rollback("a", 2, null));
    control.candidates().apply(folder("name=a\ncode=4"), null, false);
    assertLockout("policy a", () -> control.candidates().promote("a", Seen.ANY, null));
    assertTrue(control.rollback("a", 2, null, true).policy().mode().effective() == Mode.ENFORCE);
    assertTrue(last().origin().why().startsWith("lockout accepted: rollback to revision 2"));
    control.candidates().promote("a", Seen.ANY, null, true);
    assertEquals("lockout accepted", last().origin().why());
    control.setPolicyMode("a", Mode.AUDIT, null);
    control.setPolicyMode("a", null, null);
    assertLockout("policy a", () -> control.setPolicyMode("a", Mode.ENFORCE, null));
    control.setPolicyMode("a", Mode.ENFORCE, null, Set.of("a"));
    control.apply(folder("name=a\ncode=5"), null, false, null, true);
    assertEquals("lockout accepted", last().origin().why());
    control.setHostMode(Mode.AUDIT, null); // never asks
    restarted(kernel); // nor what was in force
    kernel.lockouts = List.of();
  }

  private History.Entry last() {
    return control.history().entries(null, 1).getFirst();
  }

  private static void assertLockout(String subject, Executable call) {
    String why = assertThrows(RefusedException.class, call).getMessage();
    assertTrue(
        why.contains(subject)
            && why.contains("PID 1 starts sshd")
            && why.contains("--accept-lockout a"),
        why);
  }

  /** Nobody has asked then what would begin to refuse. */
  @Test
  void aSwitchDuringAChangeMustNotLetItRefuseUnasked() {
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    control.setHostMode(Mode.AUDIT, null);
    control.apply(folder("name=a\nmode=enforce"), null, true, null, true); // meant, of a trial
    kernel.preparing = () -> control.setHostMode(Mode.ENFORCE, null);
    assertUnasked(() -> apply("name=a\nmode=enforce"));
    assertEquals(List.of(), names());
    kernel.preparing = () -> {};

    control.setHostMode(Mode.AUDIT, null);
    kernel.using = kernel.used = this::assertStaysInAudit;
    apply("name=a\nmode=enforce");
    assertEquals(List.of("a"), names());
    assertEquals(Mode.AUDIT, control.hostMode());
  }

  private void assertStaysInAudit() {
    assertUnasked(() -> control.setHostMode(Mode.ENFORCE, null));
    assertEquals(Set.of(), kernel.refusing());
  }

  /** It comes back, and nobody was asked about it. */
  @Test
  void aSwitchBeforeAChangeIsUndoneMustNotLetWhatComesBackRefuse() {
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    control.setHostMode(Mode.AUDIT, null);
    apply("name=a\nmode=enforce");
    kernel.used =
        () -> {
          kernel.used = () -> {};
          throw new EnforcementException("the kernel is full", null);
        };
    kernel.using = this::enforceMeanwhile;
    assertThrows(EnforcementException.class, () -> control.delete("a"));
    assertTrue(meanwhile.contains("policy a"), meanwhile);
    assertEquals(Set.of(), kernel.refusing());
  }

  /**
   * Whether what comes back keeps the host from enforcing; told apart, since an undoing goes on.
   */
  private void enforceMeanwhile() {
    kernel.using = () -> {};
    try {
      control.setHostMode(Mode.ENFORCE, null);
      meanwhile = "it was switched";
    } catch (RefusedException e) {
      meanwhile = e.getMessage();
    }
  }

  /** The next start may build it, and asks nobody. */
  @Test
  void whatCannotBeBuiltMustNotBeSwitchedUnasked() {
    control.setHostMode(Mode.AUDIT, null);
    apply("name=a\nmode=enforce");
    PolicyControl next =
        restarted(
            new FakeEnforcement(),
            new TinyBuilder() {
              @Override
              public Built build(SortedMap<String, byte[]> sources, byte[] artefact) {
                throw new BuildException("no compiler", null);
              }

              @Override
              public Built kept(SortedMap<String, byte[]> sources, byte[] artefact) {
                throw new InvalidPolicyException(List.of());
              }
            });
    String why =
        assertThrows(RefusedException.class, () -> next.setHostMode(Mode.ENFORCE, null))
            .getMessage();
    assertTrue(why.contains("cannot be built") && why.contains("--accept-lockout a"), why);
    next.setHostMode(Mode.ENFORCE, null, Set.of("a"));
    assertThrows(RefusedException.class, () -> next.setPolicyMode("a", Mode.ENFORCE, null));
    next.setPolicyMode("a", Mode.ENFORCE, null, Set.of("a"));
    next.setPolicyMode("a", null, null);
  }

  /** The end of a lease is written again when the kernel has changed over; that may fail. */
  @Test
  void aSwitchWhileAChangeIsUndoneMustNotLetWhatComesBackRefuse() {
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    control.setHostMode(Mode.AUDIT, null);
    apply("name=a\nmode=enforce");
    control.apply(folder("name=b"), null, false, Duration.ofMinutes(10));
    kernel.switching =
        () -> {
          kernel.switching = () -> {};
          kernel.using = this::enforceMeanwhile;
          throw new EnforcementException("the kernel is full", null);
        };
    assertThrows(EnforcementException.class, () -> control.delete("a"));
    assertTrue(meanwhile.contains("policy a"), meanwhile);
    assertEquals(Set.of(), kernel.refusing());
  }

  /** Its budget, used up while it comes into force, is nobody's revision by hand. */
  @Test
  void aPolicyThatTripsWhileItComesIntoForceMustStayDisarmed() {
    kernel.used = () -> kernel.tripped = kernel.asked();
    int slot = apply("name=a\nmode=enforce").policy().slot();
    assertEquals(SlotSet.of(slot), kernel.tripped);
  }

  private static void assertUnasked(Executable call) {
    String why = assertThrows(RefusedException.class, call).getMessage();
    assertTrue(why.contains("meanwhile; do it again"), why);
  }

  @Test
  void aSwitchMustNotHaveARevisionRefuseThatCameWhileItWasAsked() {
    apply("name=a");
    kernel.judging =
        () -> {
          kernel.judging = () -> {};
          apply("name=a\ncode=2");
        };
    assertUnasked(() -> control.setPolicyMode("a", Mode.ENFORCE, null));
    assertEquals(Set.of(), kernel.refusing());
    control.setPolicyMode("a", Mode.ENFORCE, null);
    assertEquals(1, kernel.refusing().size());
  }

  /** Nobody may be there when it ends. */
  @Test
  void whatALeasePutsBackMustNotRefuseUnasked() {
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    control.setHostMode(Mode.AUDIT, Duration.ofMinutes(10));
    assertLockout("policy a", () -> apply("name=a\nmode=enforce"));
    control.leases().cancel(control.leases().pending().id());
    apply("name=a");
    control.apply(folder("name=a\ncode=2"), null, false, Duration.ofMinutes(10));
    kernel.lockouts = List.of();
    List<String> judged = new ArrayList<>();
    kernel.judging = () -> judged.add("one");
    control.setPolicyMode("a", Mode.ENFORCE, null);
    assertEquals(2, judged.size(), "the one that comes back, too");
  }

  @Test
  void whatIsOutOfForceMustNotBeSwitchedUnasked() {
    apply("name=a");
    FakeEnforcement late = new FakeEnforcement();
    late.missing.add(Hook.FILE_OPEN);
    PolicyControl next = restarted(late);
    late.lockouts = List.of("PID 1 starts sshd (\"no\")");
    assertLockout("policy a", () -> next.setPolicyMode("a", Mode.ENFORCE, null));
  }

  /** What was found to deny nothing is not asked about again; but where and how it answers is. */
  @Test
  void theSameRulesMustBeAskedAboutWhereTheyReachFurther() {
    apply("name=a\nmode=enforce\nscope=/a.slice");
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    apply("name=a\nmode=enforce\nscope=/a.slice\nwords=others");
    assertLockout("policy a", () -> apply("name=a\nmode=enforce"));
    assertLockout("policy a", () -> apply("name=a\nmode=enforce\nscope=/a.slice\nfallback=deny"));
  }

  /** It refuses still, and somebody who looks sees why it is not saved. */
  @Test
  void aFullDiskMustNotKeepAnEngineFromStarting() throws IOException {
    apply("name=a\nhooks=exec");
    int slot = apply("name=b\nmode=enforce").policy().slot();
    for (Set<Hook> missing : List.of(Set.of(Hook.EXEC), Set.<Hook>of())) {
      FakeEnforcement late = new FakeEnforcement();
      late.missing.addAll(missing);
      late.tripped = SlotSet.of(slot);
      blockStateFile();
      PolicyControl next = restarted(late);
      assertTrue(slotOf(next, "b") >= 0);
      Files.delete(directory.resolve("state.json.new"));
      next.look();
      assertTrue(new StateStore(directory).load().policies().getLast().disarmed());
      next.resetBudget("b");
    }
  }

  @Test
  void anotherRevisionByHandMustArm() {
    int slot = apply("name=a\nmode=enforce").policy().slot();
    kernel.tripped = SlotSet.of(slot);
    assertEquals(slot, apply("name=a\nmode=enforce\nwords=others").policy().slot());
    assertEquals(SlotSet.NONE, kernel.tripped);
    control.look();
    assertFalse(new StateStore(directory).load().policies().getLast().disarmed());
  }

  /** A release that decides otherwise, a boot, a host that cannot use it for a while. */
  @Test
  void whatTheKernelHasDisarmedMustStaySoInEachSlotItComesTo() {
    int slot = apply("name=a\nmode=enforce").policy().slot();
    apply("name=b\nmode=enforce\nhooks=exec");
    kernel.tripped = SlotSet.of(slot);
    kernel.decider = "another release";
    PolicyControl next = restarted(kernel);
    assertNotEquals(slot, slotOf(next, "a"));
    assertDisarmed("a", next, kernel);
    next.look();

    FakeEnforcement booted = new FakeEnforcement();
    booted.bootId = "the next boot";
    next = restarted(booted);
    assertDisarmed("a", next, booted);

    booted.missing.add(Hook.FILE_OPEN);
    booted.tripped = SlotSet.NONE;
    next = restarted(booted);
    assertEquals(-1, slotOf(next, "a"));
    next.apply(folder("name=c\nhooks=exec"), null, false, null);
    FakeEnforcement whole = new FakeEnforcement();
    next = restarted(whole);
    assertDisarmed("a", next, whole);

    next.resetBudget("a");
    FakeEnforcement last = new FakeEnforcement();
    restarted(last);
    assertEquals(SlotSet.NONE, last.tripped);
  }

  private static int slotOf(PolicyControl of, String policy) {
    return of.get(policy).policy().slot();
  }

  private static void assertDisarmed(String policy, PolicyControl of, FakeEnforcement by) {
    assertEquals(SlotSet.of(slotOf(of, policy)), by.tripped.and(by.asked()));
    assertEquals(Mode.AUDIT, of.get(policy).policy().mode().effective());
  }

  /** Its word is newer than the disk's. */
  @Test
  void whatTheKernelSaysOfASlotInUseMustCountMoreThanWhatIsSaved() {
    int slot = apply("name=a\nmode=enforce").policy().slot();
    kernel.tripped = SlotSet.of(slot);
    control.look();
    kernel.tripped = SlotSet.NONE;
    PolicyControl next =
        new PolicyControl(new TinyBuilder(), kernel, new StateStore(directory), Clock.systemUTC());
    next.restore();
    assertEquals(SlotSet.NONE, kernel.tripped);
  }

  @Test
  void aTripThatCannotBeSavedMustBeTriedAgainAndNoResetBeHalf() throws IOException {
    int slot = apply("name=a\nmode=enforce").policy().slot();
    kernel.tripped = SlotSet.of(slot);
    blockStateFile();
    control.look();
    assertThrows(StoreException.class, () -> control.resetBudget("a"));
    assertEquals(SlotSet.of(slot), kernel.tripped);
    Files.delete(directory.resolve("state.json.new"));
    control.look();
    assertEquals(SlotSet.NONE, trippedAfterABoot(), "not at once again");
    kernel.bootTimeNs += 10_000_000_000L;
    control.look();
    assertEquals(SlotSet.of(slot), trippedAfterABoot());
  }

  private SlotSet trippedAfterABoot() {
    FakeEnforcement booted = new FakeEnforcement();
    restarted(booted);
    return booted.tripped;
  }

  /** What could not be in force is found by the next start as it was. */
  @Test
  void aTripBesideAPolicyThatIsLateMustBeSavedWithoutForgettingThatOne() {
    apply("name=a\nhooks=exec");
    apply("name=b\nmode=enforce");
    FakeEnforcement late = new FakeEnforcement();
    late.missing.add(Hook.EXEC);
    PolicyControl next = restarted(late);
    late.tripped = SlotSet.of(slotOf(next, "b"));
    next.look();
    Saved saved = new StateStore(directory).load();
    assertTrue(saved.policies().getFirst().slot() >= 0, saved::toString);
    assertFalse(saved.policies().getFirst().disarmed());
    assertTrue(saved.policies().getLast().disarmed());
  }

  private PolicyControl.Applied apply(String yaml) {
    return control.apply(folder(yaml), null, false, null);
  }

  private List<String> names() {
    return control.list().stream().map(PolicyStatus::name).toList();
  }

  private PolicyControl restarted(FakeEnforcement enforcement) {
    return restarted(enforcement, new TinyBuilder());
  }

  private PolicyControl restarted(FakeEnforcement enforcement, PolicyBuilder builder) {
    StateStore store = new StateStore(directory);
    PolicyControl again = new PolicyControl(builder, enforcement, store, Clock.systemUTC());
    enforcement.set = ActiveSet.EMPTY;
    again.restore();
    return again;
  }

  private PolicyControl controlOver(FakeEnforcement enforcement) {
    return new PolicyControl(
        new TinyBuilder(), enforcement, new StateStore(directory), Clock.systemUTC());
  }

  private PolicyControl controlOver(Disk disk) {
    StateStore store = new StateStore(directory, History.Memory.NONE, disk);
    return new PolicyControl(new TinyBuilder(), kernel, store, Clock.systemUTC());
  }

  /** A directory in the place of the temporary file: works for root too, unlike permissions. */
  private void blockStateFile() throws IOException {
    Files.createDirectory(directory.resolve("state.json.new"));
  }
}
