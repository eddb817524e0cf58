package dev.interdict.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.admin.SocketFile;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Serves metrics over HTTP: one question a connection. At most {@link #MAX_CALLERS} at a time, each
 * on a thread of its own, are answered; the next one gets a 503 at once. Whoever is slow is cut off
 * after a while. The metrics are read at most once a second, whoever asks how often. Safe for use
 * by many threads.
 */
public final class MetricsServer implements AutoCloseable {
  private static final Logger LOG = System.getLogger(MetricsServer.class.getName());

  static final int MAX_CALLERS = 4;

  private static final int MAX_REFUSED = 16;

  private static final Duration LOOK = Duration.ofMillis(500);
  private static final Duration FRESH = Duration.ofSeconds(1);

  private final MetricsAddress address;
  private final Supplier<String> metrics;
  private final Duration patience;
  private final ServerSocketChannel server;
  private final Selector selector;
  private final Worker worker;
  private final Set<Caller> callers = ConcurrentHashMap.newKeySet();

  /** Were told that there is no place; closed at once they might not get to read that. */
  private final Deque<Caller> refused = new ArrayDeque<>();

  private final ReentrantLock reading = new ReentrantLock();
  private String text;
  private long readNs;

  private record Caller(SocketChannel channel, long endNs) {}

  private MetricsServer(
      MetricsAddress address, Supplier<String> metrics, Duration patience, Workers crew)
      throws IOException {
    this.address = address;
    this.metrics = metrics;
    this.patience = patience;
    this.selector = Selector.open();
    this.server = listen(address);
    server.configureBlocking(false);
    server.register(selector, SelectionKey.OP_ACCEPT);
    this.worker = crew.add("metrics", this::round);
  }

  private static ServerSocketChannel listen(MetricsAddress address) throws IOException {
    Path path = address.path();
    try {
      if (path == null) {
        ServerSocketChannel server = ServerSocketChannel.open();
        server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        return server.bind(address.address());
      }
      SocketFile.prepare(path);
      ServerSocketChannel server =
          ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address.address());
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));
      return server;
    } catch (IOException e) {
      throw new IOException("metrics cannot be served at " + address + ": " + e.getMessage(), e);
    }
  }

  /**
   * Listens.
   *
   * @param metrics the text to serve
   * @param crew where its worker is shown
   * @throws IOException if it cannot
   */
  public static MetricsServer start(MetricsAddress address, Supplier<String> metrics, Workers crew)
      throws IOException {
    return start(address, metrics, Duration.ofSeconds(10), crew);
  }

  /**
   * The same.
   *
   * @param patience for one caller, from his first byte to his last
   */
  static MetricsServer start(
      MetricsAddress address, Supplier<String> metrics, Duration patience, Workers crew)
      throws IOException {
    MetricsServer started = new MetricsServer(address, metrics, patience, crew);
    started.worker.start();
    return started;
  }

  /** Where it listens; with the port that was chosen, if that was 0. */
  SocketAddress listening() throws IOException {
    return server.getLocalAddress();
  }

  private void round() throws InterruptedException {
    try {
      selector.select(LOOK.toMillis());
      selector.selectedKeys().clear();
      SocketChannel next;
      while (!worker.stopped() && (next = server.accept()) != null) {
        take(next);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("metrics are not served: " + e.getMessage(), e);
    }
    for (Caller caller : callers) {
      if (System.nanoTime() - caller.endNs() > 0) {
        close(caller.channel()); // ends what its thread waits for
      }
    }
    while (!refused.isEmpty() && System.nanoTime() - refused.getFirst().endNs() > 0) {
      close(refused.removeFirst().channel());
    }
  }

  private void take(SocketChannel channel) throws IOException {
    if (callers.size() >= MAX_CALLERS) {
      channel.configureBlocking(false); // a few bytes always find room
      channel.write(ByteBuffer.wrap(HttpAnswer.BUSY.bytes(true)));
      if (refused.size() < MAX_REFUSED) {
        channel.shutdownOutput();
        refused.addLast(new Caller(channel, System.nanoTime() + FRESH.toNanos()));
      } else {
        close(channel);
      }
      return;
    }
    Caller caller = new Caller(channel, System.nanoTime() + patience.toNanos());
    callers.add(caller);
    Thread.ofVirtual().name("metrics-caller").start(() -> serve(caller));
  }

  private void serve(Caller caller) {
    SocketChannel channel = caller.channel();
    try {
      HttpQuestion question = HttpQuestion.read(channel);
      ByteBuffer bytes = ByteBuffer.wrap(answer(question).bytes(!question.method().equals("HEAD")));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      // What was sent is lost if bytes of the caller's are left when the socket is closed.
      channel.shutdownOutput();
      ByteBuffer rest = ByteBuffer.allocate(HttpQuestion.MAX_BYTES);
      while (channel.read(rest) > 0) {
        rest.clear();
      }
    } catch (IOException e) {
      // He is gone, or was cut off.
    } finally {
      close(channel);
      callers.remove(caller);
    }
  }

  private HttpAnswer answer(HttpQuestion question) {
    HttpAnswer no = question.refusal(address);
    if (no != null) {
      return no;
    }
    try {
      return new HttpAnswer("200 OK", TextFormat.CONTENT_TYPE, fresh().getBytes(UTF_8));
    } catch (RuntimeException | Error e) { // as any caller of a call that throws
      LOG.log(Level.WARNING, "the metrics could not be read", e);
      return HttpAnswer.refuse("500 Internal Server Error", "the engine's log says why");
    }
  }

  private String fresh() {
    reading.lock();
    try {
      long now = System.nanoTime();
      if (text == null || now - readNs > FRESH.toNanos()) {
        text = metrics.get();
        readNs = now;
      }
      return text;
    } finally {
      reading.unlock();
    }
  }

  private static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a socket did not close", e);
    }
  }

  /** Stops serving, cuts off who is being served, and removes the socket. */
  @Override
  public void close() throws IOException {
    worker.stop();
    selector.wakeup();
    worker.close();
    server.close();
    selector.close();
    callers.forEach(caller -> close(caller.channel()));
    refused.forEach(caller -> close(caller.channel()));
    if (address.path() != null) {
      Files.deleteIfExists(address.path());
    }
  }
}
