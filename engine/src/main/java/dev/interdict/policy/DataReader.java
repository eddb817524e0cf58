package dev.interdict.policy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a policy's {@code data}: from {@code data.json}, {@code data.yaml} or {@code spec.data}.
 */
final class DataReader {
  private static final int MAX_DEPTH = 64;

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED)
          .build();

  private DataReader() {}

  /** The document as text. The order of keys means nothing, so that it is always the same one. */
  static byte[] write(JsonNode data) {
    return JSON.writeValueAsBytes(data);
  }

  /**
   * The document; an empty object if there is none or after an error.
   *
   * @param inline the node of {@code spec.data}, or null
   */
  static JsonNode read(PolicySource source, YamlNode inline, Findings findings) {
    Map<String, byte[]> files = source.files();
    List<String> origins = new ArrayList<>();
    JsonNode data = JSON.createObjectNode();
    if (inline != null) {
      origins.add("spec.data");
      data = object(inline.value(), source.manifest(), inline.at(), findings);
    }
    if (files.containsKey("data.yaml")) {
      origins.add("data.yaml");
      YamlNode node =
          YamlReader.read("data.yaml", files.get("data.yaml"), YamlReader.MAX_BYTES, findings);
      data = node == null ? data : object(node.value(), "data.yaml", node.at(), findings);
    }
    if (files.containsKey("data.json")) {
      origins.add("data.json");
      data = json(files.get("data.json"), findings);
    }
    if (origins.size() > 1) {
      findings.error(
          source.manifest(),
          "policy.data",
          "data is written in " + String.join(" and in ", origins) + "; keep one of them");
    }
    if (data.has("interdict")) {
      findings.error(
          origins.getFirst().startsWith("spec") ? source.manifest() : origins.getFirst(),
          "policy.data",
          "data.interdict is where the policies themselves are; use another name");
    }
    return data;
  }

  private static JsonNode object(Object value, String file, Mark at, Findings findings) {
    JsonNode node = JSON.valueToTree(value);
    if (!node.isObject()) {
      findings.error(file, at, "yaml.type", "data must be a mapping");
      return JSON.createObjectNode();
    }
    return node;
  }

  private static JsonNode json(byte[] bytes, Findings findings) {
    try {
      JsonNode node = JSON.readTree(bytes);
      if (!node.isObject()) {
        findings.error("data.json", "json.type", "data must be a JSON object");
        return JSON.createObjectNode();
      }
      String strange = strange(node, "data");
      if (strange == null) {
        return node;
      }
      findings.error("data.json", "json.value", strange);
    } catch (JacksonException e) {
      TokenStreamLocation at = e.getLocation();
      Mark mark =
          at == null
              ? Mark.START
              : new Mark(Math.max(1, at.getLineNr()), Math.max(0, at.getColumnNr()));
      findings.error("data.json", mark, "json.syntax", words(e.getOriginalMessage()));
    }
    return JSON.createObjectNode();
  }

  /** The parser's message without what is for programmers: codes, and settings of the parser. */
  private static String words(String message) {
    return message
        .replaceAll(" \\(code \\d+[^)]*\\)", "")
        .replaceAll(": enable `?Json[A-Za-z.]*Feature[^ ]*`? to allow", ": no value of JSON")
        .replaceAll("; enable `?Json[A-Za-z.]*Feature[^ ]*`? to allow", "");
  }

  /** What no policy could compare with anything; null if there is nothing of the kind. */
  private static String strange(JsonNode node, String path) {
    if (node.isFloatingPointNumber() && !Double.isFinite(node.asDouble())) {
      return path + ": the number is too large";
    }
    if (node.isString() && !StandardCharsets.UTF_8.newEncoder().canEncode(node.asString())) {
      return path + ": the text has half of a character (a lone surrogate)";
    }
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      String strange = strange(entry.getValue(), path + "." + entry.getKey());
      if (strange != null) {
        return strange;
      }
    }
    for (int i = 0; node.isArray() && i < node.size(); i++) {
      String strange = strange(node.get(i), path + "[" + i + "]");
      if (strange != null) {
        return strange;
      }
    }
    return null;
  }
}
