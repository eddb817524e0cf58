package dev.interdict.decisions;

import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Workload.Pod;
import dev.interdict.event.Workload.Word;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.function.IntFunction;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.SerializableString;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;

/**
 * One line of a log, in whatever form, and what the forms have in common. Plain ASCII: whatever a
 * process is called, a line has no end within and nothing that a terminal obeys.
 */
abstract class JsonLine {
  /** Of a line with its end: what collectors of logs take in one piece. */
  static final int MAX_BYTES = 16 << 10;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
          .characterEscapes(new DeleteToo())
          .build();

  /** A text of this many characters makes at most six times as many bytes. */
  static final int LONGEST_TEXT = 8 << 10;

  /** The one control character that JSON lets stand: a terminal obeys it. */
  private static final class DeleteToo extends CharacterEscapes {
    private static final long serialVersionUID = 1;
    private static final int DELETE = 0x7f;

    @Override
    public int[] getEscapeCodesForAscii() {
      int[] codes = standardAsciiEscapesForJSON();
      codes[DELETE] = ESCAPE_STANDARD;
      return codes;
    }

    @Override
    public SerializableString getEscapeSequence(int character) {
      return null; // the standard's
    }
  }

  private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);
  private final int longest;
  private boolean truncated;

  /**
   * @param longest what a text may have, in characters
   */
  JsonLine(int longest) {
    this.longest = longest;
  }

  /** The line whose texts are cut as little as it takes. */
  static byte[] fitting(IntFunction<byte[]> line) {
    int longest = LONGEST_TEXT;
    byte[] bytes = line.apply(longest);
    while (bytes.length > MAX_BYTES) {
      longest /= 2;
      bytes = line.apply(longest);
    }
    return bytes;
  }

  /** Writes into the line. */
  final JsonGenerator generator() {
    return JSON.createGenerator(ObjectWriteContext.empty(), out, JsonEncoding.UTF8);
  }

  /** The whole line, with its end. */
  final byte[] end() {
    out.write('\n');
    return out.toByteArray();
  }

  /** Whether something was cut. */
  final boolean truncated() {
    return truncated;
  }

  /** What was wanted. */
  final void asked(JsonGenerator json, DecisionRecord record) {
    json.writeStringProperty("hook", record.hook().id());
    json.writeArrayPropertyStart("access");
    for (Access access : Access.of(record.hook(), record.access())) {
      json.writeString(access.id());
    }
    json.writeEndArray();
  }

  /** Of what, who objects, and how it was answered. */
  final void answer(JsonGenerator json, DecisionRecord record) {
    json.writeStringProperty("object", cut(record.object()));
    json.writeArrayPropertyStart("findings");
    cut(record.findings()).forEach(finding -> finding(json, finding));
    json.writeEndArray();
    json.writeBooleanProperty("fallback", record.fallback());
    json.writeBooleanProperty("held", record.held());
    if (record.latencyNs() >= 0) {
      json.writeNumberProperty("latencyNs", record.latencyNs());
    }
  }

  private void finding(JsonGenerator json, Finding finding) {
    json.writeStartObject();
    json.writeStringProperty("policy", cut(finding.policy()));
    json.writeBooleanProperty("enforced", finding.enforced());
    texts(json, "deny", finding.deny());
    texts(json, "kill", finding.kill());
    texts(json, "warn", finding.warn());
    json.writeEndObject();
  }

  /** What is as it is of nobody in particular is left out. */
  final void state(JsonGenerator json, DecisionRecord.Subject subject) {
    if (!subject.labels().isEmpty()) {
      texts(json, "labels", subject.labels());
    }
    Context context = subject.context();
    if (!context.shownCapabilities().isEmpty()) {
      texts(json, "capabilities", context.shownCapabilities());
    }
    if (!context.namespaceNames().isEmpty()) {
      texts(json, "namespaces", context.namespaceNames());
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
    if (subject.workload().unit() != null) {
      json.writeStringProperty("unit", subject.workload().unit().text());
    }
  }

  static void pod(JsonGenerator json, Pod pod) {
    json.writeObjectPropertyStart("pod");
    word(json, "namespace", pod.namespace());
    word(json, "name", pod.name());
    word(json, "uid", pod.uid());
    json.writeEndObject();
  }

  /** Nothing if there is none. */
  static void word(JsonGenerator json, String key, Word word) {
    if (word != null) {
      json.writeStringProperty(key, word.text());
    }
  }

  private void texts(JsonGenerator json, String name, List<String> texts) {
    json.writeArrayPropertyStart(name);
    cut(texts).forEach(text -> json.writeString(cut(text)));
    json.writeEndArray();
  }

  final String cut(String text) {
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
