package dev.interdict.compile;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.interdict.event.Hook;
import dev.interdict.policy.Policy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the Rego compiler is asked: {@code Request} in {@code policies/compiler/main.go}.
 *
 * @param data the JSON text of the document {@code data}; a string, so that text which is not JSON
 *     becomes a finding and nothing else
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record RegoRequest(
    String verb,
    String name,
    Map<String, String> sources,
    String data,
    List<String> hooks,
    @JsonRawValue String schemas,
    @JsonRawValue String inputs,
    Long time) {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final long NS_PER_S = 1_000_000_000;

  static RegoRequest of(String verb, Policy policy, Map<String, String> tests) {
    Map<String, String> sources = new TreeMap<>(policy.rego());
    sources.putAll(tests);
    return new RegoRequest(
        verb,
        policy.name(),
        sources,
        new String(policy.data(), StandardCharsets.UTF_8),
        policy.hooks().stream().map(Hook::id).sorted().toList(),
        allSchemas(),
        null,
        null);
  }

  /** The same about an event as it is shown. */
  RegoRequest about(List<String> documents, Instant when) {
    String all = "[" + String.join(",", documents) + "]";
    long ns = Math.addExact(Math.multiplyExact(when.getEpochSecond(), NS_PER_S), when.getNano());
    return new RegoRequest(verb, name, sources, data, hooks, schemas, all, ns);
  }

  static RegoRequest format(Map<String, String> sources) {
    return new RegoRequest("format", null, new TreeMap<>(sources), null, null, null, null, null);
  }

  byte[] encode() {
    return JSON.writeValueAsBytes(this);
  }

  /** Equal digest, equal answer: of the compiler and of everything it is asked. */
  String digest() {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (byte[] part :
          List.of(RegoProgram.version().getBytes(StandardCharsets.UTF_8), encode())) {
        sha.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).array());
        sha.update(part);
      }
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  private static String allSchemas() {
    StringBuilder json = new StringBuilder("{");
    Schemas.all()
        .forEach(
            (hook, schema) ->
                json.append(json.length() > 1 ? "," : "")
                    .append('"')
                    .append(hook)
                    .append("\":")
                    .append(new String(schema, StandardCharsets.UTF_8)));
    return json.append('}').toString();
  }
}
