package dev.interdict.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.worker.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class MetricsServerTest {
  private static final Duration LONG = Duration.ofHours(1);
  private static final String GET = "GET /metrics HTTP/1.1\r\nHost: localhost:9417\r\n\r\n";

  @TempDir Path directory;
  private final Workers workers = new Workers(lost -> {});
  private final List<AutoCloseable> open = new ArrayList<>();
  private final AtomicInteger reads = new AtomicInteger();
  private MetricsServer server;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  private void start(String address, Duration patience) throws IOException {
    server =
        MetricsServer.start(
            MetricsAddress.parse(address),
            () -> "x " + reads.incrementAndGet() + "\n",
            patience,
            workers);
    open.add(server);
  }

  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(server.listening());
    open.add(channel);
    return channel;
  }

  private String ask(String request) throws IOException {
    SocketChannel channel = connect();
    channel.write(ByteBuffer.wrap(request.getBytes(UTF_8)));
    return read(channel);
  }

  private static String read(SocketChannel from) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer some = ByteBuffer.allocate(4096);
    while (from.read(some) >= 0) {
      all.write(some.array(), 0, some.position());
      some.clear();
    }
    from.close();
    return all.toString(UTF_8);
  }

  @Test
  void aScrapeMustGetTheMetricsAndTheirType() throws Exception {
    start("127.0.0.1:0", LONG);
    assertEquals(
        String.join(
            "\r\n",
            "HTTP/1.1 200 OK",
            "Content-Type: text/plain; version=0.0.4; charset=utf-8",
            "Content-Length: 4",
            "Connection: close",
            "",
            "x 1\n"),
        ask(GET));
    assertTrue(ask(GET.replace("GET /metrics", "GET /metrics?x=y")).contains("200 OK"));
    String head = ask(GET.replace("GET", "HEAD"));
    assertTrue(head.contains("Content-Length: 4\r\n") && head.endsWith("\r\n\r\n"), head);
  }

  @Test
  void aUnixSocketMustServeWhoMayReachItAndGoWithTheServer() throws Exception {
    Path path = directory.resolve("run/metrics.sock");
    start("unix:" + path, LONG);
    assertEquals(UnixDomainSocketAddress.of(path), server.listening());
    assertTrue(ask(GET.replace("localhost:9417", "anything")).contains("200 OK"));
    assertEquals(0660, (Integer) Files.getAttribute(path, "unix:mode") & 0777);
    assertThrows(IOException.class, () -> start("unix:" + path, LONG), "one listens already");
    server.close();
    assertFalse(Files.exists(path));
  }

  @Test
  void aBadRequestMustGetAnAnswer() throws Exception {
    start("127.0.0.1:0", LONG);
    assertStatus("404 Not Found", GET.replace("/metrics", "/"));
    assertStatus("405 Method Not Allowed", GET.replace("GET", "POST"));
    assertTrue(ask(GET.replace("GET", "DELETE")).contains("\r\nAllow: GET, HEAD\r\n"));
    assertStatus("400 Bad Request", "hello\r\n\r\n");
    assertStatus("400 Bad Request", "\r\n\r\n");
    assertStatus("400 Bad Request", "\u0016\u0003\u0001\n\n");
    assertStatus("400 Bad Request", "GET /" + "x".repeat(100_000) + " HTTP/1.1\r\n\r\n");
    assertStatus("421 Misdirected Request", GET.replace("localhost", "rebound.example"));
    assertStatus("200 OK", GET.replace("localhost:9417", "[::1]:1"));
    assertStatus("200 OK", "GET /metrics HTTP/1.0\n\n");
    assertEquals(1, reads.get(), "within a second, whoever asks how often");
  }

  private void assertStatus(String status, String request) throws IOException {
    String answer = ask(request);
    assertTrue(answer.startsWith("HTTP/1.1 " + status + "\r\n"), request + ": " + answer);
  }

  @Test
  void theSlowMustKeepAFewPlacesAndTheNextOneIsTold() throws Exception {
    start("127.0.0.1:0", LONG);
    List<SocketChannel> slow = new ArrayList<>();
    for (int i = 0; i < MetricsServer.MAX_CALLERS; i++) {
      slow.add(connect());
      slow.getLast().write(ByteBuffer.wrap("GET ".getBytes(UTF_8)));
    }
    assertTrue(read(connect()).startsWith("HTTP/1.1 503 "));
    slow.getFirst().close();
    while (!ask(GET).startsWith("HTTP/1.1 200 ")) {
      Thread.sleep(1); // until the server has seen that he is gone
    }
  }

  @Test
  void whoNeverAsksMustBeCutOff() throws Exception {
    start("127.0.0.1:0", Duration.ofMillis(1));
    assertEquals("", read(connect()));
  }

  @Test
  void metricsThatCannotBeReadMustBeAnAnswerAndNoEnd() throws Exception {
    CountDownLatch failing = new CountDownLatch(1);
    server =
        MetricsServer.start(
            MetricsAddress.parse("127.0.0.1:0"),
            () -> {
              if (failing.getCount() > 0) {
                throw new IllegalStateException("no");
              }
              return "y\n";
            },
            LONG,
            workers);
    open.add(server);
    assertStatus("500 Internal Server Error", GET);
    failing.countDown();
    assertStatus("200 OK", GET);
  }

  @Test
  void onlyThisHostMustBeServed() {
    for (String wrong :
        List.of(
            "0.0.0.0:1",
            "10.0.0.1:1",
            ":1",
            "1",
            "127.0.0.1:65536",
            "127.0.0.1:",
            "unix:x",
            "unix:/" + "x".repeat(107),
            "[::]:1",
            "example.com:1",
            "127.0.0.999:1")) {
      assertThrows(IllegalArgumentException.class, () -> MetricsAddress.parse(wrong), wrong);
    }
    assertEquals("127.0.0.1:9417", MetricsAddress.parse("localhost:9417").toString());
    assertEquals("unix:/a/b", MetricsAddress.parse("unix:/a//b").toString());
  }
}
