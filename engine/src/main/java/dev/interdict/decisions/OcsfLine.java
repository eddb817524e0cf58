package dev.interdict.decisions;

import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.event.Access;
import dev.interdict.event.Workload.Container;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.JsonGenerator;

/**
 * A line of the decision log as an event of the Open Cybersecurity Schema Framework 1.8.0 with the
 * profiles container, host and security_control, which collectors and data lakes of security events
 * take as it is. What that has no word for is below {@code unmapped}, by the names of {@code
 * decision-log.json}.
 */
final class OcsfLine extends JsonLine {
  /** Of the schema that is met, not of ours. */
  static final String VERSION = "1.8.0";

  private static final String[] PROFILES = {"container", "host", "security_control"};

  /** An address and a port; of IPv6 the address in brackets. */
  private static final Pattern ENDPOINT =
      Pattern.compile("(?:\\[([0-9a-fA-F:.]+)]|([0-9.]+)):([0-9]{1,5})");

  /** Of a pod; those that a node starts by itself have a number of another form. */
  private static final Pattern UUID =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private static final int OTHER = 99;
  private static final int LINUX = 200;
  private static final int EXECUTABLE = 8;
  private static final int INBOUND = 1;

  /** A class of events; its category is the thousands of its number. */
  private enum Kind {
    BASE(0, "Base Event"),
    FILE(1001, "File System Activity"),
    DRIVER(1002, "Kernel Extension Activity"),
    KERNEL(1003, "Kernel Activity"),
    MODULE(1005, "Module Activity"),
    PROCESS(1007, "Process Activity"),
    NETWORK(4001, "Network Activity");

    final int number;
    final String text;

    Kind(int number, String text) {
      this.number = number;
      this.text = text;
    }
  }

  /** An activity, by its number in its class. */
  private record Activity(Kind kind, int number, String text) {}

  /** What changes more goes before what changes less. */
  private static final List<Map.Entry<Set<Access>, Activity>> OF_FILE =
      List.of(
          ofFile(7, "Set Security", Access.CHMOD, Access.CHOWN),
          ofFile(6, "Set Attributes", Access.XATTR),
          ofFile(5, "Rename", Access.RENAME),
          ofFile(4, "Delete", Access.DELETE),
          ofFile(1, "Create", Access.CREATE, Access.MKDIR, Access.MKNOD, Access.SYMLINK),
          // The new name is a creation besides: this is the file that is there.
          ofFile(OTHER, "Link", Access.LINK),
          ofFile(3, "Update", Access.WRITE, Access.APPEND, Access.TRUNCATE),
          ofFile(2, "Read", Access.READ),
          ofFile(12, "Mount", Access.MOUNT, Access.BIND, Access.MOVE, Access.REMOUNT),
          ofFile(13, "Unmount", Access.UNMOUNT),
          ofFile(OTHER, "Change Root", Access.PIVOT, Access.CHROOT));

  private static Map.Entry<Set<Access>, Activity> ofFile(int number, String text, Access... asked) {
    return Map.entry(Set.of(asked), new Activity(Kind.FILE, number, text));
  }

  /**
   * The lines of one host.
   *
   * @param host its name
   * @param product the version of what writes them
   */
  record Form(String host, String product) implements LineForm {
    @Override
    public byte[] decision(FoldingQueue.Line line) {
      return fitting(longest -> new OcsfLine(this, longest).decision(line));
    }

    @Override
    public byte[] lost(Instant now, Map<String, Long> lost) {
      return new OcsfLine(this, LONGEST_TEXT).lost(now, lost);
    }
  }

  /**
   * The rows of the table in engine/README.md. What is not refused may yet fail for another reason.
   */
  private enum Result {
    KILLED(4, "High", 2, "Failure", 2, "Denied", 2, "Blocked"),
    DENIED(3, "Medium", 2, "Failure", 2, "Denied", 2, "Blocked"),
    WOULD_BE_DENIED(2, "Low", 0, "Unknown", 3, "Observed", 15, "Detected"),
    PASSED(1, "Informational", 0, "Unknown", 3, "Observed", 17, "Logged");

    final int severity;
    final String severityText;
    final int status;
    final String statusText;
    final int action;
    final String actionText;
    final int disposition;
    final String dispositionText;

    Result(
        int severity,
        String severityText,
        int status,
        String statusText,
        int action,
        String actionText,
        int disposition,
        String dispositionText) {
      this.severity = severity;
      this.severityText = severityText;
      this.status = status;
      this.statusText = statusText;
      this.action = action;
      this.actionText = actionText;
      this.disposition = disposition;
      this.dispositionText = dispositionText;
    }

