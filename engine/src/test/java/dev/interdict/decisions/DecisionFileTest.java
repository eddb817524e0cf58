package dev.interdict.decisions;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.testkit.Events;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(60)
class DecisionFileTest {

  private static final Event EVENT = Events.open("/usr/bin/cat", 33, "/etc/shadow");
  private static final Duration HOUR = Duration.ofHours(1);
  private static final long ONE = TestRecords.denied(1, "/0").bytes();

  @TempDir Path directory;
  private final Workers workers = new Workers(lost -> {});
  private final Sink sink = new Sink();

  /** Takes lines when it is let, and fails when it is told to. */
  private static final class Sink implements DecisionFile.Lines {
    final List<String> lines = new ArrayList<>();
    final Semaphore permits = new Semaphore(Integer.MAX_VALUE / 2);
    volatile IOException failure;

    @Override
    public void ready() {}

    @Override
    public void append(byte[] bytes) throws IOException {
      permits.acquireUninterruptibly();
      if (failure != null) {
        throw failure;
      }
      synchronized (lines) {
        lines.addAll(new String(bytes, US_ASCII).lines().toList());
      }
    }

    @Override
    public void close() {}

    List<JsonNode> read() {
      synchronized (lines) {
        return lines.stream().map(line -> JsonMapper.shared().readTree(line)).toList();
      }
    }
  }

