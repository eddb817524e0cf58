package dev.interdict.bundle;

import dev.interdict.policy.PolicySource;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * The digest of one file as OPA takes it: of {@code data.json}, {@code data.yaml} and {@code
 * .manifest} that of their meaning, with keys sorted and without white space; of any other file
 * that of its bytes. Source: {@code v1/bundle/hash.go} of OPA.
 */
final class FileHash {
  /** What a signature may name. MD5 and SHA-1, which OPA takes too, can be collided. */
  static final List<String> ALGORITHMS = List.of("SHA-256", "SHA-384", "SHA-512");

  static final String DEFAULT = "SHA-256";

  private final MessageDigest digest;

  private FileHash(String algorithm) throws NoSuchAlgorithmException {
    this.digest = MessageDigest.getInstance(algorithm);
  }

  /**
   * Lower-case hex.
   *
   * @throws BundleException if the algorithm is not one of {@link #ALGORITHMS}, or a structured
   *     file cannot be read
   */
  static String of(String path, byte[] content, String algorithm) throws BundleException {
    if (!ALGORITHMS.contains(algorithm)) {
      throw new BundleException(
          "the signature lists %s with the hash %s; one of %s is needed"
              .formatted(path, algorithm, String.join(", ", ALGORITHMS)));
    }
    try {
      FileHash hash = new FileHash(algorithm);
      String base = path.substring(path.lastIndexOf('/') + 1);
      switch (base) {
        case "data.json", ".manifest" -> hash.walk(Json.literally(path, content));
        case "data.yaml", "data.yml" -> hash.walk(Json.literally(path, yaml(path, content)));
        default -> hash.digest.update(content);
      }
      return HexFormat.of().formatHex(hash.digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has " + algorithm, e);
    }
  }

  /** YAML as the JSON that it means. */
  static byte[] yaml(String path, byte[] content) throws BundleException {
    try {
      return PolicySource.yamlAsJson(path, content);
    } catch (dev.interdict.policy.PolicyException e) {
      throw new BundleException(e.getMessage(), e);
    }
  }

  private void walk(Object value) {
    switch (value) {
      case Map<?, ?> object -> {
        String before = "{";
        for (Map.Entry<?, ?> entry : object.entrySet()) {
          write(before + quote((String) entry.getKey()) + ":");
          walk(entry.getValue());
          before = ",";
        }
        write(object.isEmpty() ? "{}" : "}");
      }
      case List<?> array -> {
        write("[");
        for (int i = 0; i < array.size(); i++) {
          write(i == 0 ? "" : ",");
          walk(array.get(i));
        }
        write("]");
      }
      case String text -> write(quote(text));
      case Json.Literal number -> write(number.text());
      case null -> write("null");
      default -> write(value.toString());
    }
  }

  private void write(String text) {
    digest.update(text.getBytes(StandardCharsets.UTF_8));
  }

  /** A string as Go's encoder writes it when it need not be safe inside of HTML. */
  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\b' -> quoted.append("\\b");
                case '\f' -> quoted.append("\\f");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                case 0x2028, 0x2029 -> quoted.append("\\u%04x".formatted(c));
                default -> {
                  boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
                  if (c < ' ') {
                    quoted.append("\\u%04x".formatted(c));
                  } else {
                    quoted.appendCodePoint(surrogate ? 0xfffd : c);
                  }
                }
              }
            });
    return quoted.append('"').toString();
  }
}
