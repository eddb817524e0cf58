package dev.interdict.control;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;

/** Names a policy's folder by its content. */
final class Digest {
  private Digest() {}

  /** Lower-case hex SHA-256 over each path and content with its length before it. */
  static String of(SortedMap<String, byte[]> sources) {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
    for (Map.Entry<String, byte[]> source : sources.entrySet()) {
      add(sha256, source.getKey().getBytes(StandardCharsets.UTF_8));
      add(sha256, source.getValue());
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  private static void add(MessageDigest digest, byte[] bytes) {
    digest.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
    digest.update(bytes);
  }
}
