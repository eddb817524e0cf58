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

/** Events against a JSON Schema made from the framework's own. */
class OcsfLineTest {
  private static final Schema SCHEMA = schema();
  private static final LineForm FORM = new OcsfLine.Form("web-1", "1.2.3");
  private static final Instant TIME = Instant.parse("2026-03-01T12:00:00.250Z");
  private static final String UID = "0a1b2c3d-0001-4002-8003-0123456789ab";

  /** Words that the framework has given up, and its schema takes even so. */
  private static final List<JsonNode> DEPRECATED = List.of();

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
        "daemon",
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
    assertEquals(DEPRECATED, event.findValues("tid"), text);
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
    assertEquals("web-0", event.at("/unmapped/container/pod/name").asString());
    assertEquals("known", event.at("/unmapped/container/state").asString());
    assertEquals("daemon", event.at("/unmapped/comm").asString());
    assertEquals("/kubepods/x", event.at("/unmapped/cgroup").asString());
    assertEquals(43, event.at("/actor/process/ptid").asInt());
    assertEquals("nginx", event.at("/actor/process/name").asString());
    assertEquals(200, event.at("/device/os/type_id").asInt());
    assertEquals("1.8.0", event.at("/metadata/version").asString());
    assertEquals("container", event.at("/metadata/profiles/0").asString());
    assertTrue(event.at("/metadata/is_truncated").isMissingNode());
    assertTrue(event.at("/start_time").isMissingNode());
    assertEquals("/etc/shadow", event.at("/file/path").asString());
    assertEquals("shadow", event.at("/file/name").asString());
    assertEquals("guard", event.at("/policy/name").asString());
    assertTrue(event.at("/policy/is_applied").asBoolean());
    assertEquals(
        "file_open denied by guard: /etc/shadow: not yours", event.get("message").asString());
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
    ofFile(Hook.FILE_OPEN, 2, "Read", Access.READ);
    ofFile(Hook.FILE_OPEN, 3, "Update", Access.WRITE, Access.APPEND, Access.TRUNCATE);
    ofFile(Hook.FILE_CHANGE, 3, "Update", Access.TRUNCATE);
    ofFile(
        Hook.FILE_CHANGE, 1, "Create", Access.CREATE, Access.MKDIR, Access.MKNOD, Access.SYMLINK);
    ofFile(Hook.FILE_CHANGE, 99, "Link", Access.LINK);
    ofFile(Hook.FILE_CHANGE, 4, "Delete", Access.DELETE);
    ofFile(Hook.FILE_CHANGE, 5, "Rename", Access.RENAME);
    ofFile(Hook.FILE_CHANGE, 6, "Set Attributes", Access.XATTR);
    ofFile(Hook.FILE_CHANGE, 7, "Set Security", Access.CHMOD, Access.CHOWN);
    ofFile(Hook.MOUNT, 12, "Mount", Access.MOUNT, Access.BIND, Access.MOVE, Access.REMOUNT);
    ofFile(Hook.MOUNT, 13, "Unmount", Access.UNMOUNT);
    ofFile(Hook.MOUNT, 99, "Change Root", Access.PIVOT, Access.CHROOT);
    // Of a hard link the new name is made, the old one is not.
    JsonNode linked =
        event(
            record(
                Hook.FILE_CHANGE, Access.LINK.bit() | Access.CREATE.bit(), Outcome.DENIED, "/new"));
    is(linked, "File System Activity", "Create");
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
        event(record(Hook.MODULE_LOAD, Access.MODULE.bit(), Outcome.DENIED, "/k.ko")),
        "Kernel Extension Activity",
        "Load");
    is(
        event(record(Hook.PTRACE, Access.ATTACH.bit(), Outcome.DENIED, "/x")),
        "Kernel Activity",
        "Invoke");
    assertEquals(
        99, event(record(Hook.MODULE_LOAD, 0, Outcome.DENIED, "/v")).get("activity_id").asInt());
    JsonNode asked = event(record(Hook.MODULE_LOAD, Access.REQUEST.bit(), Outcome.DENIED, "fs-/x"));
    assertEquals(1, asked.get("activity_id").asInt());
    assertEquals("fs-/x", asked.at("/driver/file/name").asString());
    assertTrue(asked.at("/driver/file/path").isMissingNode());
    JsonNode program = event(record(Hook.EXEC, Access.EXEC.bit(), Outcome.DENIED, "/bin/sh"));
    assertEquals("/bin/sh", program.at("/process/file/path").asString());
    assertEquals(42, program.at("/process/pid").asInt());
    assertEquals(1, program.get("activity_id").asInt());
    assertEquals(3, program.get("launch_type_id").asInt());
    JsonNode unknown = event(record(Hook.FILE_OPEN, 1, Outcome.DENIED, ""));
    assertEquals("", unknown.at("/file/name").asString());
    assertTrue(unknown.at("/file/path").isMissingNode());
  }

  private static void ofFile(Hook hook, int number, String activity, Access... all) {
    for (Access access : all) {
      JsonNode event = event(record(hook, access.bit(), Outcome.DENIED, "/a"));
      is(event, "File System Activity", activity);
      assertEquals(number, event.get("activity_id").asInt(), event::toString);
    }
  }

  @Test
  void addressesMustStandAtTheirEnd() {
    JsonNode out = event(record(Hook.SOCKET_CONNECT, 0, Outcome.DENIED, "[fd00::2]:443"));
    is(out, "Network Activity", "Open");
    assertEquals("fd00::2", out.at("/dst_endpoint/ip").asString());
    assertEquals(443, out.at("/dst_endpoint/port").asInt());
    assertEquals("web-1", out.at("/src_endpoint/hostname").asString());
    assertEquals("Outbound", out.at("/connection_info/direction").asString());
    assertEquals(2, out.at("/connection_info/direction_id").asInt());
    assertEquals(1, out.get("activity_id").asInt());
    JsonNode near = event(record(Hook.SOCKET_BIND, 0, Outcome.DENIED, "0.0.0.0:80"));
    is(near, "Network Activity", "Listen");
    assertEquals(7, near.get("activity_id").asInt());
    assertEquals("0.0.0.0", near.at("/src_endpoint/ip").asString());
    JsonNode accepted = event(record(Hook.SOCKET_ACCEPT, 0, Outcome.DENIED, "10.0.0.1:80"));
    assertEquals("10.0.0.1", accepted.at("/dst_endpoint/ip").asString());
    assertTrue(accepted.at("/src_endpoint").isMissingNode(), "who came is not known");
    assertEquals(1, accepted.at("/connection_info/direction_id").asInt());
    String none = "0:0:0:0:0:0:0:0:0 > 0:0:0:0:0:0:0:0:0";
    JsonNode unread = event(record(Hook.XDP_INGRESS, 0, Outcome.DENIED, none));
    assertEquals("web-1", unread.at("/dst_endpoint/hostname").asString());
    assertTrue(unread.at("/src_endpoint").isMissingNode());
    JsonNode packet = event(record(Hook.XDP_INGRESS, 0, Outcome.DENIED, "[::1]:1 > [::2]:65535"));
    is(packet, "Network Activity", "Traffic");
    assertEquals(6, packet.get("activity_id").asInt());
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
    assertEquals("3c1a8f0e", event.at("/unmapped/container/pod/uid").asString());
  }

  @Test
  void whatCameOfItMustBeSaid() {
    Finding kill = new Finding("guard", true, List.of(), List.of("out"), List.of());
    Finding would = new Finding("guard", false, List.of("no"), List.of(), List.of());
    Finding warn = new Finding("watch", false, List.of(), List.of(), List.of("seen"));
    Finding killWould = new Finding("guard", false, List.of(), List.of("out"), List.of());
    assertEquals("4 High 2 Failure 2 Denied 2 Blocked true", came(Outcome.DENIED, kill));
    assertEquals("3 Medium 2 Failure 2 Denied 2 Blocked true", came(Outcome.DENIED, DENY));
    assertEquals(
        "3 Medium 2 Failure 2 Denied 2 Blocked true", came(Outcome.DENIED, killWould, DENY));
    assertEquals("2 Low 0 Unknown 3 Observed 15 Detected true", came(Outcome.WOULD_DENY, would));
    assertEquals(
        "1 Informational 0 Unknown 3 Observed 17 Logged false", came(Outcome.ALLOWED, warn));
    JsonNode both = event(record(Hook.EXEC, 0, Outcome.DENIED, "/a", would, kill));
    assertTrue(both.at("/policy/is_applied").asBoolean(), both::toString);
    // Who only warned, or has another's outcome, is not who is named.
    assertEquals("exec denied by guard: /a: out", message(Outcome.DENIED, warn, DENY, kill));
    assertEquals("exec would deny by guard: /a: no", message(Outcome.WOULD_DENY, warn, would));
    assertEquals("exec allowed by watch: /a: seen", message(Outcome.ALLOWED, warn));
    assertEquals("exec allowed: /a", message(Outcome.ALLOWED));
  }

  private static String message(Outcome outcome, Finding... findings) {
    return event(record(Hook.EXEC, 0, outcome, "/a", findings)).get("message").asString();
  }

  private static String came(Outcome outcome, Finding... findings) {
    JsonNode event = event(record(Hook.EXEC, 0, outcome, "/a", findings));
    StringBuilder all = new StringBuilder();
    for (String word : new String[] {"severity", "status", "action", "disposition"}) {
      all.append(event.get(word + "_id").asInt()).append(' ');
      all.append(event.get(word).asString()).append(' ');
    }
    return all.append(event.get("is_alert").asBoolean()).toString();
  }

  /** Nothing is said of what a process is not. */
  @Test
  void whoIsNobodyInParticularMustHaveNoStateAndNoContainer() {
    Subject plain =
        new Subject(
            1,
            1,
            0,
            -2,
            0,
            "x",
            "/x",
            "/a.service",
            Workload.of("/a.service".getBytes(UTF_8)),
            List.of(),
            Context.NONE);
    JsonNode event = event(record(Hook.EXEC, 0, Outcome.DENIED, plain, "/bin/sh"));
    assertEquals("4294967294", event.at("/actor/user/uid").asString());
    assertTrue(event.at("/actor/process/container").isMissingNode());
    for (String none :
        new String[] {
          "labels", "capabilities", "namespaces", "noNewPrivs", "seccomp", "tty", "sessionUid"
        }) {
      assertFalse(event.get("unmapped").has(none), none);
    }
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
