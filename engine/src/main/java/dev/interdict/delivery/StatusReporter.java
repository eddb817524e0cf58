package dev.interdict.delivery;

import dev.interdict.delivery.DeliveryConfig.StatusTarget;
import dev.interdict.worker.Worker;
import java.lang.System.Logger.Level;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Tells a service how the bundles are. What is sent is what is true at that moment: news that come
 * while nobody can be told become one report, so that nothing piles up. Nothing waits for it.
 */
final class StatusReporter implements Worker.Round, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(StatusReporter.class.getName());
  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration LAST_RETRY = Duration.ofMinutes(1);

  /** Answers of the status API have no content that matters. */
  private static final int MAX_ANSWER_BYTES = 64 << 10;

  private final StatusTarget target;
  private final HttpService http;
  private final Supplier<byte[]> body;
  private final DeliveryCounters counters;
  private Duration retry = FIRST_RETRY;
  private boolean news;

  StatusReporter(StatusTarget target, Supplier<byte[]> body, DeliveryCounters counters) {
    this.target = target;
    this.http = new HttpService(target.service());
    this.body = body;
    this.counters = counters;
  }

  /** There is something to tell. Returns at once. */
  synchronized void news() {
    news = true;
    notifyAll();
  }

  private synchronized void awaitNews() throws InterruptedException {
    while (!news) {
      wait();
    }
    news = false;
  }

  /** After its last round. */
  @Override
  public void close() {
    http.close();
  }

  @Override
  public void run() throws InterruptedException {
    awaitNews();
    boolean sent = false;
    try {
      sent = send();
    } finally {
      if (!sent) {
        news(); // whatever kept it back: the next round tries again
      }
    }
    if (sent) {
      retry = FIRST_RETRY;
      return;
    }
    Thread.sleep(retry);
    Duration doubled = retry.multipliedBy(2);
    retry = doubled.compareTo(LAST_RETRY) < 0 ? doubled : LAST_RETRY;
  }

  private boolean send() throws InterruptedException {
    String problem;
    try {
      HttpRequest.Builder request =
          http.request(target.uri())
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofByteArray(body.get()));
      HttpResponse<byte[]> response = http.send(request, Duration.ZERO, MAX_ANSWER_BYTES);
      if (response.statusCode() / 100 == 2) {
        counters.reportsSent.incrementAndGet();
        return true;
      }
      problem = target.uri() + " answered with status " + response.statusCode();
    } catch (FetchException e) {
      problem = e.getMessage();
    }
    if (counters.reportsFailed.incrementAndGet() == 1) { // later ones are counted only
      LOG.log(Level.WARNING, "a status report was not taken and is tried again: {0}", problem);
    }
    return false;
  }
}
