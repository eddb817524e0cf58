package dev.interdict.bundle;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/**
 * {@code .signatures.json}: one JSON Web Token that lists every file with its hash, as OPA writes
 * it. What is needed comes from {@link Trust} alone; nothing in the bundle can make it less.
 */
final class Signatures {
  private static final Base64.Decoder BASE64 = Base64.getUrlDecoder();

  /** 2,000 files at 170 bytes, in base 64; it is read before anything is verified. */
  private static final int MAX_BYTES = 1 << 20;

  private Signatures() {}

  /**
   * Signs {@code files}.
   *
   * @return the content of {@code .signatures.json}
   */
  static byte[] sign(SortedMap<String, byte[]> files, Signer signer) throws BundleException {
    List<Map<String, String>> listed = new ArrayList<>();
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Map<String, String> entry = new LinkedHashMap<>();
      entry.put("name", file.getKey());
      entry.put("hash", FileHash.of(file.getKey(), file.getValue(), FileHash.DEFAULT));
      entry.put("algorithm", FileHash.DEFAULT);
      listed.add(entry);
    }
    Map<String, Object> header = new LinkedHashMap<>();
    header.put("alg", signer.algorithm().name());
    header.put("kid", signer.keyId());
    header.put("typ", "JWT");
    Map<String, Object> payload = new LinkedHashMap<>();
    payload.put("files", listed);
    payload.put("keyid", signer.keyId());
    if (!signer.scope().isEmpty()) {
      payload.put("scope", signer.scope());
    }
    String content = encode(header) + "." + encode(payload);
    try {
      byte[] signature =
          signer.algorithm().sign(content.getBytes(StandardCharsets.US_ASCII), signer.key());
      String token =
          content + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature);
      return Json.MAPPER.writeValueAsBytes(Map.of("signatures", List.of(token)));
    } catch (GeneralSecurityException e) {
      throw new BundleException("cannot sign with this key: " + e.getMessage(), e);
    }
  }

  private static String encode(Map<String, Object> part) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(Json.MAPPER.writeValueAsBytes(part));
  }

  /**
   * Verifies that a trusted key signed exactly {@code files}.
   *
   * @return the id of the key
   * @throws BundleException if it did not; the message says what is wrong
   */
  static String verify(SortedMap<String, byte[]> files, Trust trust) throws BundleException {
    byte[] json = files.get(Manifest.SIGNATURES);
    if (json == null) {
      throw new BundleException(
          "the bundle is not signed, and this source trusts signed bundles only");
    }
    if (json.length > MAX_BYTES) {
      throw new BundleException(".signatures.json has more than " + MAX_BYTES + " bytes");
    }
    JsonNode signatures = Json.read(Manifest.SIGNATURES, json);
    if (signatures.has("plugin") && !signatures.path("plugin").asString("").equals("_default")) {
      throw new BundleException(".signatures.json asks for the plugin " + signatures.get("plugin"));
    }
    JsonNode tokens = signatures.path("signatures");
    if (!tokens.isArray() || tokens.size() != 1 || !tokens.get(0).isString()) {
      throw new BundleException(".signatures.json must hold exactly one token");
    }
    String[] parts = tokens.get(0).asString().split("\\.", -1);
    if (parts.length != 3) {
      throw new BundleException(".signatures.json: the token is no signed JSON Web Token");
    }
    JsonNode header = Json.read("the token's header", decode(parts[0]));
    JsonNode payload = Json.read("the token's payload", decode(parts[1]));
    String keyId = keyId(header, payload, trust);
    Trust.TrustedKey key = trust.keys().get(keyId);
    if (key == null) {
      throw new BundleException("signed with the key \"" + keyId + "\", which is not trusted here");
    }
    checkHeader(header, keyId, key);
    if (!verifies(key, parts)) {
      throw new BundleException("the signature is not that of the key \"" + keyId + "\"");
    }
    String scope = payload.path("scope").asString("");
    if (!scope.equals(trust.scope())) {
      throw new BundleException(
          "signed for the scope \"%s\"; this source takes \"%s\"".formatted(scope, trust.scope()));
    }
    compare(files, listed(payload));
    return keyId;
  }

  /** As OPA: what is configured, else the header's, else the (deprecated) claim. */
  private static String keyId(JsonNode header, JsonNode payload, Trust trust)
      throws BundleException {
    String said = header.path("kid").asString(payload.path("keyid").asString(""));
    if (trust.keyId() == null) {
      if (said.isEmpty()) {
        throw new BundleException("the signature names no key; configure signing.keyid");
      }
      return said;
    }
    if (!said.isEmpty() && !said.equals(trust.keyId())) {
      throw new BundleException(
          "signed with the key \"%s\"; this source trusts \"%s\" only"
              .formatted(said, trust.keyId()));
    }
    return trust.keyId();
  }

  /**
   * The token never chooses how it is verified: with {@code none} everybody could sign, and with
   * HS256 everybody who has the public key.
   */
  private static void checkHeader(JsonNode header, String keyId, Trust.TrustedKey key)
      throws BundleException {
    String algorithm = header.path("alg").asString("none");
    if (!algorithm.equals(key.algorithm().name())) {
      throw new BundleException(
          "signed with %s; the key \"%s\" verifies %s only"
              .formatted(algorithm, keyId, key.algorithm()));
    }
    if (header.has("crit")) { // RFC 7515, 4.1.11: what is not understood must be refused
      throw new BundleException("the token's header asks for " + header.get("crit"));
    }
  }

  private static boolean verifies(Trust.TrustedKey key, String[] parts) throws BundleException {
    byte[] content = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
    try {
      return key.algorithm().verify(content, decode(parts[2]), key.key());
    } catch (GeneralSecurityException e) { // a signature of the wrong length
      return false;
    }
  }

  private static byte[] decode(String part) throws BundleException {
    try {
      return BASE64.decode(part);
    } catch (IllegalArgumentException e) {
      throw new BundleException(".signatures.json: the token is not in base 64", e);
    }
  }

  private static Map<String, JsonNode> listed(JsonNode payload) throws BundleException {
    Map<String, JsonNode> listed = new TreeMap<>();
    for (JsonNode file : payload.path("files")) {
      String name = file.path("name").asString("");
      if (listed.put(name, file) != null) {
        throw new BundleException("the signature lists \"" + name + "\" twice");
      }
    }
    return listed;
  }

  private static void compare(SortedMap<String, byte[]> files, Map<String, JsonNode> listed)
      throws BundleException {
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      String name = file.getKey();
      if (name.equals(Manifest.SIGNATURES)) {
        continue;
      }
      JsonNode entry = listed.remove(name);
      if (entry == null) {
        throw new BundleException("the signature does not list the file \"" + name + "\"");
      }
      String hash = FileHash.of(name, file.getValue(), entry.path("algorithm").asString(""));
      if (!hash.equalsIgnoreCase(entry.path("hash").asString(""))) {
        throw new BundleException("the file \"" + name + "\" is not the one that was signed");
      }
    }
    if (!listed.isEmpty()) {
      throw new BundleException("the signature lists files that are missing: " + listed.keySet());
    }
  }
}