    static Result of(DecisionRecord record) {
      return switch (record.outcome()) {
        case DENIED ->
            record.findings().stream().anyMatch(f -> f.enforced() && !f.kill().isEmpty())
                ? KILLED
                : DENIED;
        case WOULD_DENY -> WOULD_BE_DENIED;
        case ALLOWED -> PASSED;
      };
    }
  }

  /** Which of several policies is named: who refused, then who would, then who warned. */
  private static final Comparator<Finding> WEIGHT =
      Comparator.comparingInt(
          finding -> {
            boolean objects = !finding.kill().isEmpty() || !finding.deny().isEmpty();
            if (finding.enforced() && objects) {
              return finding.kill().isEmpty() ? 1 : 0;
            }
            return objects ? 2 : 3;
          });

  private final Form form;

  private OcsfLine(Form form, int longest) {
    super(longest);
    this.form = form;
  }

  private byte[] lost(Instant now, Map<String, Long> lost) {
    try (JsonGenerator json = generator()) {
      json.writeStartObject();
      begin(json, new Activity(Kind.BASE, OTHER, "Lost"), now);
      severity(json, 3, "Medium");
      long all = lost.values().stream().mapToLong(Long::longValue).sum();
      json.writeStringProperty(
          "message", all + " decisions are in no line: " + String.join(", ", lost.keySet()));
      json.writeObjectPropertyStart("unmapped");
      json.writeObjectPropertyStart("lost");
      lost.forEach(json::writeNumberProperty);
      json.writeEndObject();
      json.writeEndObject();
      metadata(json, "lost");
      json.writeEndObject();
      json.writeEndObject();
    }
    return end();
  }

  private byte[] decision(FoldingQueue.Line line) {
    DecisionRecord record = line.first();
    Subject subject = record.subject();
    try (JsonGenerator json = generator()) {
      json.writeStartObject();
      begin(json, activity(record), record.time());
      json.writeNumberProperty("count", line.count());
      if (line.count() > 1) {
        json.writeNumberProperty("start_time", record.time().toEpochMilli());
        json.writeNumberProperty("end_time", line.last().toEpochMilli());
      }
      outcome(json, record);
      if (subject != null) {
        json.writeObjectPropertyStart("actor");
        json.writeName("process");
        process(json, subject);
        json.writeName("user");
        user(json, subject);
        json.writeEndObject();
      }
      object(json, record);
      json.writeObjectPropertyStart("unmapped");
      asked(json, record);
      answer(json, record);
      if (subject != null) {
        json.writeStringProperty("comm", cut(subject.comm()));
        json.writeStringProperty("cgroup", cut(subject.cgroup()));
        state(json, subject);
        Container container = subject.workload().container();
        if (container != null) {
          json.writeObjectPropertyStart("container");
          word(json, "state", container.state());
          if (container.pod() != null) {
            pod(json, container.pod());
          }
          json.writeEndObject();
        }
      }
      json.writeEndObject();
      metadata(json, record.hook().id());
      json.writeNumberProperty("sequence", record.id());
      if (truncated()) {
        json.writeBooleanProperty("is_truncated", true);
      }
      json.writeEndObject();
      json.writeEndObject();
    }
    return end();
  }

  private void begin(JsonGenerator json, Activity activity, Instant time) {
    Kind kind = activity.kind();
    json.writeNumberProperty("class_uid", kind.number);
    json.writeStringProperty("class_name", kind.text);
    json.writeNumberProperty("category_uid", kind.number / 1000);
    json.writeNumberProperty("activity_id", activity.number());
    json.writeStringProperty("activity_name", activity.text());
    json.writeNumberProperty("type_uid", kind.number * 100 + activity.number());
    json.writeNumberProperty("time", time.toEpochMilli());
    json.writeObjectPropertyStart("device");
    json.writeStringProperty("hostname", form.host());
    json.writeNumberProperty("type_id", 0);
    json.writeObjectPropertyStart("os");
    json.writeStringProperty("name", "Linux");
    json.writeNumberProperty("type_id", LINUX);
    json.writeEndObject();
    json.writeEndObject();
  }

