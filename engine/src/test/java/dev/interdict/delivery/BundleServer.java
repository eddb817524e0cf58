package dev.interdict.delivery;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A bundle server as OPA's documentation describes one: tags, long polls, and the status API. */
public final class BundleServer implements AutoCloseable {
  private static final Pattern WAIT = Pattern.compile("wait=(\\d+)");

  final List<Headers> requests = new ArrayList<>();
  final List<String> reports = new ArrayList<>();
  private final HttpServer server;
  private int strangers;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private byte[] bundle = new byte[0];
  private int version;
  private int status = 200;
  private int reportStatus = 200;
  private boolean longPolls;

  /** Listens on the loopback interface. */
  public BundleServer() throws IOException {
    this(HttpServer.create());
  }

  BundleServer(HttpServer server) throws IOException {
    this.server = server;
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/bundles/", this::serve);
    server.createContext("/status", this::report);
    server.createContext("/elsewhere", this::stranger);
    server.start();
  }

  /** Its URL, without a path. */
  public URI url(String scheme) {
    return URI.create(scheme + "://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Has this archive from now on, under a new tag. */
  public synchronized void serve(byte[] newBundle) {
    bundle = newBundle;
    version++;
    status = 200;
    notifyAll();
  }

  synchronized void fail(int newStatus) {
    status = newStatus;
    version++;
    notifyAll();
  }

  synchronized void failReports(int newStatus) {
    reportStatus = newStatus;
  }

  synchronized void longPolls() {
    longPolls = true;
  }

  private synchronized void serve(HttpExchange exchange) throws IOException {
    requests.add(exchange.getRequestHeaders());
    String known = exchange.getRequestHeaders().getFirst("If-None-Match");
    Matcher wait = WAIT.matcher(String.valueOf(exchange.getRequestHeaders().getFirst("Prefer")));
    long end =
        System.nanoTime() + (wait.find() ? Long.parseLong(wait.group(1)) : 0) * 1_000_000_000;
    while (longPolls && tag().equals(known) && System.nanoTime() < end) {
      try {
        wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
      } catch (InterruptedException e) {
        return;
      }
    }
    if (status == 302) {
      exchange.getResponseHeaders().set("Location", url("http") + "/elsewhere");
    }
    if (status != 200) {
      exchange.sendResponseHeaders(status, -1);
    } else if (tag().equals(known)) {
      exchange.sendResponseHeaders(304, -1);
    } else {
      exchange.getResponseHeaders().set("ETag", tag());
      exchange
          .getResponseHeaders()
          .set(
              "Content-Type",
              longPolls ? "application/vnd.openpolicyagent.bundles" : "application/gzip");
      exchange.sendResponseHeaders(200, bundle.length);
      exchange.getResponseBody().write(bundle);
    }
    exchange.close();
  }

  /* Where a redirection leads. */
  private synchronized void stranger(HttpExchange exchange) throws IOException {
    strangers++;
    exchange.sendResponseHeaders(503, -1);
    exchange.close();
  }

  /** How often somebody followed a redirection. */
  synchronized int strangers() {
    return strangers;
  }

  private String tag() {
    return "\"v" + version + "\"";
  }

  private synchronized void report(HttpExchange exchange) throws IOException {
    String body =
        new String(
            exchange.getRequestBody().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    reports.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + body);
    exchange.sendResponseHeaders(reportStatus, -1);
    exchange.close();
  }

  synchronized List<String> reports() {
    return List.copyOf(reports);
  }

  synchronized List<Headers> requests() {
    return List.copyOf(requests);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
