package dev.interdict.decisions;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Hook;
import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Pod;
import dev.interdict.event.Workload.Word;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Events against the schema that the framework itself publishes. */
class OcsfLineTest {
  private static final Schema SCHEMA = schema();
  private static final LineForm FORM = new OcsfLine.Form("web-1", "1.2.3");
  private static final Instant TIME = Instant.parse("2026-03-01T12:00:00.250Z");
  private static final String UID = "0a1b2c3d-0001-4002-8003-0123456789ab";
  private static final Finding DENY =
      new Finding("guard", true, List.of("not yours"), List.of(), List.of());

  private static Schema schema() {
    try (InputStream json = OcsfLineTest.class.getResourceAsStream("/ocsf/ocsf-1.8.0.json")) {
      return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(new String(json.readAllBytes(), UTF_8), InputFormat.JSON);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static Workload pod(String uid) {
    return Workload.of("/kubepods/x".getBytes(UTF_8))
        .with(
            new Container(
                Word.of("c0ffee"),
                true,
                Word.of("containerd"),
                Word.of("web"),
                Word.of("nginx:1"),
                new Pod(Word.of("prod"), Word.of("web-0"), Word.of(uid))),
            true);
  }

  private static Subject subject(Workload workload) {
    return new Subject(
        42,
        43,
        1,
        33,
        34,
        "nginx",
        "/usr/sbin/nginx",
        "/kubepods/x",
        workload,
        List.of("l"),
        new Context(1 << 13, 1000, 1, true, 2, true));
  }

  private static DecisionRecord record(
      Hook hook, int access, Outcome outcome, String object, Finding... findings) {
    Subject who = hook == Hook.XDP_INGRESS ? null : subject(pod(UID));
    return record(hook, access, outcome, who, object, findings);
  }

  private static DecisionRecord record(
      Hook hook, int access, Outcome outcome, Subject who, String object, Finding... findings) {
    return new DecisionRecord(
        7, TIME, outcome, hook, access, who, object, List.of(findings), false, true, 250);
  }

  private static JsonNode event(DecisionRecord record) {
    return event(FORM.decision(new FoldingQueue.Line(record, 1, TIME)));
  }

  private static JsonNode event(byte[] line) {
    String text = new String(line, US_ASCII);
    assertEquals(text.length() - 1, text.indexOf('\n'), text);
    assertEquals(List.of(), SCHEMA.validate(text, InputFormat.JSON), text);
    JsonNode event = JsonMapper.shared().readTree(text);
    int type = event.get("class_uid").asInt() * 100 + event.get("activity_id").asInt();
    assertEquals(type, event.get("type_uid").asInt(), text);
    return event;
  }

  private static void is(JsonNode event, String kind, String activity) {
    assertEquals(kind, event.get("class_name").asString(), event::toString);
    assertEquals(activity, event.get("activity_name").asString(), event::toString);
  }

  @Test
  void whateverIsDecidedMustBeAnEventOfTheSchema() {
    String[] objects = {
      "", "/a/b", "name", "10.0.0.1:443", "[fe80::1]:0", "1.2.3.4:5 > 6.7.8.9:10"
    };
    for (Hook hook : Hook.values()) {
      for (Outcome outcome : Outcome.values()) {
        for (String object : objects) {
          event(record(hook, 0, outcome, object));
          for (int bit = 0; bit < Integer.SIZE - 1; bit++) {
            event(record(hook, 1 << bit, outcome, object, DENY));
          }
        }
      }
    }
  }

  /** The validator refuses what the schema does not know: else the test above shows nothing. */
  @Test
  void whatIsNoSuchEventMustBeFound() {
    String line =
        new String(
            FORM.decision(
                new FoldingQueue.Line(
                    record(Hook.FILE_OPEN, Access.READ.bit(), Outcome.DENIED, "/a"), 1, TIME)),
            US_ASCII);
    for (String[] wrong :
        new String[][] {
          {"\"class_uid\":1001", "\"class_uid\":1006"},
          {"\"class_uid\":1001", "\"class_uid\":1003"},
          {"\"activity_id\":2", "\"activity_id\":77"},
          {"\"time\"", "\"tyme\""},
          {"\"hostname\"", "\"hostnam\""},
          {"\"path\"", "\"paths\""},
          {"\"version\"", "\"versoin\""}
        }) {
      assertTrue(line.contains(wrong[0]), line);
      String changed = line.replace(wrong[0], wrong[1]);
      assertFalse(SCHEMA.validate(changed, InputFormat.JSON).isEmpty(), changed);
    }
  }

  @Test
  void whoDidWhatToWhatMustBeWhereReadersOfEventsLook() {
    JsonNode event =
        event(record(Hook.FILE_OPEN, Access.READ.bit(), Outcome.DENIED, "/etc/shadow", DENY));
    is(event, "File System Activity", "Read");
    assertEquals(TIME.toEpochMilli(), event.get("time").asLong());
    assertEquals("web-1", event.at("/device/hostname").asString());
    assertEquals(42, event.at("/actor/process/pid").asInt());
    assertEquals(1, event.at("/actor/process/parent_process/pid").asInt());
    assertEquals("/usr/sbin/nginx", event.at("/actor/process/file/path").asString());
    assertEquals("nginx", event.at("/actor/process/file/name").asString());
    assertEquals("33", event.at("/actor/user/uid").asString());
    assertEquals("34", event.at("/actor/user/groups/0/uid").asString());
    assertEquals("c0ffee", event.at("/actor/process/container/uid").asString());
    assertEquals("nginx:1", event.at("/actor/process/container/image/name").asString());
    assertEquals(UID, event.at("/actor/process/container/pod_uuid").asString());
    assertEquals("web-0", event.at("/unmapped/pod/name").asString());
    assertEquals("/etc/shadow", event.at("/file/path").asString());
    assertEquals("shadow", event.at("/file/name").asString());
    assertEquals("guard", event.at("/policy/name").asString());
    assertTrue(event.at("/policy/is_applied").asBoolean());
    assertEquals(
        "file_open /etc/shadow: denied by guard: not yours", event.get("message").asString());
    assertEquals("not yours", event.at("/unmapped/findings/0/deny/0").asString());
    assertEquals("CAP_NET_RAW", event.at("/unmapped/capabilities/0").asString());
    assertEquals("1.2.3", event.at("/metadata/product/version").asString());
    assertEquals(7, event.at("/metadata/sequence").asInt());
    assertEquals("file_open", event.at("/metadata/event_code").asString());
  }

  @Test
  void eachHookMustBeTheActivityItIs() {
    is(
        event(record(Hook.EXEC, Access.EXEC.bit(), Outcome.DENIED, "/bin/sh")),
        "Process Activity",
        "Launch");
    is(
        event(record(Hook.MMAP_EXEC, Access.MAP.bit(), Outcome.DENIED, "/l.so")),
        "Module Activity",
        "Load");
    Map<Access, String> files =
        Map.of(
            Access.WRITE, "Update",
            Access.CREATE, "Create",
            Access.DELETE, "Delete",
            Access.RENAME, "Rename",
            Access.CHMOD, "Set Security",
            Access.XATTR, "Set Attributes");
    files.forEach(
        (access, activity) ->
            is(
                event(record(Hook.FILE_CHANGE, access.bit(), Outcome.DENIED, "/a")),
                "File System Activity",
                activity));
    is(
        event(record(Hook.FILE_OPEN, Access.READ.bit() | Access.WRITE.bit(), Outcome.DENIED, "/a")),
        "File System Activity",
        "Update");
    is(
        event(
            record(
                Hook.FILE_OPEN,
                Access.CREATE.bit() | Access.WRITE.bit() | Access.TRUNCATE.bit(),
                Outcome.DENIED,
                "/a")),
        "File System Activity",
        "Create");
    is(event(record(Hook.FILE_OPEN, 0, Outcome.DENIED, "/a")), "File System Activity", "Open");
    is(
        event(record(Hook.MOUNT, Access.UNMOUNT.bit(), Outcome.DENIED, "/m")),
        "File System Activity",
        "Unmount");
    is(
        event(record(Hook.MOUNT, Access.REMOUNT.bit(), Outcome.DENIED, "/m")),
        "File System Activity",
        "Mount");
    is(
        event(record(Hook.MODULE_LOAD, Access.MODULE.bit(), Outcome.DENIED, "/k.ko")),
        "Kernel Extension Activity",
        "Load");
    is(
        event(record(Hook.PTRACE, Access.ATTACH.bit(), Outcome.DENIED, "/x")),
        "Kernel Activity",
        "Invoke");
    JsonNode program = event(record(Hook.EXEC, Access.EXEC.bit(), Outcome.DENIED, "/bin/sh"));
    assertEquals("/bin/sh", program.at("/process/file/path").asString());
    assertEquals(42, program.at("/process/pid").asInt());
    JsonNode unknown = event(record(Hook.FILE_OPEN, 1, Outcome.DENIED, ""));
    assertEquals("", unknown.at("/file/name").asString());
    assertTrue(unknown.at("/file/path").isMissingNode());
  }

  @Test
  void addressesMustStandAtTheirEnd() {
    JsonNode out = event(record(Hook.SOCKET_CONNECT, 0, Outcome.DENIED, "[fd00::2]:443"));
    is(out, "Network Activity", "Open");
    assertEquals("fd00::2", out.at("/dst_endpoint/ip").asString());
    assertEquals(443, out.at("/dst_endpoint/port").asInt());
    assertEquals("web-1", out.at("/src_endpoint/hostname").asString());
    assertEquals("Outbound", out.at("/connection_info/direction").asString());
    JsonNode near = event(record(Hook.SOCKET_BIND, 0, Outcome.DENIED, "0.0.0.0:80"));
    is(near, "Network Activity", "Listen");
    assertEquals("0.0.0.0", near.at("/src_endpoint/ip").asString());
    JsonNode accepted = event(record(Hook.SOCKET_ACCEPT, 0, Outcome.DENIED, "10.0.0.1:80"));
    assertEquals("10.0.0.1", accepted.at("/dst_endpoint/ip").asString());
    JsonNode packet = event(record(Hook.XDP_INGRESS, 0, Outcome.DENIED, "[::1]:1 > [::2]:65535"));
    is(packet, "Network Activity", "Traffic");
    assertEquals("::1", packet.at("/src_endpoint/ip").asString());
    assertEquals(65535, packet.at("/dst_endpoint/port").asInt());
    assertEquals("Inbound", packet.at("/connection_info/direction").asString());
    assertTrue(packet.at("/actor").isMissingNode());
    JsonNode made = event(record(Hook.SOCKET_CREATE, 0, Outcome.DENIED, "inet raw icmp"));
    is(made, "Network Activity", "Create");
    assertEquals("inet raw icmp", made.at("/unmapped/object").asString());
  }

  /** As of pods that a node starts by itself. */
  @Test
  void aPodsNumberThatIsNoUuidMustStandWhereItMay() {
    Subject who = subject(pod("3c1a8f0e"));
    JsonNode event = event(record(Hook.EXEC, 0, Outcome.DENIED, who, "/bin/sh"));
    assertTrue(event.at("/actor/process/container/pod_uuid").isMissingNode());
    assertEquals("3c1a8f0e", event.at("/unmapped/pod/uid").asString());
  }

  @Test
  void whatCameOfItMustBeSaid() {
    Finding kill = new Finding("guard", true, List.of(), List.of("out"), List.of());
    Finding would = new Finding("guard", false, List.of("no"), List.of(), List.of());
    Finding warn = new Finding("watch", false, List.of(), List.of(), List.of("seen"));
    assertEquals(
        List.of("High", "Failure", "Denied", "Blocked", "true"), came(Outcome.DENIED, kill));
    assertEquals(
        List.of("Medium", "Failure", "Denied", "Blocked", "true"), came(Outcome.DENIED, DENY));
    assertEquals(
        List.of("Low", "Unknown", "Observed", "Detected", "true"), came(Outcome.WOULD_DENY, would));
    assertEquals(
        List.of("Informational", "Unknown", "Allowed", "Logged", "false"),
        came(Outcome.ALLOWED, warn));
    JsonNode both = event(record(Hook.EXEC, 0, Outcome.DENIED, "/a", would, kill));
    assertTrue(both.at("/policy/is_applied").asBoolean(), both::toString);
  }

  private static List<String> came(Outcome outcome, Finding finding) {
    JsonNode event = event(record(Hook.EXEC, 0, outcome, "/a", finding));
    return List.of(
        event.get("severity").asString(),
        event.get("status").asString(),
        event.get("action").asString(),
        event.get("disposition").asString(),
        Boolean.toString(event.get("is_alert").asBoolean()));
  }

  @Test
  void manyOfAKindMustBeOneWithTheirNumber() {
    JsonNode event =
        event(
            FORM.decision(
                new FoldingQueue.Line(
                    record(Hook.EXEC, 0, Outcome.DENIED, "/a", DENY), 500, TIME.plusSeconds(9))));
    assertEquals(500, event.get("count").asLong());
    assertEquals(9000, event.get("end_time").asLong() - event.get("start_time").asLong());
  }

  @Test
  void whatIsTooLongMustBeCutAndSaySo() {
    String name = "\u20ac\n\"".repeat(4096);
    DecisionRecord record = record(Hook.FILE_OPEN, 1, Outcome.DENIED, "/d/" + name, DENY);
    byte[] line = FORM.decision(new FoldingQueue.Line(record, 1, TIME));
    assertTrue(line.length <= JsonLine.MAX_BYTES, line.length + " bytes");
    assertTrue(event(line).at("/metadata/is_truncated").asBoolean());
  }

  @Test
  void whatIsLostMustBeAnEventToo() {
    JsonNode event = event(FORM.lost(TIME, Map.of("disk_full", 312L)));
    is(event, "Base Event", "Lost");
    assertEquals("312 decisions are in no line: disk_full", event.get("message").asString());
    assertEquals(312, event.at("/unmapped/lost/disk_full").asInt());
  }

  @Test
  void theFileMustHaveTheFormThatIsAskedFor(@TempDir Path directory) throws IOException {
    Path path = directory.resolve("d/decisions.jsonl");
    DecisionFile.Config config =
        new DecisionFile.Config(path, 1 << 20, 2, Duration.ZERO, DecisionFile.Format.OCSF);
    try (DecisionFile file = DecisionFile.start(config, "0.9", new Workers(lost -> {}))) {
      file.offer(record(Hook.EXEC, 0, Outcome.DENIED, "/bin/sh", DENY));
    }
    JsonNode event = event(Files.readAllBytes(path));
    assertEquals(
        Files.readString(Path.of("/proc/sys/kernel/hostname")).strip(),
        event.at("/device/hostname").asString());
    assertEquals("0.9", event.at("/metadata/product/version").asString());
  }
}
