package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.admin.AdminBackend;
import dev.interdict.admin.AdminConfig;
import dev.interdict.admin.AdminServer;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.StateStore;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.delivery.Deliveries;
import dev.interdict.delivery.DeliveryConfig;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.recording.Gap;
import dev.interdict.recording.RecordedSet;
import dev.interdict.recording.Recorder;
import dev.interdict.recording.RecordingReader;
import dev.interdict.recording.Tuple;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.testkit.TinyBuilder;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Verdict;
import dev.interdict.worker.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code interdict record} over the socket, with a recorder that writes to a disk. */
class RecordCommandsTest {
  private static final KeyMask MASK =
      KeyMask.of(Hook.FILE_OPEN, new ReadSet(Set.of("file.path", "process.uid")));
  private static final PolicySet SET = PolicySet.builder(1, HostNames.NONE).build();

  @TempDir Path directory;
  private AdminServer server;
  private Recorder recorder;

  @BeforeEach
  void start() throws IOException {
    Workers workers = new Workers(worker -> {});
    FakeEnforcement kernel = new FakeEnforcement();
    PolicyControl control =
        new PolicyControl(new TinyBuilder(), kernel, new StateStore(state()), Clock.systemUTC());
    recorder = Recorder.start(state(), HostNames.NONE, (hook, set) -> MASK, "0.0-test", workers);
    server =
        AdminServer.start(
            new AdminConfig(socket(), AdminConfig.defaults().uids()),
            new AdminBackend(
                control,
                Deliveries.start(DeliveryConfig.NONE, control.bundles(), workers),
                kernel::snapshot,
                new DecisionLog(),
                kept -> null,
                recorder,
                slot -> null,
                () -> true,
                List::of,
                List::of,
                "0.0-test",
                Instant.EPOCH));
  }

  @AfterEach
  void stop() {
    server.close();
    recorder.close();
  }

  private Path state() {
    return directory.resolve("state");
  }

  private Path socket() {
    return directory.resolve("run/admin.sock");
  }

  private Cli run(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.add("--socket");
    all.add(socket().toString());
    return Cli.run(all.toArray(String[]::new));
  }

  private void ask(String path) {
    Event event =
        RecordBuilder.of(Hook.FILE_OPEN).exe("/usr/bin/cat").uid(5).path(path).mask(MASK).event();
    recorder.asked(event, SET, new Verdict(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE));
  }

  private static List<Tuple> tuples(Path file) {
    List<Tuple> tuples = new ArrayList<>();
    RecordingReader.read(
        file,
        new RecordingReader.Visitor() {
          @Override
          public void tuple(RecordedSet set, Tuple tuple) {
            tuples.add(tuple);
          }

          @Override
          public void gap(Gap gap) {}
        });
    return tuples;
  }

  @Test
  void aRecordingIsStartedStoppedListedAndExported() throws IOException {
    assertEquals("no recordings\n", run("record", "list").out());
    Cli start = run("record", "start", "--redact", "process.uid");
    assertEquals(
        """
        recording 1 goes on
        next: interdict record stop, then interdict record export FILE
        """,
        start.out(),
        start.err());
    ask("/etc/a");
    ask("/etc/a");
    ask("/etc/b");
    assertTrue(run("record", "list").out().contains("under way"));
    assertTrue(run("record", "stop").out().startsWith("recording 1: 2 tuples, asked 3 times, "));
    String[] row = run("record", "list").out().lines().toList().get(1).split(" +", -1);
    assertEquals(List.of("over", "2", "0"), List.of(row[3], row[5], row[6]));
    JsonNode listed = JsonMapper.shared().readTree(run("record", "list", "-o", "json").out());
    assertFalse(listed.at("/recordings/0/underWay").asBoolean());
    assertEquals("process.uid", listed.at("/recordings/0/redacted/0").asString());
    Path file = directory.resolve("out.irec");
    assertEquals(ExitCode.OK, run("record", "export", file.toString()).code());
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals(2, tuples(file).size());
    assertEquals("", tuples(file).getFirst().fact("process.uid"));
    assertEquals(listed.at("/recordings/0/bytes").asLong(), Files.size(file));
    Cli again = run("record", "export", file.toString());
    assertEquals(ExitCode.REFUSED, again.code());
    assertTrue(again.err().contains("it exists already"), again.err());
  }

