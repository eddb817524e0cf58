package dev.interdict.decisions;

import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.event.Workload.Container;
import java.time.Instant;
import java.util.Map;
import tools.jackson.core.JsonGenerator;

/** A line of the decision log, as {@code decision-log.json} among the resources says. */
final class DecisionLine extends JsonLine {
  /** Its number changes when a field goes, or means something else; new ones may come before. */
  static final String SCHEMA = "interdict.decision-log/1";

  /** Such lines. */
  static final LineForm FORM =
      new LineForm() {
        @Override
        public byte[] decision(FoldingQueue.Line line) {
          return fitting(longest -> new DecisionLine(longest).decision(line));
        }

        @Override
        public byte[] lost(Instant now, Map<String, Long> lost) {
          return new DecisionLine(LONGEST_TEXT).lost(now, lost);
        }
      };

  private DecisionLine(int longest) {
    super(longest);
  }

  private byte[] lost(Instant now, Map<String, Long> lost) {
    try (JsonGenerator json = begin("lost", now)) {
      json.writeObjectPropertyStart("lost");
      lost.forEach(json::writeNumberProperty);
      json.writeEndObject();
      json.writeEndObject();
    }
    return end();
  }

  private JsonGenerator begin(String kind, Instant time) {
    JsonGenerator json = generator();
    json.writeStartObject();
    json.writeStringProperty("schema", SCHEMA);
    json.writeStringProperty("kind", kind);
    json.writeStringProperty("time", time.toString());
    return json;
  }

  private byte[] decision(FoldingQueue.Line line) {
    DecisionRecord record = line.first();
    try (JsonGenerator json = begin("decision", record.time())) {
      json.writeNumberProperty("id", record.id());
      json.writeNumberProperty("count", line.count());
      if (line.count() > 1) {
        json.writeStringProperty("last", line.last().toString());
      }
      json.writeStringProperty("outcome", record.outcome().id());
      asked(json, record);
      if (record.subject() != null) {
        subject(json, record.subject());
      }
      answer(json, record);
      if (truncated()) {
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
    state(json, subject);
    if (subject.workload().container() != null) {
      container(json, subject.workload().container());
    }
    json.writeEndObject();
  }

  private static void container(JsonGenerator json, Container container) {
    json.writeObjectPropertyStart("container");
    word(json, "id", container.id());
    word(json, "state", container.state());
    word(json, "runtime", container.runtime());
    word(json, "name", container.name());
    word(json, "image", container.image());
    if (container.pod() != null) {
      pod(json, container.pod());
    }
    json.writeEndObject();
  }
}
