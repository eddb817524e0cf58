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
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Serves metrics over HTTP: one question a connection. At most {@link #MAX_CALLERS} at a time, each
 * on a thread of its own, are answered. When there are more, whoever keeps a place for nothing
 * gives way, the oldest first; if there is no such caller, the next one gets a 503 at once. Whoever
 * is slow is cut off after a while. The metrics are read at most once a second, whoever asks how
 * often. Safe for use by many threads.
 *
 * <p>A place to listen that is taken is no reason for an engine not to start: whoever is fast could
 * take it while none runs. The worker fails then, says so, and tries again.
 */
public final class MetricsServer implements AutoCloseable {
  private static final Logger LOG = System.getLogger(MetricsServer.class.getName());

  static final int MAX_CALLERS = 4;

  private static final int MAX_REFUSED = 16;

  private static final Duration LOOK = Duration.ofMillis(500);
  private static final Times TIMES =
      new Times(Duration.ofSeconds(10), Duration.ofSeconds(1), Duration.ofSeconds(1));

  private final MetricsAddress address;
  private final Supplier<String> metrics;
  private final Times times;
  private final Executor threads;
  private final Worker worker;

  /** In the order they came. */
  private final Queue<Caller> callers = new ConcurrentLinkedQueue<>();

  /** Were told that there is no place; closed at once they might not get to read that. */
  private final Deque<Caller> refused = new ArrayDeque<>();

  private final ReentrantLock reading = new ReentrantLock();
  private String text;
  private long readNs;

  // The worker's; at the end, of who closes. Null until it listens.
  private Selector selector;
  private volatile ServerSocketChannel server;

  /**
   * How long what may take.
   *
   * @param patience for one caller, from his first byte to his last
   * @param turn for which nobody has to give way who waits for his answer
   * @param fresh for which what was read is served
   */
  record Times(Duration patience, Duration turn, Duration fresh) {}

  private MetricsServer(
      MetricsAddress address,
      Supplier<String> metrics,
      Times times,
      Executor threads,
      Workers crew) {
    this.address = address;
    this.metrics = metrics;
    this.times = times;
    this.threads = threads;
    this.worker = crew.add("metrics", this::round);
  }

  /**
   * Begins; it listens a moment later, or as soon as it can.
   *
   * @param metrics the text to serve
   * @param crew where its worker is shown
   */
  public static MetricsServer start(
      MetricsAddress address, Supplier<String> metrics, Workers crew) {
    return start(
        address,
        metrics,
        TIMES,
        task -> Thread.ofVirtual().name("metrics-caller").start(task),
        crew);
  }

  /**
   * The same.
   *
   * @param threads begins a thread for a caller, or throws
   */
  static MetricsServer start(
      MetricsAddress address,
      Supplier<String> metrics,
      Times times,
      Executor threads,
      Workers crew) {
    MetricsServer started = new MetricsServer(address, metrics, times, threads, crew);
    started.worker.start();
    return started;
  }

  /** Where it listens, with the port that was chosen if that was 0; null: it does not yet. */
  SocketAddress listening() throws IOException {
    ServerSocketChannel now = server;
    return now == null ? null : now.getLocalAddress();
  }

  /** Callers that have asked and wait for their answers. */
  long waiting() {
    return callers.stream().filter(Caller::waits).count();
  }

  private void listen() throws IOException {
    Path path = address.path();
    ServerSocketChannel made =
        path == null
            ? ServerSocketChannel.open()
            : ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      if (path == null) {
        made.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        made.bind(address.address());
      } else {
        SocketFile.prepare(path);
        made.bind(address.address());
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));
      }
      made.configureBlocking(false);
      selector = selector == null ? Selector.open() : selector;
      made.register(selector, SelectionKey.OP_ACCEPT);
      server = made;
    } finally {
      if (server == null) {
        made.close(); // a socket of it that stays is one that nobody listens on: the next takes it
      }
    }
  }

  private void round() throws InterruptedException {
    try {
      if (server == null) {
        listen();
      }
      selector.select(LOOK.toMillis());
      selector.selectedKeys().clear();
      SocketChannel next;
      while (!worker.stopped() && (next = server.accept()) != null) {
        take(new Caller(next));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "metrics are not served at " + address + ": " + e.getMessage(), e);
    } finally {
      cutOffTheSlow();
    }
  }

  private void cutOffTheSlow() {
    for (Caller caller : callers) {
      if (caller.age() > times.patience().toNanos()) {
        caller.cutOff();
      }
    }
    while (!refused.isEmpty() && refused.getFirst().age() > times.turn().toNanos()) {
      refused.removeFirst().cutOff();
    }
  }

  private void take(Caller caller) {
    if (callers.size() >= MAX_CALLERS && !makeRoom()) {
      refuse(caller);
      return;
    }
    callers.add(caller);
    boolean begun = false;
    try {
      threads.execute(() -> serve(caller));
      begun = true;
    } finally {
      if (!begun) {
        callers.remove(caller);
        caller.cutOff();
      }
    }
  }

  /** The oldest of those who may be cut off gives way, if there is one. */
  private boolean makeRoom() {
    for (Caller caller : callers) {
      if (!caller.waits() || caller.age() > times.turn().toNanos()) {
        caller.cutOff();
        callers.remove(caller);
        return true;
      }
    }
    return false;
  }

  private void refuse(Caller caller) {
    boolean told = false;
    try {
      caller.channel().configureBlocking(false); // a few bytes always find room
      caller.channel().write(ByteBuffer.wrap(HttpAnswer.BUSY.bytes(true)));
      caller.channel().shutdownOutput();
      told = true;
    } catch (IOException e) {
      // He is gone.
    }
    if (told && refused.size() < MAX_REFUSED) {
      refused.addLast(caller);
    } else {
      caller.cutOff();
    }
  }

  private void serve(Caller caller) {
    SocketChannel channel = caller.channel();
    try {
      HttpQuestion question = HttpQuestion.read(channel);
      caller.waits(true);
      ByteBuffer bytes = ByteBuffer.wrap(answer(question).bytes(!question.method().equals("HEAD")));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      caller.waits(false);
      // What was sent is lost if bytes of the caller's are left when the socket is closed.
      channel.shutdownOutput();
      ByteBuffer rest = ByteBuffer.allocate(HttpQuestion.MAX_BYTES);
      while (channel.read(rest) > 0) {
        rest.clear();
      }
    } catch (IOException e) {
      // He is gone, or was cut off.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      caller.cutOff();
      callers.remove(caller);
    }
  }

  private HttpAnswer answer(HttpQuestion question) throws InterruptedException {
    HttpAnswer no = question.refusal(address);
    if (no != null) {
      return no;
    }
    // Who gave way waits here still, so not for ever: else there were more and more of them.
    if (!reading.tryLock(times.turn().toNanos(), TimeUnit.NANOSECONDS)) {
      return HttpAnswer.BUSY;
    }
    try {
      return new HttpAnswer("200 OK", TextFormat.CONTENT_TYPE, fresh().getBytes(UTF_8));
    } catch (RuntimeException | Error e) { // as any caller of a call that throws
      LOG.log(Level.WARNING, "the metrics could not be read", e);
      return HttpAnswer.refuse("500 Internal Server Error", "the engine's log says why");
    } finally {
      reading.unlock();
    }
  }

  private String fresh() {
    long now = System.nanoTime();
    if (text == null || now - readNs > times.fresh().toNanos()) {
      text = metrics.get();
      readNs = now;
    }
    return text;
  }

  /** Stops serving, cuts off who is being served, and removes the socket. */
  @Override
  public void close() throws IOException {
    worker.close();
    boolean ours = server != null; // else there may be a socket of another engine
    if (ours) {
      server.close();
    }
    if (selector != null) {
      selector.close();
    }
    callers.forEach(Caller::cutOff);
    refused.forEach(Caller::cutOff);
    if (ours && address.path() != null) {
      Files.deleteIfExists(address.path());
    }
  }
}
