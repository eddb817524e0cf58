package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.event.Context;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.verdict.Posture.Enforced;
import dev.interdict.verdict.Posture.Lapse;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PosturesTest {
  private static final Map<Hook, KeyMask> MASKS =
      Map.of(Hook.FILE_OPEN, KeyMask.of(Hook.FILE_OPEN, new ReadSet(Set.of("file.path"))));

  private static final Map<Hook, KeyMask> TERMINALS =
      Map.of(Hook.FILE_OPEN, KeyMask.of(Hook.FILE_OPEN, new ReadSet(Set.of("process.tty"))));
  private static final Map<Hook, KeyMask> SESSIONS =
      Map.of(
          Hook.FILE_OPEN, KeyMask.of(Hook.FILE_OPEN, new ReadSet(Set.of("process.session_uid"))));

  private final FakeBpfMap postures = new FakeBpfMap(MapInfo.ARRAY, 4, Posture.BYTES, 2);
  private final FakeBpfMap keyMasks =
      new FakeBpfMap(MapInfo.ARRAY, 4, VerdictKey.BYTES, 2 * Hook.ARRAY_LENGTH);
  private final FakeBpfMap contextMasks =
      new FakeBpfMap(MapInfo.ARRAY, 4, Context.BYTES, 2 * Hook.ARRAY_LENGTH);
  private final EngineState state =
      new EngineState(new FakeBpfMap(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1));
  private final Postures switcher = new Postures(postures, keyMasks, contextMasks, state);

  @Test
  void theSpareCopyIsFilledAndThenPutInForce() {
    switcher.use(() -> posture(true), MASKS);
    assertEquals(1, state.postureEpoch());
    assertEquals(0, posture(0).getLong(at("hold") + 8), "the copy in force before is untouched");
    assertEquals(1L << 6, posture(1).getLong(at("hold") + 8));
    switcher.use(() -> posture(false), MASKS);
    assertEquals(2, state.postureEpoch());
    assertEquals(0, posture(0).getLong(at("enforce") + 8));
    assertEquals(1L << 6, posture(0).getLong(at("hold") + 8));
    assertEquals(1L << 6, posture(1).getLong(at("enforce") + 8));
  }

  @Test
  void settingsAreBitsOfTheirSlot() {
    switcher.use(() -> posture(true), MASKS);
    ByteBuffer posture = posture(1);
    int fileOpen = at("active") + Hook.FILE_OPEN.code() * 32;
    assertEquals(1L << 6, posture.getLong(fileOpen + 8), "slot 70");
    assertEquals(0, posture.getLong(fileOpen));
    int fileOpenPasses = at("unparsed_pass") + Hook.FILE_OPEN.code() * 32;
    assertEquals(SlotSet.of(70), switcher.asked());
    assertEquals(0, posture.getLong(at("active") + Hook.EXEC.code() * 32 + 8));
    assertEquals(1L << 6, posture.getLong(at("enforce") + 8));
    assertEquals(1L << 6, posture.getLong(at("hold") + 8));
    assertEquals(0, posture.getLong(at("everywhere") + 8));
    assertEquals(0, posture.getLong(at("refuse_miss") + 8));
    assertEquals(1L << 6, posture.getLong(at("fallback_deny") + 8));
    assertEquals(0, posture.getLong(fileOpenPasses + 8));
    assertEquals(100_000, posture.getLong(at("poll_ns")));
    assertEquals(200_000_000, posture.getLong(at("deadline_ns")));
  }

  /** Each setting by itself: the slot that has it, and no other. */
  @Test
  void aSlotHasNoSettingOfItsNeighbours() {
    List<String> settings =
        List.of(
            "everywhere",
            "enforce",
            "hold",
            "wait",
            "refuse_miss",
            "fallback_deny",
            "unparsed_pass");
    List<Posture.Slot> slots = new ArrayList<>();
    for (int i = 0; i < settings.size(); i++) {
      slots.add(
          new Posture.Slot(
              i,
              Set.of(Hook.EXEC),
              i == 0,
              i == 1,
              i == 2 || i == 3,
              i == 1 || i == 3, // waited for only where it holds
              i == 4,
              i == 5,
              i == 6 ? Set.of(Hook.EXEC) : Set.of()));
    }
    switcher.use(() -> new Posture(slots, Posture.Timing.DEFAULT), MASKS);
    for (int i = 0; i < settings.size(); i++) {
      boolean byHook = settings.get(i).equals("unparsed_pass");
      int place = at(settings.get(i)) + (byHook ? Hook.EXEC.code() * 32 : 0);
      long bits = settings.get(i).equals("hold") ? 1L << 2 | 1L << 3 : 1L << i;
      assertEquals(bits, posture(1).getLong(place), settings.get(i));
    }
    assertEquals(1L << 1, posture(1).getLong(at("enforce_after")), "nothing ends");
    int elsewhere = at("unparsed_pass") + Hook.SOCKET_CONNECT.code() * 32;
    assertEquals(0, posture(1).getLong(elsewhere), "it passes at one hook only");
  }

  @Test
  void aNewMaskSetOnlyWhereTheMasksChange() {
    int first = use(MASKS);
    assertEquals(first, switcher.use(() -> posture(false), MASKS).get(Hook.FILE_OPEN));
    int second = use(Map.of());
    assertEquals(first + 1, second);
    assertEquals(second, posture(1).getInt(at("mask_set") + 4 * Hook.FILE_OPEN.code()));
    assertArrayEquals(
        MASKS.get(Hook.FILE_OPEN).encode(), mask(first, Hook.FILE_OPEN), "still readable");
    assertArrayEquals(KeyMask.none().encode(), mask(second, Hook.FILE_OPEN));
  }

  /** A change of what is read at one hook makes no verdict of another a miss. */
  @Test
  void aHookWhoseMasksStayKeepsItsNumber() {
    Map<Hook, Integer> first = switcher.use(() -> posture(true), MASKS);
    int exec = first.get(Hook.EXEC) + 1;
    Map<Hook, KeyMask> more = new EnumMap<>(MASKS);
    more.put(Hook.EXEC, KeyMask.of(Hook.EXEC, new ReadSet(Set.of("process.tty"))));
    Map<Hook, Integer> sets = switcher.use(() -> posture(true), more);
    Map<Hook, Integer> expected = new EnumMap<>(first);
    expected.put(Hook.EXEC, exec);
    assertEquals(expected, sets);
    for (Hook hook : Hook.values()) {
      assertEquals(sets.get(hook), posture(0).getInt(at("mask_set") + 4 * hook.code()));
    }
    assertArrayEquals(more.get(Hook.EXEC).encode(), mask(exec, Hook.EXEC));
    assertEquals(more.get(Hook.EXEC), switcher.mask(Hook.EXEC, exec));
    assertEquals(KeyMask.none(), switcher.mask(Hook.EXEC, exec - 1), "still on its way");
    assertEquals(
        MASKS.get(Hook.FILE_OPEN), switcher.mask(Hook.FILE_OPEN, sets.get(Hook.FILE_OPEN)));
    Postures next = new Postures(postures, keyMasks, contextMasks, state);
    assertEquals(sets, next.use(() -> posture(true), more), "after a restart, too");
  }

  /** What was asked before stays known, however often something else changes. */
  @Test
  void whatAKeyTellsIsKnownUntilTheNextButOneChangeOfItsHook() {
    int first = use(MASKS);
    int second = use(TERMINALS);
    for (String fact : List.of("process.tty", "process.uid")) {
      Map<Hook, KeyMask> other = new EnumMap<>(TERMINALS);
      other.put(Hook.EXEC, KeyMask.of(Hook.EXEC, new ReadSet(Set.of(fact))));
      assertEquals(second, use(other));
    }
    assertEquals(MASKS.get(Hook.FILE_OPEN), switcher.mask(Hook.FILE_OPEN, first));
    assertEquals(TERMINALS.get(Hook.FILE_OPEN), switcher.mask(Hook.FILE_OPEN, second));
  }

  /** The first key of a posture may come at once. */
  @Test
  void whatAKeyTellsIsKnownBeforeThePostureIsInForceAndUntilTheNextButOne() {
    KeyMask mask = MASKS.get(Hook.FILE_OPEN);
    switcher.use(
        () -> {
          assertEquals(mask, switcher.mask(Hook.FILE_OPEN, 1));
          return posture(true);
        },
        MASKS);
    int first = 1;
    assertEquals(first, use(MASKS));
    int second = use(Map.of());
    assertEquals(mask, switcher.mask(Hook.FILE_OPEN, first), "what was asked is still on its way");
    assertEquals(KeyMask.none(), switcher.mask(Hook.FILE_OPEN, second));
    switcher.use(() -> posture(true), MASKS);
    assertEquals(null, switcher.mask(Hook.FILE_OPEN, first), "an older one would pile up");
    assertEquals(
        null, new Postures(postures, keyMasks, contextMasks, state).mask(Hook.FILE_OPEN, second));
  }

  @Test
  void theNextEngineKeepsTheMaskSet() {
    int first = use(MASKS);
    Postures next = new Postures(postures, keyMasks, contextMasks, state);
    assertEquals(first, next.use(() -> posture(true), MASKS).get(Hook.FILE_OPEN));
  }

  /**
   * As those of keys, and with them: a set that is other masks of contexts alone is another one.
   */
  @Test
  void masksOfContextsChangeWithTheSet() {
    int first = use(TERMINALS);
    int second = use(SESSIONS);
    assertEquals(first + 1, second);
    assertArrayEquals(
        TERMINALS.get(Hook.FILE_OPEN).encode(), SESSIONS.get(Hook.FILE_OPEN).encode());
    assertArrayEquals(TERMINALS.get(Hook.FILE_OPEN).context(), contextMask(first));
    assertArrayEquals(SESSIONS.get(Hook.FILE_OPEN).context(), contextMask(second));
    Postures next = new Postures(postures, keyMasks, contextMasks, state);
    assertEquals(second, next.use(() -> posture(true), SESSIONS).get(Hook.FILE_OPEN));
    assertEquals(second + 1, next.use(() -> posture(true), TERMINALS).get(Hook.FILE_OPEN));
  }

  /** A verdict holds for what its key was made of, so nobody may decide about anything else. */
  @Test
  void aRecordWhoseKeyWasNotMadeOfItsContextIsNotGenuine() {
    use(SESSIONS);
    Map<Hook, Integer> sets = switcher.use(() -> posture(true), TERMINALS);
    int set = sets.get(Hook.FILE_OPEN);
    assertNotEquals(set, sets.get(Hook.EXEC));
    RecordBuilder record = RecordBuilder.of(Hook.FILE_OPEN).fact("mask_set", set).context("tty", 1);
    assertFalse(switcher.isGenuine(record.event()), "no word of it in the key");
    byte[] read = new byte[Context.BYTES];
    read[EventLayouts.CONTEXT.offset("tty")] = 1;
    record.fact("context", VerdictKey.digest(read, state.contextSecret()));
    assertTrue(switcher.isGenuine(record.event()));
    assertTrue(switcher.isGenuine(record.context("session_uid", 5).event()), "that is not read");
    assertFalse(switcher.isGenuine(record.context("tty", 0).event()), "that is");
    assertFalse(
        switcher.isGenuine(
            RecordBuilder.of(Hook.EXEC)
                .fact("mask_set", sets.get(Hook.EXEC))
                .fact("context", 1)
                .event()),
        "nothing is read there");
    assertTrue(switcher.isGenuine(record.fact("mask_set", set + 5).event()), "of no set in force");
    // The next engine knows no set yet when the first record of the one before comes.
    Postures next = new Postures(postures, keyMasks, contextMasks, state);
    assertFalse(next.isGenuine(record.fact("mask_set", set).event()));
    assertTrue(next.isGenuine(record.context("tty", 1).event()));
  }

  private byte[] contextMask(int maskSet) {
    return contextMasks
        .lookup(index((maskSet & 1) * Hook.ARRAY_LENGTH + Hook.FILE_OPEN.code()))
        .orElseThrow();
  }

  /** Neither the numbers nor what is in force may depend on how far a change has come. */
  @Test
  void aChangeThatFailsLeavesTheMasksAndTheirNumber() {
    int first = use(MASKS);
    Map<Hook, KeyMask> two =
        Map.of(
            Hook.FILE_OPEN,
            KeyMask.none(),
            Hook.SIGNAL,
            KeyMask.of(Hook.SIGNAL, new ReadSet(Set.of("process.uid"))));
    for (int done = 0; done < 2; done++) {
      keyMasks.failAfter(done);
      assertThrows(BpfException.class, () -> switcher.use(() -> posture(true), two));
    }
    keyMasks.failAfter(Integer.MAX_VALUE);
    contextMasks.failAfter(0);
    assertThrows(BpfException.class, () -> switcher.use(() -> posture(true), Map.of()));
    contextMasks.failAfter(Integer.MAX_VALUE);
    postures.failAfter(0);
    assertThrows(BpfException.class, () -> switcher.use(() -> posture(true), Map.of()));
    postures.failAfter(Integer.MAX_VALUE);
    assertEquals(first, use(MASKS), "in force before, in force again");
    assertArrayEquals(MASKS.get(Hook.FILE_OPEN).encode(), mask(first, Hook.FILE_OPEN));
    assertEquals(first + 1, use(Map.of()));
    assertArrayEquals(KeyMask.none().encode(), mask(first + 1, Hook.FILE_OPEN));
    assertArrayEquals(
        MASKS.get(Hook.FILE_OPEN).encode(), mask(first, Hook.FILE_OPEN), "still readable");
  }

  /** A run may still read the copy that was in force: it rests for 100 ms. */
  @Test
  void aCopyRestsBeforeItIsFilledAgain() {
    switcher.use(() -> posture(true), MASKS);
    long start = System.nanoTime();
    switcher.renew();
    assertTrue(System.nanoTime() - start > 95_000_000);
    assertEquals(2, state.postureEpoch());
    assertEquals(1L << 6, posture(0).getLong(at("hold") + 8));
  }

  @Test
  void aSwitchOfModesIsWrittenIntoTheCopyInForceAndKept() {
    switcher.use(() -> posture(false), MASKS);
    byte[] before = postures.lookup(index(1)).orElseThrow();
    switcher.enforce(() -> always(SlotSet.of(70)));
    assertEquals(1, state.postureEpoch(), "nothing that the programs remember is made void");
    assertEquals(1L << 6, posture(1).getLong(at("enforce") + 8));
    switcher.renew();
    assertEquals(1L << 6, posture(0).getLong(at("enforce") + 8), "the next copy has it, too");
    switcher.enforce(() -> always(SlotSet.NONE));
    switcher.renew();
    assertArrayEquals(before, postures.lookup(index(1)).orElseThrow(), "nothing else is written");
  }

  @Test
  void aSwitchOfModesWaitsForNoCopyThatRests() throws Exception {
    switcher.use(() -> posture(true), MASKS);
    Thread slow = Thread.ofPlatform().start(switcher::renew);
    while (slow.getState() != Thread.State.TIMED_WAITING) {
      assumeTrue(slow.isAlive(), "this machine was too busy to see it wait");
      Thread.onSpinWait();
    }
    switcher.enforce(() -> always(SlotSet.NONE));
    long epoch = state.postureEpoch();
    assumeTrue(
        slow.getState() == Thread.State.TIMED_WAITING, "this machine was too busy to see it wait");
    assertEquals(1, epoch, "the copy still rests");
    assertEquals(0, posture(1).getLong(at("enforce") + 8));
    slow.join();
    assertEquals(2, state.postureEpoch());
    assertEquals(0, posture(0).getLong(at("enforce") + 8), "the switch is not lost");
  }

  /**
   * A run reads the end, then one of the two sets, while the engine writes: whatever of two writes
   * that follow each other it sees, it is what held before or what holds after, at its time.
   */
  @Test
  void noMixtureOfTwoWritesMayRefuseWhatNeitherDoes() {
    switcher.use(() -> posture(true), MASKS);
    long end = 1000;
    Enforced plain = always(SlotSet.of(1));
    Enforced leased = new Enforced(SlotSet.of(2), new Lapse(end, SlotSet.of(1)));
    Enforced audit = new Enforced(SlotSet.NONE, new Lapse(end, SlotSet.NONE));
    Enforced stays = always(SlotSet.of(2));
    change(plain, leased, List.of(999L));
    change(leased, audit, List.of(999L, 1000L));
    change(audit, leased, List.of(999L, 1000L));
    change(leased, stays, List.of(999L, 1000L));
    change(plain, leased, List.of(999L));
    change(leased, plain, List.of(999L, 1000L));
    change(plain, stays, List.of(999L));
  }

  /** Which units it is about is switched with the posture, who refuses there with the modes. */
  @Test
  void aRolloutMustStandBesideWhatIsInForceElsewhere() {
    Posture.Slot active =
        new Posture.Slot(1, Set.of(Hook.EXEC), false, true, true, false, false, Set.of());
    Posture.Canary canary =
        new Posture.Canary(
            UnitPlace.share(25), new UnitPlace(7, 8), SlotSet.of(2), SlotSet.of(1).with(2));
    Lapse end = new Lapse(1000, SlotSet.of(1));
    switcher.use(() -> new Posture(List.of(active), Posture.Timing.DEFAULT, end, canary), Map.of());
    assertEquals(1L << 30, posture(1).getLong(at("canary_share")));
    assertEquals(7, posture(1).getLong(at("canary_key")));
    assertEquals(8, posture(1).getLong(at("canary_key") + 8));
    assertEquals(1L << 1 | 1L << 2, posture(1).getLong(at("canary_scope")));
    assertEquals(new Enforced(SlotSet.of(1), SlotSet.of(2), end), read());
    Enforced audit = new Enforced(SlotSet.NONE, SlotSet.of(3), new Lapse(1000, SlotSet.NONE));
    switcher.enforce(() -> audit);
    assertEquals(audit, read());
    assertEquals(1L << 30, posture(1).getLong(at("canary_share")), "the units stay");
    switcher.renew();
    assertEquals(2, state.postureEpoch());
    assertEquals(1L << 3, posture(0).getLong(at("enforce_canary")), "and what was switched");
    assertEquals(1L << 30, posture(0).getLong(at("canary_share")));
  }

  private void change(Enforced from, Enforced to, List<Long> times) {
    switcher.enforce(() -> from);
    List<Enforced> written = new ArrayList<>(List.of(read()));
    assertEquals(from.lapse().atNs(), read().lapse().atNs());
    postures.beforeWrite(postures.writes() + 1, () -> written.add(read()));
    switcher.enforce(() -> to);
    written.add(read());
    assertEquals(3, written.size());
    assertEquals(to.slots(), written.getLast().slots());
    assertEquals(to.lapse().atNs(), written.getLast().lapse().atNs());
    for (int i = 1; i < written.size(); i++) {
      Enforced a = written.get(i - 1);
      Enforced b = written.get(i);
      for (long time : times) {
        List<SlotSet> right = List.of(refusing(from, time), refusing(to, time));
        for (int mixture = 0; mixture < 8; mixture++) {
          Enforced seen =
              new Enforced(
                  ((mixture & 1) == 0 ? a : b).slots(),
                  new Lapse(
                      ((mixture & 2) == 0 ? a : b).lapse().atNs(),
                      ((mixture & 4) == 0 ? a : b).lapse().enforced()));
          assertTrue(right.contains(refusing(seen, time)), from + " to " + to + ": " + seen);
        }
      }
    }
  }

  private static SlotSet refusing(Enforced enforced, long time) {
    long end = enforced.lapse().atNs();
    return end != 0 && time >= end ? enforced.lapse().enforced() : enforced.slots();
  }

  private Enforced read() {
    return Posture.readEnforced(
        MemorySegment.ofArray(
            LongStream.range(0, Posture.BYTES / 8)
                .map(i -> posture(1).getLong((int) i * 8))
                .toArray()));
  }

  private static Enforced always(SlotSet slots) {
    return new Enforced(slots, Lapse.NEVER);
  }

  /** The number of the mask set of the one hook. */
  private int use(Map<Hook, KeyMask> masks) {
    return switcher.use(() -> posture(true), masks).get(Hook.FILE_OPEN);
  }

  private static Posture posture(boolean enforce) {
    Posture.Slot slot =
        new Posture.Slot(70, Set.of(Hook.FILE_OPEN), false, enforce, true, false, true, Set.of());
    return new Posture(List.of(slot), Posture.Timing.DEFAULT);
  }

  private ByteBuffer posture(int copy) {
    return ByteBuffer.wrap(postures.lookup(index(copy)).orElseThrow())
        .order(ByteOrder.nativeOrder());
  }

  private byte[] mask(int maskSet, Hook hook) {
    return keyMasks.lookup(index((maskSet & 1) * Hook.ARRAY_LENGTH + hook.code())).orElseThrow();
  }

  private static byte[] index(int index) {
    return ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(index).array();
  }

  private static int at(String field) {
    return EventLayouts.POSTURE.offset(field);
  }
}
