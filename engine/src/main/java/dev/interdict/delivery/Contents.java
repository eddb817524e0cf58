package dev.interdict.delivery;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;

/** Names what a source brought by all of its content, the signature too. */
final class Contents {
  private Contents() {}

  /** Lower-case hex SHA-256. */
  static String digest(SortedMap<String, byte[]> files) {
    MessageDigest sha256 = sha256();
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      byte[] name = file.getKey().getBytes(StandardCharsets.UTF_8);
      int length = file.getValue().length;
      sha256.update(ByteBuffer.allocate(8).putInt(name.length).putInt(length).flip());
      sha256.update(name);
      sha256.update(file.getValue());
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
