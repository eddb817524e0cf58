package dev.interdict.metrics;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/**
 * An answer in HTTP, after which the connection ends.
 *
 * @param status code and phrase, such as {@code 200 OK}
 */
record HttpAnswer(String status, String contentType, byte[] body) {
  /** To who comes while enough are served. */
  static final HttpAnswer BUSY =
      refuse("503 Service Unavailable", "others are being served; ask again");

  /** An answer without metrics, with a sentence for people. */
  static HttpAnswer refuse(String status, String why) {
    return new HttpAnswer(status, "text/plain; charset=utf-8", (why + "\n").getBytes(UTF_8));
  }

  /**
   * As they are sent.
   *
   * @param whole false: without the body, as the answer to a HEAD
   */
  byte[] bytes(boolean whole) {
    String head =
        "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n"
            .formatted(
                status,
                contentType,
                body.length,
                status.startsWith("405") ? "Allow: GET, HEAD\r\n" : "");
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(head.getBytes(ISO_8859_1));
    if (whole) {
      all.writeBytes(body);
    }
    return all.toByteArray();
  }
}
