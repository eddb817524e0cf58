package dev.interdict.metrics;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What of a request in HTTP matters here.
 *
 * @param method empty: it is no request in HTTP, or its head is too large
 * @param target as it was sent, without a query
 * @param host value of the header Host, in lower case; null: there is none
 */
record HttpQuestion(String method, String target, String host) {
  /** Of a head: more than any scraper sends. */
  static final int MAX_BYTES = 8 << 10;

  static final String PATH = "/metrics";

  private static final Pattern LINE = Pattern.compile("([A-Z]{1,16}) (/\\S*) HTTP/1\\.[01]");
  private static final Pattern HOST = Pattern.compile("(?i)host:[ \t]*(\\S*)[ \t]*");
  private static final HttpQuestion NONE = new HttpQuestion("", "", null);

  /**
   * Reads up to the end of the head.
   *
   * @throws IOException if the caller is gone before
   */
  static HttpQuestion read(ReadableByteChannel from) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(MAX_BYTES);
    String head;
    do {
      if (!buffer.hasRemaining()) {
        return NONE;
      }
      if (from.read(buffer) < 0) {
        throw new IOException("gone");
      }
      head = new String(buffer.array(), 0, buffer.position(), ISO_8859_1);
    } while (!head.contains("\r\n\r\n") && !head.contains("\n\n"));
    return of(head.lines().toList());
  }

  private static HttpQuestion of(List<String> head) {
    Matcher line = LINE.matcher(head.getFirst());
    if (!line.matches()) {
      return NONE;
    }
    String host =
        head.stream()
            .skip(1)
            .map(HOST::matcher)
            .filter(Matcher::matches)
            .map(matcher -> matcher.group(1).toLowerCase(Locale.ROOT))
            .findFirst()
            .orElse(null);
    return new HttpQuestion(line.group(1), line.group(2).replaceFirst("\\?.*", ""), host);
  }

  /** Why it gets no metrics at this address; null: it does. */
  HttpAnswer refusal(MetricsAddress address) {
    if (method.isEmpty()) {
      return HttpAnswer.refuse(
          "400 Bad Request", "this is HTTP/1.1 with a head of at most " + MAX_BYTES + " bytes");
    }
    if (!address.isMeant(host)) {
      return HttpAnswer.refuse("421 Misdirected Request", "this host is localhost or 127.0.0.1");
    }
    if (!target.equals(PATH)) {
      return HttpAnswer.refuse("404 Not Found", "there is only " + PATH);
    }
    return method.equals("GET") || method.equals("HEAD")
        ? null
        : HttpAnswer.refuse("405 Method Not Allowed", "GET is what this takes");
  }
}