  private DecisionFile file(long bytes, Duration interval) {
    // The worker may be in a pause when it is to end, and the machine be busy.
    return new DecisionFile(
        new FoldingQueue(bytes, interval), DecisionLine.FORM, sink, HOUR, workers);
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Thread.sleep(1);
    }
  }

  private static long count(DecisionFile file, String counter) {
    return file.counters().get("log_" + counter);
  }

  private long told(String kind) {
    long sum = 0;
    for (JsonNode line : sink.read()) {
      if (line.get("kind").asString().equals(kind)) {
        sum += kind.equals("lost") ? lost(line) : line.get("count").asLong();
      }
    }
    return sum;
  }

  private static long lost(JsonNode line) {
    return line.get("lost").valueStream().mapToLong(JsonNode::asLong).sum();
  }

  @Test
  void whatIsDeniedMustBeALineAndWhatIsOnlyAllowedMustNot() throws Exception {
    Path path = directory.resolve("d/decisions.jsonl");
    DecisionLog log = new DecisionLog();
    try (DecisionFile file =
        DecisionFile.start(
            new DecisionFile.Config(path, 1 << 20, 2, HOUR, DecisionFile.Format.INTERDICT),
            "1",
            workers)) {
      log.add(file);
      log.append(TestRecords.denied(0, "/etc/shadow"), EVENT, List.of());
      log.append(allowed(List.of()), EVENT, List.of());
      log.append(
          allowed(List.of(new Finding("w", false, List.of(), List.of(), List.of("seen")))),
          EVENT,
          List.of());
      assertEquals(2, log.counters().get("log_offered"));
    }
    List<JsonNode> lines =
        Files.readAllLines(path).stream().map(l -> JsonMapper.shared().readTree(l)).toList();
    assertEquals(2, lines.size());
    JsonNode denied = lines.getFirst();
    assertEquals("interdict.decision-log/1", denied.get("schema").asString());
    assertEquals(1, denied.get("id").asLong());
    assertEquals("denied", denied.get("outcome").asString());
    assertEquals("read", denied.at("/access/0").asString());
    assertEquals("/usr/sbin/nginx", denied.at("/subject/exe").asString());
    assertEquals("CAP_NET_RAW", denied.at("/subject/capabilities/0").asString());
    assertEquals("mnt", denied.at("/subject/namespaces/0").asString());
    assertEquals("filter", denied.at("/subject/seccomp").asString());
    assertTrue(denied.at("/subject/noNewPrivs").asBoolean());
    assertTrue(denied.at("/subject/tty").asBoolean());
    assertEquals(1000, denied.at("/subject/sessionUid").asInt());
    assertEquals("no", denied.at("/findings/0/deny/0").asString());
    assertEquals("seen", lines.get(1).at("/findings/0/warn/0").asString());
    assertEquals("allowed", lines.get(1).get("outcome").asString());
  }

  @Test
  void aPlaceThatIsOpenToOthersMustBeAFailingWorkerThatGoesOnWhenItIsClosed() throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxr-x"));
    Path path = directory.resolve("d/decisions.jsonl");
    try (DecisionFile file =
        DecisionFile.start(
            new DecisionFile.Config(path, 1 << 20, 2, HOUR, DecisionFile.Format.INTERDICT),
            "1",
            workers)) {
      until(() -> workers.health().anyMatch(health -> health.failed() > 0)); // without a decision
      Worker.Health health = workers.health().findFirst().orElseThrow();
      assertEquals("decision-log", health.name());
      assertTrue(health.alive());
      assertTrue(health.lastFailure().contains(directory + " can be written to by others"));
      file.offer(TestRecords.denied(1, "/etc/shadow"));
      assertEquals(0, count(file, "written"));
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
      until(() -> count(file, "written") == 1);
      until(() -> workers.health().allMatch(now -> now.failedInRow() == 0));
    }
    assertEquals(1, Files.readAllLines(path).size());
    assertThrows(
        IOException.class,
        () ->
            DecisionFile.start(
                new DecisionFile.Config(
                    path.getParent(), 1 << 20, 2, HOUR, DecisionFile.Format.INTERDICT),
                "1",
                workers));
  }

  @Test
  void everyLineMustBeAsTheSchemaSays() throws Exception {
    Schema schema;
    try (InputStream text = DecisionFile.class.getResourceAsStream("decision-log.json")) {
      schema =
          SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(text);
    }
    DecisionRecord packet = packet();
    List<byte[]> lines =
        List.of(
            line(TestRecords.denied(1, "/a"), 1),
            line(TestRecords.denied(1, "/a"), 7),
            line(TestRecords.denied(1, "/" + "x".repeat(100_000)), 1),
            line(packet, 3),
            DecisionLine.FORM.lost(Instant.now(), Map.of("queue_full", 3L, "disk_full", 4L)));
    for (byte[] line : lines) {
      String text = new String(line, US_ASCII);
      assertEquals(List.of(), schema.validate(text, InputFormat.JSON), text);
    }
    String unknown = new String(lines.getFirst(), US_ASCII).replace("\"held\"", "\"hold\"");
    assertFalse(schema.validate(unknown, InputFormat.JSON).isEmpty());
  }

  @Test
  void noNameMustEndALineOrReachATerminal() {
    String hostile = "/a\n{\"kind\":\"lost\"}\u001b[2J\u007f\u009b\u202e\u2028\uef80\ud83d\ude00";
    byte[] line = line(TestRecords.denied(1, hostile), 1);
    for (int i = 0; i < line.length - 1; i++) {
      assertTrue(line[i] >= 0x20 && line[i] < 0x7f, "byte " + line[i]);
    }
    assertEquals('\n', line[line.length - 1]);
    assertEquals(hostile, JsonMapper.shared().readTree(line).get("object").asString());
  }

  @Test
  void aLineThatWouldBeTooLongMustBeCutAndSaySo() {
    List<String> reasons = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      reasons.add("\u20ac".repeat(500));
    }
    List<Finding> findings = new ArrayList<>();
    for (int i = 0; i < 256; i++) {
      findings.add(new Finding("policy-" + i, true, reasons, reasons, reasons));
    }
    DecisionRecord of = TestRecords.denied(1, "/" + "\ud83d\ude00".repeat(4000));
    byte[] line =
        line(
            new DecisionRecord(
                1,
                of.time(),
                of.outcome(),
                of.hook(),
                1,
                of.subject(),
                of.object(),
                findings,
                false,
                false,
                -1),
            1);
    assertTrue(line.length <= JsonLine.MAX_BYTES, line.length + " bytes");
    JsonNode json = JsonMapper.shared().readTree(line);
    assertTrue(json.get("truncated").asBoolean());
    assertTrue(json.get("object").asString().endsWith("\u2026"));
    assertEquals("policy-0", json.at("/findings/0/policy").asString());
    assertFalse(
        JsonMapper.shared().readTree(line(TestRecords.denied(1, "/a"), 1)).has("truncated"));
  }

  @Test
  void whoOffersMustNotWaitForADiskThatDoesNotAnswer() throws Exception {
    sink.permits.drainPermits();
    DecisionFile file = file(20 * ONE, HOUR);
    for (int i = 1; i <= 1000; i++) {
      file.offer(TestRecords.denied(i, "/" + i % 100)); // returns, or this test does not end
    }
    assertEquals(0, count(file, "written"));
    long full = count(file, "lost_queue_full");
    assertTrue(full > 0, file.counters().toString());
    assertEquals(1000, full + count(file, "waiting"));
    sink.permits.release(1 << 20);
    until(() -> told("lost") == full);
    file.close();
    assertEquals(1000, told("decision") + told("lost"));
    assertEquals(1000 - full, count(file, "written"));
  }

  @Test
  void aFullDiskMustBeCountedAsSuchAndTheLogMustGoOnWhenThereIsRoom() throws Exception {
    sink.failure = new RotatedFile.DiskFullException("no room", null);
    DecisionFile file = file(20 * ONE, HOUR);
    file.offer(TestRecords.denied(1, "/first"));
    until(() -> workers.health().anyMatch(health -> health.failed() > 0));
    for (int i = 2; i <= 500; i++) {
      file.offer(TestRecords.denied(i, "/" + i));
    }
    Worker.Health health = workers.health().findFirst().orElseThrow();
    assertEquals("decision-log", health.name());
    assertTrue(health.lastFailure().contains("no room"), health.lastFailure());
    long full = count(file, "lost_disk_full");
    assertTrue(full > 400, file.counters().toString());
    assertEquals(0, count(file, "lost_queue_full"));
    sink.failure = null;
    until(() -> told("lost") == full);
    file.offer(TestRecords.denied(501, "/after"));
    file.close();
    assertEquals("/first", sink.read().getFirst().get("object").asString(), "it has waited");
    assertEquals("/after", sink.read().getLast().get("object").asString());
    assertEquals(501, told("decision") + told("lost"));
    assertEquals(501 - full, count(file, "written"));
  }

  @Test
  void anotherErrorMustBeCountedAsSuch() throws Exception {
    sink.failure = new IOException("broken");
    DecisionFile file = file(5 * ONE, HOUR);
    file.offer(TestRecords.denied(1, "/first"));
    until(() -> workers.health().anyMatch(health -> health.failed() > 0));
    for (int i = 2; i <= 50; i++) {
      file.offer(TestRecords.denied(i, "/" + i));
    }
    assertTrue(count(file, "lost_write_error") > 0, file.counters().toString());
    file.close();
    assertEquals(0, count(file, "written"));
    assertEquals(0, count(file, "waiting"));
    assertEquals(50, count(file, "lost_write_error") + count(file, "lost_at_end"));
  }

  @Test
  void aFloodOfOneKindMustNotKeepAnotherOut() throws Exception {
    DecisionFile file = file(20 * ONE, HOUR);
    for (int i = 1; i <= 100_000; i++) {
      file.offer(TestRecords.denied(i, "/flood"));
    }
    file.offer(TestRecords.denied(100_001, "/once"));
    file.close();
    assertEquals(100_001, told("decision"));
    assertEquals(0, told("lost"));
    List<JsonNode> lines = sink.read();
    assertTrue(lines.size() <= 4, lines.size() + " lines");
    assertEquals(1, lines.stream().filter(l -> l.get("object").asString().equals("/once")).count());
    assertEquals(1, lines.getFirst().get("id").asLong());
  }

  /** Several who offer, and a disk that fails now and then: every record is told or counted. */
  @Test
  void whatCameMustBeWhatWasWrittenAndWhatWasLost() throws Exception {
    int each = 20_000;
    DecisionFile file = file(50 * ONE, Duration.ofNanos(1));
    CountDownLatch ended = new CountDownLatch(3);
    for (int thread = 0; thread < 3; thread++) {
      int number = thread;
      Thread.ofPlatform()
          .start(
              () -> {
                for (int i = 0; i < each; i++) {
                  file.offer(TestRecords.denied((long) number * each + i + 1, "/" + i % 200));
                }
                ended.countDown();
              });
    }
    for (int i = 0; ended.getCount() > 0; i++) {
      sink.failure = i % 2 == 0 ? new RotatedFile.DiskFullException("no room", null) : null;
      Map<String, Long> now = file.counters();
      assertTrue(now.get("log_waiting") >= 0, now.toString());
      Thread.sleep(1);
    }
    sink.failure = null;
    file.close();
    long lost =
        count(file, "lost_queue_full")
            + count(file, "lost_disk_full")
            + count(file, "lost_write_error")
            + count(file, "lost_at_end");
    assertEquals(3L * each, count(file, "offered"));
    assertEquals(3L * each, count(file, "written") + lost);
    assertEquals(0, count(file, "waiting"));
    assertEquals(count(file, "written"), told("decision"));
    assertEquals(lost, told("lost"));
    assertEquals(sink.read().size(), count(file, "lines"));
  }

  private static byte[] line(DecisionRecord record, long count) {
    return DecisionLine.FORM.decision(
        new FoldingQueue.Line(record, count, record.time().plusSeconds(count - 1)));
  }

  private static DecisionRecord allowed(List<Finding> findings) {
    DecisionRecord of = TestRecords.denied(0, "/b");
    return new DecisionRecord(
        0,
        of.time(),
        Outcome.ALLOWED,
        of.hook(),
        1,
        of.subject(),
        of.object(),
        findings,
        false,
        true,
        5_000);
  }

  private static DecisionRecord packet() {
    DecisionRecord of = TestRecords.denied(1, "10.0.0.1:5 > 10.0.0.2:22");
    return new DecisionRecord(
        1,
        of.time(),
        of.outcome(),
        Hook.XDP_INGRESS,
        1,
        null,
        of.object(),
        of.findings(),
        false,
        false,
        5_000);
  }
}
