package dev.interdict.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.metrics.MetricsServer.Times;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class MetricsServerTest {
  private static final Duration LONG = Duration.ofHours(1);
  private static final InetSocketAddress LOCAL =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private static final String GET = "GET /metrics HTTP/1.1\r\nHost: localhost:9417\r\n\r\n";

  @TempDir Path directory;
  private final Workers workers = new Workers(lost -> {});
  private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();
  private final AtomicInteger reads = new AtomicInteger();
  private MetricsServer server;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  private void start(String address, Duration patience) {
    start(address, new Times(patience, LONG, LONG), this::count, Thread::startVirtualThread);
  }

  private void start(String address, Times times, Supplier<String> metrics, Executor threads) {
    server = MetricsServer.start(MetricsAddress.parse(address), metrics, times, threads, workers);
    open.add(server);
  }

  private String count() {
    return "x " + reads.incrementAndGet() + "\n";
  }

  private SocketAddress listening() throws IOException {
    while (server.listening() == null) {
      Thread.onSpinWait(); // until the worker has come to it
    }
    return server.listening();
  }

  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(listening());
    open.add(channel);
    return channel;
  }

  private SocketChannel asking() throws IOException {
    SocketChannel channel = connect();
    channel.write(ByteBuffer.wrap(GET.getBytes(UTF_8)));
    return channel;
  }

  private static void assertCutOff(SocketChannel caller) {
    try {
      assertEquals("", read(caller));
    } catch (IOException e) {
      // As good: what he had written was not read.
    }
  }

  private String failure() {
    return workers.health().map(Worker.Health::lastFailure).reduce("", (one, next) -> next);
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
    assertEquals(UnixDomainSocketAddress.of(path), listening());
    assertTrue(ask(GET.replace("localhost:9417", "anything")).contains("200 OK"));
    assertEquals(0660, (Integer) Files.getAttribute(path, "unix:mode") & 0777);
    server.close();
    assertFalse(Files.exists(path));
  }

  /** Who is fast could take the place while no engine runs, and none would start any more. */
  @Test
  void aPortThatIsTakenMustBeTriedAgainAndBeNoReasonNotToStart() throws Exception {
    ServerSocketChannel other = ServerSocketChannel.open().bind(LOCAL);
    open.add(other);
    int port = ((InetSocketAddress) other.getLocalAddress()).getPort();
    start("127.0.0.1:" + port, LONG);
    while (failure().isEmpty()) {
      Thread.sleep(1);
    }
    assertTrue(failure().contains("metrics are not served at 127.0.0.1:" + port), failure());
    assertNull(server.listening());
    other.close();
    assertStatus("200 OK", GET);
  }

  @Test
  void theSocketOfAnotherEngineMustStay() throws Exception {
    Path path = directory.resolve("run/metrics.sock");
    start("unix:" + path, LONG);
    listening();
    MetricsServer first = server;
    start("unix:" + path, LONG);
    while (failure().isEmpty()) {
      Thread.sleep(1);
    }
    assertTrue(failure().contains("another engine listens on"), failure());
    server.close();
    server = first;
    assertStatus("200 OK", GET);
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
    assertEquals(1, reads.get(), "as long as it is fresh, whoever asks how often");
  }

  private void assertStatus(String status, String request) throws IOException {
    String answer = ask(request);
    assertTrue(answer.startsWith("HTTP/1.1 " + status + "\r\n"), request + ": " + answer);
  }

  @Test
  void whoNeverAsksMustKeepNobodyOut() throws Exception {
    start("127.0.0.1:0", LONG);
    List<SocketChannel> idle = new ArrayList<>();
    for (int i = 0; i < MetricsServer.MAX_CALLERS; i++) {
      idle.add(connect());
      idle.getLast().write(ByteBuffer.wrap("GET ".getBytes(UTF_8)));
    }
    assertStatus("200 OK", GET);
    assertCutOff(idle.getFirst());
  }

  @Test
  void whoDoesNotGoWithHisAnswerMustKeepNobodyOut() throws Exception {
    start("127.0.0.1:0", LONG);
    for (int i = 0; i < MetricsServer.MAX_CALLERS; i++) {
      SocketChannel answered = asking();
      ByteBuffer some = ByteBuffer.allocate(4096);
      while (answered.read(some) >= 0) {} // and he does not close
    }
    assertStatus("200 OK", GET);
  }

  @Test
  void whoWaitsForHisAnswerMustKeepHisPlace() throws Exception {
    CountDownLatch readable = new CountDownLatch(1);
    start("127.0.0.1:0", new Times(LONG, LONG, LONG), after(readable), Thread::startVirtualThread);
    List<SocketChannel> waiting = new ArrayList<>();
    for (int i = 0; i < MetricsServer.MAX_CALLERS; i++) {
      waiting.add(asking());
    }
    untilTheyWait(MetricsServer.MAX_CALLERS);
    assertStatus("503 Service Unavailable", GET);
    readable.countDown();
    for (SocketChannel one : waiting) {
      assertTrue(read(one).startsWith("HTTP/1.1 200 "));
    }
  }

  @Test
  void whoseTurnIsOverMustGiveWayEvenIfHeWaits() throws Exception {
    CountDownLatch readable = new CountDownLatch(1);
    Times noTurn = new Times(LONG, Duration.ZERO, LONG);
    start("127.0.0.1:0", noTurn, after(readable), Thread::startVirtualThread);
    SocketChannel first = asking();
    untilTheyWait(1);
    for (int i = 0; i < MetricsServer.MAX_CALLERS; i++) {
      connect();
    }
    assertCutOff(first);
    assertStatus("503 Service Unavailable", GET);
    readable.countDown();
    while (!ask(GET).startsWith("HTTP/1.1 200 ")) {
      Thread.sleep(1); // until the first one's thread has read them
    }
  }

  private Supplier<String> after(CountDownLatch readable) {
    return () -> {
      await(readable);
      return count();
    };
  }

  private void untilTheyWait(int callers) throws InterruptedException {
    while (server.waiting() < callers) {
      Thread.sleep(1);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aThreadThatCannotBeginMustKeepNoPlace() throws Exception {
    AtomicInteger times = new AtomicInteger();
    start(
        "127.0.0.1:0",
        new Times(LONG, LONG, LONG),
        this::count,
        task -> {
          if (times.incrementAndGet() <= MetricsServer.MAX_CALLERS) {
            throw new OutOfMemoryError("no thread");
          }
          Thread.startVirtualThread(task);
        });
    for (int i = 0; i < MetricsServer.MAX_CALLERS; i++) {
      assertCutOff(connect());
    }
    assertStatus("200 OK", GET);
  }

  /** As when the process has no descriptors left, which the slow may be what it lacks for. */
  @Test
  void whoIsSlowMustBeCutOffWhileNobodyCanBeTaken() throws Exception {
    AtomicInteger times = new AtomicInteger();
    start(
        "127.0.0.1:0",
        new Times(Duration.ofMillis(1), LONG, LONG),
        this::count,
        task -> {
          next(); // so that each round finds somebody, and fails
          if (times.incrementAndGet() > 1) {
            throw new OutOfMemoryError("no thread");
          }
        });
    SocketChannel slow = connect(); // has a place, and no thread to see that he says nothing
    assertCutOff(slow);
    server.close();
  }

  private void next() {
    try {
      connect();
    } catch (IOException e) {
      throw new AssertionError(e);
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
    start(
        "127.0.0.1:0",
        new Times(LONG, LONG, LONG),
        () -> {
          if (failing.getCount() > 0) {
            throw new IllegalStateException("no");
          }
          return "y\n";
        },
        Thread::startVirtualThread);
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
    Map.of(
            "localhost:9417", "127.0.0.1:9417",
            "LOCALHOST:0", "127.0.0.1:0",
            "127.1.2.3:65535", "127.1.2.3:65535",
            "[::1]:9417", "[::1]:9417",
            "unix:/a//b", "unix:/a/b")
        .forEach(
            (written, shown) -> {
              MetricsAddress address = MetricsAddress.parse(written);
              assertEquals(shown, address.toString());
              assertEquals(
                  address, MetricsAddress.parse(shown), "it can be written as it is shown");
            });
  }
}
