package dev.interdict.decisions;

import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Word;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;

/**
 * The lines of the decision log, as {@code decision-log.json} among the resources says. Plain
 * ASCII: whatever a process is called, a line has no end within and nothing that a terminal obeys.
 */
final class DecisionLine {
  /** Its number changes when a field goes, or means something else; new ones may come before. */
  static final String SCHEMA = "interdict.decision-log/1";

  /** Of a line with its end: what collectors of logs take in one piece. */
  static final int MAX_BYTES = 16 << 10;

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  /** A text of this many characters makes at most six times as many bytes. */
  private static final int LONGEST_TEXT = 8 << 10;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);
  private final int longest;
  private boolean truncated;

  private DecisionLine(int longest) {
    this.longest = longest;
  }

  /** One or more attempts of a kind. What would make the line too long is cut, and it says so. */
  static byte[] of(FoldingQueue.Line line) {
    int longest = LONGEST_TEXT;
    byte[] bytes = new DecisionLine(longest).decision(line);
    while (bytes.length > MAX_BYTES) {
      longest /= 2;
      bytes = new DecisionLine(longest).decision(line);
    }
    return bytes;
  }

  /**
   * What is missing before this line.
   *
   * @param lost decisions by reason
   */
  static byte[] lost(Instant now, Map<String, Long> lost) {
    DecisionLine line = new DecisionLine(LONGEST_TEXT);
    try (JsonGenerator json = line.begin("lost", now)) {
      json.writeObjectPropertyStart("lost");
      lost.forEach(json::writeNumberProperty);
      json.writeEndObject();
      json.writeEndObject();
    }
    return line.end();
  }

  private JsonGenerator begin(String kind, Instant time) {
    JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out, JsonEncoding.UTF8);
    json.writeStartObject();
    json.writeStringProperty("schema", SCHEMA);
    json.writeStringProperty("kind", kind);
    json.writeStringProperty("time", time.toString());
    return json;
  }

  private byte[] end() {
    out.write('\n');
    return out.toByteArray();
  }

  private byte[] decision(FoldingQueue.Line line) {
    DecisionRecord record = line.first();
    try (JsonGenerator json = begin("decision", record.time())) {
      json.writeNumberProperty("id", record.id());
      json.writeNumberProperty("count", line.count());
      if (line.count() > 1) {
        json.writeStringProperty("last", line.last().toString());
      }
      json.writeStringProperty("outcome", record.outcome().name().toLowerCase(Locale.ROOT));
      json.writeStringProperty("hook", record.hook().id());
      json.writeArrayPropertyStart("access");
      for (Access access : Access.values()) {
        if (access.in(record.access())) {
          json.writeString(access.id());
        }
      }
      json.writeEndArray();
      if (record.subject() != null) {
        subject(json, record.subject());
      }
      json.writeStringProperty("object", cut(record.object()));
      json.writeArrayPropertyStart("findings");
      cut(record.findings()).forEach(finding -> finding(json, finding));
      json.writeEndArray();
      json.writeBooleanProperty("fallback", record.fallback());
      json.writeBooleanProperty("held", record.held());
      if (record.latencyNs() >= 0) {
        json.writeNumberProperty("latencyNs", record.latencyNs());
      }
      if (truncated) {
        json.writeBooleanProperty("truncated", true);
      }
      json.writeEndObject();
    }
    return end();
  }

  private void subject(JsonGenerator json, Subject subject) {
    json.writeObjectPropertyStart("subject");
    json.writeNumberProperty("pid", subject.pid());
    json.writeNumberProperty("tid", subject.tid());
    json.writeNumberProperty("parentPid", subject.parentPid());
    json.writeNumberProperty("uid", Integer.toUnsignedLong(subject.uid()));
    json.writeNumberProperty("gid", Integer.toUnsignedLong(subject.gid()));
    json.writeStringProperty("comm", cut(subject.comm()));
    json.writeStringProperty("exe", cut(subject.exe()));
    json.writeStringProperty("cgroup", cut(subject.cgroup()));
    if (!subject.labels().isEmpty()) {
      reasons(json, "labels", subject.labels());
    }
    context(json, subject.context());
    if (subject.workload().unit() != null) {
      json.writeStringProperty("unit", subject.workload().unit().text());
    }
    if (subject.workload().container() != null) {
      container(json, subject.workload().container());
    }
    json.writeEndObject();
  }

  /* What is as it is of nobody in particular is left out. */
  private void context(JsonGenerator json, Context context) {
    if (!context.shownCapabilities().isEmpty()) {
      reasons(json, "capabilities", context.shownCapabilities());
    }
    if (!context.namespaceNames().isEmpty()) {
      reasons(json, "namespaces", context.namespaceNames());
    }
    if (context.noNewPrivs()) {
      json.writeBooleanProperty("noNewPrivs", true);
    }
    if (context.seccomp() != 0) {
      json.writeStringProperty("seccomp", context.seccompName());
    }
    if (context.tty()) {
      json.writeBooleanProperty("tty", true);
    }
    if (context.hasSession()) {
      json.writeNumberProperty("sessionUid", Integer.toUnsignedLong(context.sessionUid()));
    }
  }

  private static void container(JsonGenerator json, Container container) {
    json.writeObjectPropertyStart("container");
    word(json, "id", container.id());
    word(json, "state", container.state());
    word(json, "runtime", container.runtime());
    word(json, "name", container.name());
    word(json, "image", container.image());
    if (container.pod() != null) {
      json.writeObjectPropertyStart("pod");
      word(json, "namespace", container.pod().namespace());
      word(json, "name", container.pod().name());
      word(json, "uid", container.pod().uid());
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void word(JsonGenerator json, String key, Word word) {
    if (word != null) {
      json.writeStringProperty(key, word.text());
    }
  }

  private void finding(JsonGenerator json, Finding finding) {
    json.writeStartObject();
    json.writeStringProperty("policy", cut(finding.policy()));
    json.writeBooleanProperty("enforced", finding.enforced());
    reasons(json, "deny", finding.deny());
    reasons(json, "kill", finding.kill());
    reasons(json, "warn", finding.warn());
    json.writeEndObject();
  }

  private void reasons(JsonGenerator json, String name, List<String> reasons) {
    json.writeArrayPropertyStart(name);
    cut(reasons).forEach(reason -> json.writeString(cut(reason)));
    json.writeEndArray();
  }

  private String cut(String text) {
    if (text.length() <= longest) {
      return text;
    }
    truncated = true;
    int end = Character.isHighSurrogate(text.charAt(longest - 1)) ? longest - 1 : longest;
    return text.substring(0, end) + "\u2026";
  }

  /** The shorter texts must be, the fewer may stand in a list. */
  private <T> List<T> cut(List<T> list) {
    int most = Math.max(1, longest / 32);
    truncated |= list.size() > most;
    return list.size() > most ? list.subList(0, most) : list;
  }
}