  /** Many messages, and more than the caller's flow control lets through at once. */
  @Test
  void aLargeRecordingIsExportedToTheByte() throws IOException {
    run("record", "start");
    java.util.Random random = new java.util.Random(1);
    for (int i = 0; i < 4000; i++) {
      byte[] name = new byte[2000];
      random.nextBytes(name);
      ask("/" + java.util.HexFormat.of().formatHex(name));
      if (i % 200 == 0) {
        run("record", "list"); // time for the worker
      }
    }
    run("record", "stop");
    Path file = directory.resolve("out.irec");
    Cli export = run("record", "export", file.toString(), "--id", "1");
    assertEquals(ExitCode.OK, export.code(), export.err());
    ByteArrayOutputStream direct = new ByteArrayOutputStream();
    recorder.export(1, direct);
    assertTrue(direct.size() > 2 << 20, "bytes " + direct.size());
    assertArrayEquals(direct.toByteArray(), Files.readAllBytes(file));
  }

  /** Who may change the folder has somebody else's file written to. */
  @Test
  void aFileThatComesInItsPlaceMeanwhileIsNotWrittenTo() throws Exception {
    run("record", "start");
    ask("/etc/a");
    run("record", "stop");
    Path segment = state().resolve("recordings/1/00000001.irec");
    byte[] recorded = Files.readAllBytes(segment);
    Files.delete(segment);
    assertEquals(0, new ProcessBuilder("mkfifo", segment.toString()).start().waitFor());
    Path victim = Files.writeString(directory.resolve("victim"), "precious");
    Path file = directory.resolve("out.irec");
    AtomicReference<Cli> export = new AtomicReference<>();
    Thread asks =
        Thread.ofPlatform()
            .start(() -> export.set(run("record", "export", "" + file, "--id", "1")));
    try (OutputStream pipe = Files.newOutputStream(segment)) { // opens when the engine reads it
      Files.move(file, directory.resolve("aside"));
      Files.createSymbolicLink(file, victim);
      pipe.write(recorded);
    }
    asks.join();
    assertEquals(ExitCode.OK, export.get().code(), export.get().err());
    assertEquals("precious", Files.readString(victim));
    assertEquals(1, tuples(directory.resolve("aside")).size());
  }

  @Test
  void whatCannotBeDoneSaysWhyAndWhatToDo() {
    assertEquals(
        "error: cannot stop: no recording is under way; see: interdict record list\n",
        run("record", "stop").err());
    Path file = directory.resolve("none.irec");
    Cli none = run("record", "export", file.toString());
    assertEquals(ExitCode.REFUSED, none.code());
    assertEquals(
        "error: there is no recording; make one with: interdict record start\n", none.err());
    assertFalse(Files.exists(file), "half a file");
    assertEquals(
        "error: there is nothing of a recording 7; see: interdict record list\n",
        run("record", "export", file.toString(), "--id", "7").err());
    Cli redact = run("record", "start", "--redact", "file.pat");
    assertEquals(ExitCode.USAGE, redact.code());
    assertTrue(redact.err().contains("\"file.pat\" is no fact that can be left out"), redact.err());
    assertEquals(ExitCode.USAGE, run("record", "start", "--minutes", "-1").code());
    run("record", "start", "--minutes", "5");
    Cli second = run("record", "start");
    assertEquals(ExitCode.REFUSED, second.code());
    assertEquals(
        "error: cannot start a recording: recording 1 is under way; first: interdict record stop\n",
        second.err());
  }
}
