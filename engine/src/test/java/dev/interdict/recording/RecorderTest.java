package dev.interdict.recording;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Event;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.policy.Policy;
import dev.interdict.recording.Recorder.Info;
import dev.interdict.recording.Tuple.Answer;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.RandomEvent;
import dev.interdict.verdict.Verdict;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecorderTest {
  private static final int SLOT = 3;
  private static final PolicySet.Where WHERE =
      new PolicySet.Where(
          Set.of(Hook.FILE_OPEN),
          new Policy.Scope(List.of("/a.slice"), List.of()),
          Set.of(Hook.FILE_OPEN));
  private static final ReadSet READS = new ReadSet(Set.of("file.path", "process.uid"));
  private static final KeyMask MASK = KeyMask.of(Hook.FILE_OPEN, READS);
  private static final Verdict NOTHING = new Verdict(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE);

  /** As those of the random events; a file of which they have never heard is an error. */
  private static final HostNames NAMES =
      new HostNames() {
        @Override
        public byte[] cgroupPath(long id) {
          return RandomEvent.NAMES.cgroupPath(id);
        }

        @Override
        public Workload workload(long cgroup) {
          return RandomEvent.NAMES.workload(cgroup);
        }

        @Override
        public byte[] interfaceName(int index) {
          return RandomEvent.NAMES.interfaceName(index);
        }

        @Override
        public Set<String> fileNames(int number) {
          if (number == 66) {
            throw new IllegalStateException("as if");
          }
          return RandomEvent.NAMES.fileNames(number);
        }
      };

  private static PolicyModule module;
  private static PolicySet set;

  @TempDir Path state;
  private Recorder recorder;
  private final List<Tuple> tuples = new ArrayList<>();
  private final List<RecordedSet> sets = new ArrayList<>();
  private final List<Gap> gaps = new ArrayList<>();
  private String cut;

  /** Who asks what a key tells waits here. */
  private final CountDownLatch go = new CountDownLatch(1);

  private volatile boolean held;

  /** Who has asked what a key tells, and whether somebody has broken it off. */
  private final Set<String> askers = ConcurrentHashMap.newKeySet();

  private final AtomicLong clock = new AtomicLong(1L << 40);

  @BeforeAll
  static void policies() throws Exception {
    String rego = "deny contains \"x\" if input.file.path == \"/etc/shadow\"";
    module = PolicyModule.load(RegoToWasm.compile("guard", rego, "{}"), null);
    set = policies(1);
  }

  private static PolicySet policies(long generation) {
    return PolicySet.builder(generation, RandomEvent.NAMES)
        .add(SLOT, module, Set.of("/etc/shadow"))
        .where(SLOT, WHERE)
        .build();
  }

  private Recorder recorder(long bytesMax, long segmentBytes) {
    return recorder(new RecordingStore(state, bytesMax, segmentBytes));
  }

  private Recorder recorder(RecordingStore store) {
    recorder = Recorder.start(store, NAMES, this::mask, "1.2.3", clock::get, new Workers(w -> {}));
    return recorder;
  }

  private KeyMask mask(Hook hook, int number) {
    String asker = Thread.currentThread().getName();
    askers.add(asker);
    while (held && go.getCount() > 0) {
      LockSupport.parkNanos(1_000_000); // as deaf as a thread that waits for a disk
      if (Thread.interrupted()) {
        askers.add(asker + ", broken off");
      }
    }
    return number == 1 ? MASK : null;
  }

  @AfterEach
  void close() {
    go.countDown();
    if (recorder != null) {
      recorder.close();
    }
  }

  private static RecordBuilder open(String path, int uid) {
    return RecordBuilder.of(Hook.FILE_OPEN)
        .fact("mask_set", 1)
        .exe("/usr/bin/cat")
        .fact("exe_inode", 9)
        .uid(uid)
        .path(path)
        .mask(MASK);
  }

  private void ask(Event event, SlotSet deny) {
    recorder.asked(event, set, new Verdict(SlotSet.of(SLOT), deny, SlotSet.NONE));
  }

  private void ask(Event event) {
    ask(event, SlotSet.NONE);
  }

  private void read(long id) throws Exception {
    read(id, out -> out);
  }

  private void read(long id, UnaryOperator<OutputStream> through) throws Exception {
    Path file = Files.createTempFile(state, "export", ".irec");
    try (OutputStream out = through.apply(Files.newOutputStream(file))) {
      recorder.export(id, out);
    }
    gaps.clear();
    RecordingReader.Outcome outcome =
        RecordingReader.read(
            file,
            new RecordingReader.Visitor() {
              @Override
              public void tuple(RecordedSet in, Tuple tuple) {
                tuples.add(tuple);
                sets.add(in);
              }

              @Override
              public void gap(Gap gap) {
                gaps.add(gap);
              }
            });
    cut = outcome.cut();
  }

  @Test
  void asksOfOneMaskedKeyAreOneTuple() throws Exception {
    recorder(1 << 20, 1 << 20).begin(null, Set.of());
    ask(open("/etc/shadow", 5).field("pid", 70).fact("image", 1).event(), SlotSet.of(SLOT));
    ask(open("/etc/shadow", 5).field("pid", 71).fact("image", 2).event(), SlotSet.of(SLOT));
    ask(open("/etc/shadow", 6).event());
    Info info = recorder.stop();
    assertEquals(List.of(2L, 3L, 0L), List.of(info.tuples(), info.asks(), info.lost()));
    read(info.id());
    assertEquals(2, tuples.size());
    Tuple both = tuples.getFirst();
    assertEquals(2, both.asks());
    assertEquals("5", both.fact("process.uid"));
    assertEquals(Map.of("guard", Answer.DENY), both.answers());
    assertEquals(Map.of("guard", Answer.ALLOW), tuples.getLast().answers());
    assertTrue(both.seen().containsAll(Set.of("file.path", "process.uid")), "" + both.seen());
    assertFalse(both.seen().contains("process.pid"), "two processes: " + both.seen());
    assertFalse(both.seen().contains("process.exe.path"), "" + both.seen());
    assertEquals(Set.of("/etc/shadow"), sets.getFirst().literals());
    assertEquals(
        List.of(new RecordedSet.Active("guard", "test", WHERE)), sets.getFirst().policies());
  }

  @Test
  void namesOfFilesAreKept() throws Exception {
    recorder(1 << 20, 1 << 20).begin(null, Set.of());
    ask(
        open("/x", 5)
            .names(new FileNames(1, 2, true))
            .exeNames(new FileNames(0, 3, false))
            .event());
    read(recorder.stop().id());
    Tuple one = tuples.getFirst();
    assertEquals(Set.of("/etc/file1", "/etc/file2", "/usr/bin/tool1"), one.file().names());
    assertTrue(one.file().foreign());
    assertEquals(Set.of("/opt/other"), one.exe().names());
    assertFalse(one.exe().foreign());
  }

  @Test
  void onlyTheOwnerMayRead() throws Exception {
    recorder(1 << 20, 1 << 20).begin(null, Set.of());
    ask(open("/x", 5).event());
    recorder.stop();
    try (Stream<Path> all = Files.walk(state.resolve("recordings"))) {
      List<String> rights =
          all.map(
                  f -> {
                    try {
                      return PosixFilePermissions.toString(Files.getPosixFilePermissions(f));
                    } catch (java.io.IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  })
              .toList();
      assertEquals(List.of("rwx------", "rwx------", "rw-------"), rights);
    }
  }

  /** The decider is never held up: what the worker cannot take is a gap. */
  @Test
  void whatComesTooFastIsAGap() throws Exception {
    recorder(1 << 24, 1 << 24).begin(null, Set.of());
    held = true;
    int asks = 3 * Session.QUEUE;
    for (int i = 0; i < asks; i++) {
      ask(open("/x", i % 10).event());
    }
    go.countDown();
    Info info = recorder.stop();
    assertEquals(asks, info.asks() + info.lost());
    assertTrue(info.lost() >= asks - Session.QUEUE - 1, "lost " + info.lost());
    read(info.id());
    assertEquals(info.lost(), gaps.stream().mapToLong(Gap::asks).sum());
    assertEquals("queue", gaps.getFirst().why());
    assertEquals(info.asks(), tuples.stream().mapToLong(Tuple::asks).sum());
  }

  @Test
  void aKeyOfAMaskThatNobodyKnowsIsAGap() throws Exception {
    recorder(1 << 20, 1 << 20).begin(null, Set.of());
    ask(open("/x", 1).fact("mask_set", 7).event());
    ask(open("/x", 1).event());
    read(recorder.stop().id());
    assertEquals("mask 1", gaps.getFirst().why() + " " + gaps.getFirst().asks());
    assertEquals(1, tuples.size());
  }

  @Test
  void whatTheDiskRefusesIsAGapAndTheRestGoesOn() throws Exception {
    Info begun = recorder(1 << 20, 1 << 20).begin(null, Set.of());
    Path folder = state.resolve("recordings/" + begun.id());
    Files.delete(folder);
    ask(open("/x", 1).event());
    PolicySet other = policies(2);
    recorder.asked(
        open("/x", 2).event(), other, new Verdict(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE));
    while (recorder.underWay().lost() == 0) {
      Thread.sleep(5); // the change of policies has the block written
    }
    Files.createDirectories(folder);
    Info info = recorder.stop();
    assertEquals(1, info.lost());
    read(info.id());
    assertEquals("disk 1", gaps.getFirst().why() + " " + gaps.getFirst().asks());
    assertEquals("2", tuples.getFirst().fact("process.uid"));
  }

  @Test
  void anEndThatIsNotOnTheDiskIsNone() throws Exception {
    Info begun = recorder(1 << 20, 1 << 20).begin(null, Set.of());
    Files.delete(state.resolve("recordings/" + begun.id()));
    ask(open("/x", 1).event());
    RecordingException refused = assertThrows(RecordingException.class, () -> recorder.stop());
    assertTrue(refused.getMessage().contains("could not be written"), refused::getMessage);
    assertNull(recorder.underWay());
  }

  @Test
  void theOldestGoesFirstAndIsToldAsAGap() throws Exception {
    recorder(24_000, 4_000).begin(null, Set.of());
    long asks = 0;
    for (int round = 0; round < 60; round++) {
      PolicySet now = policies(10 + round);
      for (int i = 0; i < 40; i++, asks++) {
        recorder.asked(
            open("/x/" + round + "/" + Long.toHexString(asks * 0x9e3779b97f4a7c15L), i).event(),
            now,
            new Verdict(SlotSet.of(SLOT), SlotSet.NONE, SlotSet.NONE));
      }
    }
    Info info = recorder.stop();
    assertTrue(info.bytes() <= 24_000, "bytes " + info.bytes());
    assertTrue(info.lost() > 0);
    read(info.id());
    assertEquals("39", tuples.getLast().fact("process.uid"));
    assertTrue(tuples.getLast().fact("file.path").startsWith("/x/59/"), "the latest is there");
    assertFalse(tuples.getFirst().fact("file.path").startsWith("/x/0/"), "the oldest is gone");
    long kept = tuples.stream().mapToLong(Tuple::asks).sum();
    assertEquals(asks, kept + info.lost(), "each is there, or told as gone");
    assertTrue(gaps.stream().allMatch(gap -> gap.why().equals("bound")), "" + gaps);
    long told = gaps.stream().mapToLong(Gap::asks).sum();
    assertEquals(info.lost(), told, "also what the last block has pushed out, and gaps that went");
    assertNull(cut);
    Info after = recorder.list().getFirst();
    assertEquals(List.of(info.lost(), info.asks()), List.of(after.lost(), after.asks()));
  }

  private void fill(int rounds) throws Exception {
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < 40; i++) {
        long any = (round * 40 + i) * 0x9e3779b97f4a7c15L;
        recorder.asked(
            open("/x/" + round + "/" + Long.toHexString(any), i).event(),
            policies(10 + round),
            NOTHING);
      }
    }
    recorder.stop();
  }

  private Path segment(int number) {
    return state.resolve("recordings/1/%08d.irec".formatted(number));
  }

  /** Nobody has counted what was in it. */
  @Test
  void whatMadeRoomForALaterRecordingIsTold() throws Exception {
    recorder(1 << 20, 4_000).begin(null, Set.of());
    fill(10);
    long bytes = recorder.list().getFirst().bytes();
    recorder.close();
    recorder(bytes * 3 / 2, 4_000).begin(null, Set.of());
    fill(10);
    assertFalse(Files.exists(segment(1)));
    read(1);
    assertEquals("bound 0", gaps.getFirst().why() + " " + gaps.getFirst().asks());
    assertEquals(1, gaps.size());
    assertNull(cut);
  }

  /** A client takes its time. */
  @Test
  void whatGoesWhileItIsExportedIsTold() throws Exception {
    recorder(1 << 20, 4_000).begin(null, Set.of());
    fill(10);
    read(1);
    int all = tuples.size();
    tuples.clear();
    read(
        1,
        out ->
            new java.io.FilterOutputStream(out) {
              @Override
              public void write(byte[] bytes, int from, int length) throws IOException {
                Files.deleteIfExists(segment(2));
                Files.deleteIfExists(segment(3));
                out.write(bytes, from, length);
              }
            });
    assertEquals("bound 0", gaps.getFirst().why() + " " + gaps.getFirst().asks());
    assertTrue(tuples.size() > all / 2 && tuples.size() < all, tuples.size() + " of " + all);
    assertNull(cut);
  }

  @Test
  void whatIsDamagedIsAGapAndTheRestIsExported() throws Exception {
    recorder(1 << 20, 4_000).begin(null, Set.of());
    fill(10);
    read(1);
    int all = tuples.size();
    tuples.clear();
    byte[] bytes = Files.readAllBytes(segment(2));
    bytes[100] ^= 1;
    Files.write(segment(2), bytes);
    read(1);
    assertEquals("damaged 0", gaps.getFirst().why() + " " + gaps.getFirst().asks());
    assertTrue(tuples.size() > all / 2 && tuples.size() < all, tuples.size() + " of " + all);
    assertNull(cut);
  }

  @Test
  void whatGoesOnHasNoEnd() throws Exception {
    recorder(1 << 20, 1 << 20).begin(null, Set.of());
    ask(open("/x", 1).event());
    recorder.asked(open("/x", 1).event(), policies(2), NOTHING);
    while (recorder.underWay().tuples() == 0) {
      Thread.sleep(5);
    }
    read(1);
    assertTrue(cut.contains("has no end"), cut);
    recorder.stop();
    read(1);
    assertNull(cut);
  }

  @Test
  void aRecordingOfNothingGoesWithTheNext() {
    recorder(1 << 20, 1 << 20).begin(null, Set.of());
    recorder.stop();
    assertEquals(1, recorder.list().size());
    assertEquals(2, recorder.begin(null, Set.of()).id());
    assertEquals(1, recorder.list().size());
    recorder.stop();
    assertEquals(3, recorder.begin(null, Set.of()).id());
  }

  @Test
  void aRedactedFactIsNowhereInTheFile() throws Exception {
    recorder(1 << 20, 1 << 20).begin(null, Set.of("file.path", "process.exe", "process.uid"));
    ask(open("/etc/secret-name", 4711).names(new FileNames(1, 0, false)).event());
    Info info = recorder.stop();
    assertEquals(Set.of("file.path", "process.exe", "process.uid"), info.redacted());
    read(info.id());
    String all = tuples.getFirst().toString();
    assertFalse(all.contains("secret"), all);
    assertFalse(all.contains("/etc/file1"), all);
    assertFalse(all.contains("/usr/bin/cat"), all);
    assertEquals("", tuples.getFirst().fact("process.uid"));
    assertFalse(tuples.getFirst().seen().contains("file.path"));
    assertFalse(tuples.getFirst().seen().contains("process.uid"));
  }

  /** Whatever is thrown: what it was about is counted, and the next is written. */
  @Test
  void whatIsThrownIsAGapToo() throws Exception {
    recorder(
            new RecordingStore(state, 1 << 20, 1 << 20) {
              private boolean thrown;

              @Override
              synchronized void append(byte[] block, byte[] set, long asked, long missed)
                  throws IOException {
                if (!thrown) {
                  thrown = true;
                  throw new OutOfMemoryError("as if");
                }
                super.append(block, set, asked, missed);
              }
            })
        .begin(null, Set.of());
    ask(open("/x", 1).event());
    ask(open("/x", 1).event());
    recorder.asked(open("/x", 2).event(), policies(2), NOTHING);
    ask(open("/x", 3).names(new FileNames(66, 0, false)).event()); // the host's names throw
    Info info = recorder.stop();
    assertEquals(4, info.lost(), "two of the block, and one of each set that could not be written");
    read(info.id());
    assertEquals("error 4", gaps.getFirst().why() + " " + gaps.getFirst().asks());
  }

  /** What is no recording takes a number, and neither keeps one from being written nor counts. */
  @Test
  void aStrayFileAmongTheRecordingsIsNone() throws Exception {
    Files.createDirectories(state.resolve("recordings"));
    Files.createFile(state.resolve("recordings/5"));
    Info begun = recorder(1 << 20, 1 << 20).begin(null, Set.of());
    assertEquals(6, begun.id());
    ask(open("/x", 1).event());
    assertEquals(0, recorder.stop().lost());
    read(6);
    assertEquals(1, tuples.size());
    assertEquals(1, recorder.list().size());
  }

  @Test
  void oneAtATimeAndItSaysWhich() {
    long id = recorder(1 << 20, 1 << 20).begin(null, Set.of()).id();
    assertEquals(
        "cannot start a recording: recording " + id + " is under way; first: interdict record stop",
        assertThrows(RecordingException.class, () -> recorder.begin(null, Set.of())).getMessage());
    recorder.stop();
    assertTrue(recorder.begin(null, Set.of()).id() > id);
    recorder.stop();
    assertEquals(
        "cannot stop: no recording is under way; see: interdict record list",
        assertThrows(RecordingException.class, recorder::stop).getMessage());
  }

  @Test
  void aFactThatIsNoneCannotBeLeftOut() {
    recorder(1 << 20, 1 << 20);
    for (String wrong : List.of("file.pat", "hook", "", "process.uid.x")) {
      String why =
          assertThrows(RecordingException.class, () -> recorder.begin(null, Set.of(wrong)))
              .getMessage();
      assertTrue(why.startsWith("cannot leave out \"" + wrong + "\": it is no fact that can"), why);
      assertTrue(why.contains("process.exe.path"), why);
    }
  }

  /** Who was told that it has ended may begin the next. */
  @Test
  void whatHasEndedIsNoLongerUnderWay() throws Exception {
    recorder(1 << 20, 1 << 20).begin(null, Set.of());
    CompletableFuture<Boolean> free =
        recorder.session().ended().thenApply(x -> recorder.session() == null);
    recorder.stop();
    assertTrue(free.get());
  }

  /** However fast it comes, the end is the end. */
  @Test
  void whatComesAfterTheEndIsNoneOfIt() throws Exception {
    recorder(1 << 20, 1 << 20).begin(Duration.ofDays(2), Set.of());
    held = true;
    ask(open("/x", 1).event());
    while (askers.isEmpty()) {
      Thread.sleep(1);
    }
    Session session = recorder.session();
    session.end();
    ask(open("/x", 2).event());
    assertEquals(0, session.unwritten(), "nothing waits beside what the worker has in its hands");
    go.countDown();
    session.ended().get();
    read(0);
    assertEquals(1, tuples.size());

    Info limited = recorder.begin(Duration.ofDays(2), Set.of());
    ask(open("/x", 1).event());
    clock.addAndGet(Duration.ofDays(2).toNanos());
    ask(open("/x", 2).event());
    while (recorder.underWay() != null) {
      Thread.sleep(5);
    }
    tuples.clear();
    read(limited.id());
    assertEquals(List.of("1"), tuples.stream().map(t -> t.fact("process.uid")).toList());
  }

  /** Between the worker's last look and the end that others are told of. */
  @Test
  void whatWasOnItsWayAtTheEndIsCounted() throws Exception {
    long limit = Duration.ofSeconds(1).toNanos();
    Session[] session = new Session[1];
    boolean[] late = new boolean[1];
    LongSupplier ending =
        () -> {
          if (session[0] == null || late[0]) {
            return late[0] ? limit : 0;
          }
          late[0] = true; // who has handed over has looked: it is not over for him
          try {
            assertTrue(session[0].work(HostNames.NONE, (hook, set) -> null));
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          session[0].close();
          return 0;
        };
    Session one =
        new Session(
            1,
            Duration.ofNanos(limit),
            ending,
            Set.of(),
            "0",
            new RecordingStore(state, 1 << 20, 1 << 20));
    session[0] = one;
    one.offer(new Session.Ask(open("/x", 1).event(), null, null));
    assertEquals(1, one.info(0, false).lost());
    assertEquals(0, one.unwritten());
  }

  /** A disk that does not answer keeps neither the engine nor its lock. */
  @Test
  void theEndOfTheEngineWaitsForNoDeadDisk() {
    recorder(1 << 20, 1 << 20).begin(null, Set.of());
    held = true;
    ask(open("/x", 1).event());
    ask(open("/x", 2).event());
    assertTimeoutPreemptively(Duration.ofMinutes(1), recorder::close);
    assertEquals(1, recorder.session().unwritten());
    recorder = null;
    assertEquals(Set.of("recorder"), askers, "one thread works at it, and nobody breaks it off");
  }

  @Test
  void itEndsByItself() throws Exception {
    recorder(1 << 20, 1 << 20).begin(Duration.ofMillis(1), Set.of());
    clock.addAndGet(1_000_000);
    while (recorder.underWay() != null) {
      Thread.sleep(5);
    }
    ask(open("/x", 1).event());
    assertEquals(1, recorder.list().size());
    assertFalse(recorder.list().getFirst().underWay());
    recorder.begin(null, Set.of());
  }

  @Test
  void theEndOfTheEngineLosesNothing() throws Exception {
    Info begun = recorder(1 << 20, 1 << 20).begin(null, Set.of("process.gid"));
    ask(open("/x", 1).event());
    recorder.close();
    recorder(1 << 20, 1 << 20);
    Info after = recorder.list().getFirst();
    assertFalse(after.underWay());
    assertEquals(Set.of("process.gid"), after.redacted());
    assertEquals(begun.started().toEpochMilli(), after.started().toEpochMilli());
    read(begun.id());
    assertEquals(1, tuples.size());
  }
}
