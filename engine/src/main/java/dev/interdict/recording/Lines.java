package dev.interdict.recording;

import dev.interdict.eval.PolicySet;
import dev.interdict.event.Hook;
import dev.interdict.policy.Policy;
import dev.interdict.recording.RecordedSet.Active;
import dev.interdict.recording.Tuple.Answer;
import dev.interdict.recording.Tuple.KnownAs;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The lines of a block: one JSON object each, with one member that says what it is: {@code set},
 * {@code gap}, {@code tuple} or {@code end}. Times are milliseconds since 1970. Members that are
 * not known are skipped, so that a later release can add some.
 */
final class Lines {
  /** More than a set has that names all the paths that a host can be told of. */
  private static final int LINE_MAX = 16 << 20;

  /** A line is read as a tree; of empty lists some megabytes are a gigabyte. */
  private static final int TOKENS_MAX = 500_000;

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxTokenCount(TOKENS_MAX).build())
                  .build())
          .build();

  private static final String PASS = "pass";

  private Lines() {}

  private static void line(ByteArrayOutputStream to, String kind, ObjectNode of) {
    ObjectNode line = JSON.createObjectNode();
    line.set(kind, of);
    to.writeBytes(JSON.writeValueAsBytes(line));
    to.write('\n');
  }

  static void write(ByteArrayOutputStream to, RecordedSet set) {
    ObjectNode node = JSON.createObjectNode();
    node.put("started", set.started().toEpochMilli()).put("engine", set.engine());
    array(node, "redacted", set.redacted());
    ArrayNode policies = node.putArray("policies");
    for (Active active : set.policies()) {
      ObjectNode policy = policies.addObject();
      policy.put("name", active.name()).put("digest", active.digest());
      PolicySet.Where where = active.where();
      array(policy, "hooks", where.hooks().stream().sorted().map(Hook::id).toList());
      array(policy, "cgroups", where.scope().cgroupTexts());
      array(policy, "units", where.scope().unitTexts());
      for (Map<String, String> one : where.scope().containerTexts()) {
        ObjectNode container = policy.withArray("containers").addObject();
        one.forEach(container::put);
      }
      array(policy, "interfaces", where.scope().interfaces());
      boolean passes = where.passesUnread().containsAll(where.hooks());
      policy.put("unparsed", passes ? PASS : "drop");
      if (!passes) {
        array(policy, "passed", where.passesUnread().stream().sorted().map(Hook::id).toList());
      }
    }
    array(node, "literals", new TreeSet<>(set.literals()));
    line(to, "set", node);
  }

  static void write(ByteArrayOutputStream to, Gap gap) {
    ObjectNode node = JSON.createObjectNode();
    node.put("why", gap.why()).put("asks", gap.asks()).put("until", gap.until().toEpochMilli());
    line(to, "gap", node);
  }

  static void write(ByteArrayOutputStream to, Tuple tuple) {
    ObjectNode node = JSON.createObjectNode();
    node.set("input", tuple.input());
    array(node, "seen", new TreeSet<>(tuple.seen()));
    known(node, "file", tuple.file());
    known(node, "exe", tuple.exe());
    node.put("first", tuple.first().toEpochMilli()).put("last", tuple.last().toEpochMilli());
    node.put("asks", tuple.asks());
    if (tuple.detour()) {
      node.put("detour", true);
    }
    Map<Answer, List<String>> byAnswer = new EnumMap<>(Answer.class);
    new TreeMap<>(tuple.answers())
        .forEach((name, a) -> byAnswer.computeIfAbsent(a, x -> new ArrayList<>()).add(name));
    byAnswer.forEach((answer, names) -> array(node, word(answer), names));
    line(to, "tuple", node);
  }

  /** All that was asked until then is in the recording, or in one of its gaps. */
  static void writeEnd(ByteArrayOutputStream to, Instant at) {
    line(to, "end", JSON.createObjectNode().put("at", at.toEpochMilli()));
  }

  private static void known(ObjectNode node, String name, KnownAs as) {
    if (!as.equals(KnownAs.NOTHING)) {
      ObjectNode known = node.putObject(name);
      array(known, "names", new TreeSet<>(as.names()));
      known.put("foreign", as.foreign());
    }
  }

  private static void array(ObjectNode node, String name, Iterable<String> texts) {
    texts.forEach(node.withArray(name)::add);
  }

  private static String word(Answer answer) {
    return answer.name().toLowerCase(Locale.ROOT);
  }

  /** Who is told of what stands in a block. */
  interface Reader {
    void set(RecordedSet set);

    void gap(Gap gap);

    void tuple(Tuple tuple);

    /** The recording was ended. */
    void end();
  }

  /**
   * Reads a body.
   *
   * @throws RecordingException if a line is none; its message begins with its number
   */
  static void read(byte[] body, Reader reader) {
    int number = 0;
    int from = 0;
    while (from < body.length) {
      int end = from;
      while (end < body.length && body[end] != '\n') {
        end++;
      }
      number++;
      if (end - from > LINE_MAX) {
        throw new RecordingException("line " + number + " has more than " + LINE_MAX + " bytes");
      }
      try {
        one(JSON.readTree(body, from, end - from), reader);
      } catch (JacksonException | IllegalArgumentException e) {
        String why = e instanceof JacksonException j ? j.getOriginalMessage() : e.getMessage();
        throw new RecordingException("line " + number + " cannot be read: " + why, e);
      }
      from = end + 1;
    }
  }

  private static void one(JsonNode line, Reader reader) {
    if (line.has("set")) {
      reader.set(set(line.get("set")));
    } else if (line.has("gap")) {
      JsonNode gap = line.get("gap");
      reader.gap(new Gap(text(gap, "why"), count(gap, "asks"), time(gap, "until")));
    } else if (line.has("tuple")) {
      reader.tuple(tuple(line.get("tuple")));
    } else if (line.has("end")) {
      reader.end();
    }
  }

  private static Set<Hook> hooks(JsonNode policy, String member) {
    Set<String> ids = texts(policy, member);
    Set<Hook> hooks = EnumSet.allOf(Hook.class);
    hooks.removeIf(hook -> !ids.contains(hook.id()));
    return hooks;
  }

  private static List<Map<String, String>> containers(JsonNode policy) {
    List<Map<String, String>> all = new ArrayList<>();
    for (JsonNode one : policy.path("containers")) {
      Map<String, String> texts = new TreeMap<>();
      one.properties().forEach(each -> texts.put(each.getKey(), each.getValue().asString("")));
      all.add(texts);
    }
    return all;
  }

  private static RecordedSet set(JsonNode node) {
    List<Active> policies = new ArrayList<>();
    for (JsonNode policy : node.path("policies")) {
      Set<Hook> hooks = hooks(policy, "hooks");
      boolean passes = text(policy, "unparsed").equals(PASS);
      Set<Hook> passed =
          passes || !policy.has("passed") ? Set.of() : hooks(policy, "passed"); // none as of old
      Policy.Scope scope =
          Policy.Scope.of(
              List.copyOf(texts(policy, "cgroups")),
              List.copyOf(texts(policy, "interfaces")),
              List.copyOf(texts(policy, "units")),
              containers(policy));
      policies.add(
          new Active(
              text(policy, "name"),
              text(policy, "digest"),
              new PolicySet.Where(hooks, scope, passes ? hooks : passed)));
    }
    return new RecordedSet(
        time(node, "started"),
        text(node, "engine"),
        texts(node, "redacted"),
        policies,
        texts(node, "literals"));
  }

  private static Tuple tuple(JsonNode node) {
    if (!(node.path("input") instanceof ObjectNode input)) {
      throw new IllegalArgumentException("a tuple has no input");
    }
    Map<String, Answer> answers = new TreeMap<>();
    for (Answer answer : Answer.values()) {
      texts(node, word(answer)).forEach(name -> answers.put(name, answer));
    }
    return new Tuple(
        input,
        texts(node, "seen"),
        known(node.path("file")),
        known(node.path("exe")),
        time(node, "first"),
        time(node, "last"),
        count(node, "asks"),
        answers,
        node.path("detour").asBoolean(false));
  }

  private static KnownAs known(JsonNode node) {
    return new KnownAs(texts(node, "names"), node.path("foreign").asBoolean(false));
  }

  private static String text(JsonNode node, String name) {
    if (!node.path(name).isString()) {
      throw new IllegalArgumentException("no text \"" + name + "\"");
    }
    return node.get(name).asString();
  }

  private static long count(JsonNode node, String name) {
    if (!node.path(name).canConvertToLong() || node.get(name).asLong() < 0) {
      throw new IllegalArgumentException("no count \"" + name + "\"");
    }
    return node.get(name).asLong();
  }

  private static Instant time(JsonNode node, String name) {
    return Instant.ofEpochMilli(count(node, name));
  }

  private static Set<String> texts(JsonNode node, String name) {
    Set<String> texts = new TreeSet<>();
    for (JsonNode text : node.path(name)) {
      texts.add(text.asString(""));
    }
    return texts;
  }
}