  /** Is left open. */
  private void metadata(JsonGenerator json, String code) {
    json.writeObjectPropertyStart("metadata");
    json.writeStringProperty("version", VERSION);
    json.writeObjectPropertyStart("product");
    json.writeStringProperty("name", "Interdict");
    json.writeStringProperty("version", form.product());
    json.writeEndObject();
    json.writeName("profiles");
    json.writeArray(PROFILES, 0, PROFILES.length);
    json.writeStringProperty("log_name", "decision-log");
    json.writeStringProperty("event_code", code);
  }

  private static void severity(JsonGenerator json, int number, String text) {
    json.writeNumberProperty("severity_id", number);
    json.writeStringProperty("severity", text);
  }

  private void outcome(JsonGenerator json, DecisionRecord record) {
    Result result = Result.of(record);
    severity(json, result.severity, result.severityText);
    json.writeNumberProperty("status_id", result.status);
    json.writeStringProperty("status", result.statusText);
    json.writeNumberProperty("action_id", result.action);
    json.writeStringProperty("action", result.actionText);
    json.writeNumberProperty("disposition_id", result.disposition);
    json.writeStringProperty("disposition", result.dispositionText);
    json.writeBooleanProperty("is_alert", result != Result.PASSED);
    // What somebody may call a file comes after what is said of it.
    String message = record.hook().id() + " " + record.outcome().id().replace('_', ' ');
    Finding told = record.findings().stream().min(WEIGHT).orElse(null);
    if (told == null) {
      message += ": " + record.object();
    } else {
      json.writeObjectPropertyStart("policy");
      json.writeStringProperty("name", cut(told.policy()));
      json.writeBooleanProperty("is_applied", told.enforced());
      json.writeEndObject();
      message += " by " + told.policy() + ": " + record.object();
      message +=
          Stream.of(told.kill(), told.deny(), told.warn())
              .flatMap(List::stream)
              .findFirst()
              .map(reason -> ": " + reason)
              .orElse("");
    }
    json.writeStringProperty("message", cut(message));
  }

  private void process(JsonGenerator json, Subject subject) {
    json.writeStartObject();
    json.writeNumberProperty("pid", subject.pid());
    json.writeNumberProperty("ptid", subject.tid());
    // Not what the process calls itself: that is below unmapped.
    json.writeStringProperty("name", cut(lastName(subject.exe())));
    json.writeName("file");
    file(json, subject.exe(), EXECUTABLE);
    json.writeObjectPropertyStart("parent_process");
    json.writeNumberProperty("pid", subject.parentPid());
    json.writeEndObject();
    Container container = subject.workload().container();
    if (container != null && container.id() != null) {
      container(json, container);
    }
    json.writeEndObject();
  }

  private static void user(JsonGenerator json, Subject subject) {
    json.writeStartObject();
    json.writeStringProperty("uid", Integer.toUnsignedString(subject.uid()));
    json.writeArrayPropertyStart("groups");
    json.writeStartObject();
    json.writeStringProperty("uid", Integer.toUnsignedString(subject.gid()));
    json.writeEndObject();
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void container(JsonGenerator json, Container container) {
    json.writeObjectPropertyStart("container");
    json.writeStringProperty("uid", container.id().text());
    word(json, "name", container.name());
    word(json, "runtime", container.runtime());
    if (container.image() != null) {
      json.writeObjectPropertyStart("image");
      json.writeStringProperty("uid", container.image().text());
      json.writeStringProperty("name", container.image().text());
      json.writeEndObject();
    }
    if (container.pod() != null) {
      json.writeStringProperty("orchestrator", "Kubernetes");
      if (container.pod().uid() != null && UUID.matcher(container.pod().uid().text()).matches()) {
        word(json, "pod_uuid", container.pod().uid());
      }
    }
    json.writeEndObject();
  }

  /** A name is part of every file: that of one whose path is not known is empty. */
  private void file(JsonGenerator json, String path, int type) {
    json.writeStartObject();
    json.writeStringProperty("name", cut(lastName(path)));
    if (!path.isEmpty()) {
      json.writeStringProperty("path", cut(path));
    }
    json.writeNumberProperty("type_id", type);
    json.writeEndObject();
  }

  private static String lastName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private static Activity activity(DecisionRecord record) {
    List<Access> asked = Access.of(record.hook(), record.access());
    return switch (record.hook()) {
      case EXEC -> new Activity(Kind.PROCESS, 1, "Launch");
      case MMAP_EXEC -> new Activity(Kind.MODULE, 1, "Load");
      case FILE_OPEN, FILE_CHANGE, MOUNT -> ofFile(asked);
      case SOCKET_CONNECT, SOCKET_ACCEPT -> new Activity(Kind.NETWORK, 1, "Open");
      case SOCKET_BIND, SOCKET_LISTEN -> new Activity(Kind.NETWORK, 7, "Listen");
      case SOCKET_CREATE -> new Activity(Kind.NETWORK, OTHER, "Create");
      case XDP_INGRESS -> new Activity(Kind.NETWORK, 6, "Traffic");
      case USER_NAMESPACE, PTRACE, SIGNAL -> new Activity(Kind.KERNEL, 4, "Invoke");
      case MODULE_LOAD ->
          asked.contains(Access.MODULE) || asked.contains(Access.REQUEST)
              ? new Activity(Kind.DRIVER, 1, "Load")
              : new Activity(Kind.DRIVER, OTHER, "Load of another kind");
    };
  }

  private static Activity ofFile(List<Access> asked) {
    return OF_FILE.stream()
        .filter(each -> asked.stream().anyMatch(each.getKey()::contains))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(new Activity(Kind.FILE, 14, "Open"));
  }

  private void object(JsonGenerator json, DecisionRecord record) {
    String object = record.object();
    switch (record.hook()) {
      case EXEC -> {
        json.writeObjectPropertyStart("process");
        json.writeNumberProperty("pid", record.subject().pid());
        json.writeName("file");
        file(json, object, EXECUTABLE);
        json.writeEndObject();
        json.writeNumberProperty("launch_type_id", 3);
        json.writeStringProperty("launch_type", "Exec");
      }
      case MMAP_EXEC -> {
        json.writeObjectPropertyStart("module");
        json.writeName("file");
        file(json, object, 1);
        json.writeNumberProperty("load_type_id", 4);
        json.writeStringProperty("load_type", "Mapped");
        json.writeEndObject();
      }
      case FILE_OPEN, FILE_CHANGE, MOUNT -> {
        json.writeName("file");
        file(json, object, 0);
      }
      case MODULE_LOAD -> {
        json.writeObjectPropertyStart("driver");
        json.writeName("file");
        if (object.startsWith("/")) {
          file(json, object, 1);
        } else { // what is asked for by a name, with whatever is in it
          json.writeStartObject();
          json.writeStringProperty("name", cut(object));
          json.writeNumberProperty("type_id", 0);
          json.writeEndObject();
        }
        json.writeEndObject();
      }
      case USER_NAMESPACE, PTRACE, SIGNAL -> {
        json.writeObjectPropertyStart("kernel");
        json.writeStringProperty("name", record.hook().id());
        json.writeNumberProperty("type_id", 2);
        json.writeStringProperty("type", "System Call");
        json.writeEndObject();
      }
      case SOCKET_CONNECT -> endpoints(json, "", object, 2, "Outbound");
      case SOCKET_ACCEPT -> endpoints(json, "", object, INBOUND, "Inbound");
      case SOCKET_BIND, SOCKET_LISTEN, SOCKET_CREATE -> endpoints(json, object, "", 0, "Unknown");
      case XDP_INGRESS -> {
        String[] ends = object.split(" > ", 2);
        endpoints(json, ends[0], ends[ends.length - 1], INBOUND, "Inbound");
      }
    }
  }

  /** A near end whose address is not known is this host; of a far one then nothing is said. */
  private void endpoints(
      JsonGenerator json, String from, String to, int direction, String directionText) {
    Matcher source = ENDPOINT.matcher(from);
    Matcher destination = ENDPOINT.matcher(to);
    boolean inbound = direction == INBOUND;
    if (destination.matches()) {
      endpoint(json, "dst_endpoint", destination);
    } else if (inbound) {
      here(json, "dst_endpoint");
    }
    if (source.matches()) {
      endpoint(json, "src_endpoint", source);
    } else if (!inbound) {
      here(json, "src_endpoint");
    }
    json.writeObjectPropertyStart("connection_info");
    json.writeNumberProperty("direction_id", direction);
    json.writeStringProperty("direction", directionText);
    json.writeEndObject();
  }

  private void here(JsonGenerator json, String name) {
    json.writeObjectPropertyStart(name);
    json.writeStringProperty("hostname", form.host());
    json.writeEndObject();
  }

  private static void endpoint(JsonGenerator json, String name, Matcher end) {
    json.writeObjectPropertyStart(name);
    json.writeStringProperty("ip", end.group(1) == null ? end.group(2) : end.group(1));
    json.writeNumberProperty("port", Integer.parseInt(end.group(3)));
    json.writeEndObject();
  }
}
