package dev.interdict.delivery;

import dev.interdict.bundle.BundleArchive;
import dev.interdict.bundle.BundleException;
import dev.interdict.bundle.Limits;
import dev.interdict.delivery.DeliveryConfig.Remote;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/**
 * A bundle server, asked as OPA asks: {@code If-None-Match} with the tag of what is there, and
 * {@code Prefer: modes=snapshot;wait=N} for a long poll. A server that can do those says so by its
 * content type.
 */
final class HttpFetcher implements BundleFetcher {
  private static final String LONG_POLLING = "application/vnd.openpolicyagent.bundles";
  private static final int OK = 200;
  private static final int NOT_MODIFIED = 304;

  private final Remote remote;
  private final Duration longPoll;
  private final HttpService http;
  private boolean waits;

  /**
   * @param longPoll null: the server is not asked to wait
   */
  HttpFetcher(Remote remote, Duration longPoll) {
    this.remote = remote;
    this.longPoll = longPoll;
    this.http = new HttpService(remote.service());
    this.waits = longPoll != null;
  }

  @Override
  public Fetched fetch(String etag) throws FetchException, BundleException, InterruptedException {
    boolean asked = waits;
    // Deltas are not asked for: nobody can sign them.
    HttpRequest.Builder request =
        http.request(remote.uri())
            .header("Prefer", "modes=snapshot" + (asked ? ";wait=" + longPoll.toSeconds() : ""))
            .GET();
    if (!etag.isEmpty()) {
      request.header("If-None-Match", etag);
    }
    HttpResponse<byte[]> response =
        http.send(request, asked ? longPoll : Duration.ZERO, Limits.DEFAULT.packed());
    return switch (response.statusCode()) {
      case NOT_MODIFIED ->
          new Fetched(null, response.headers().firstValue("ETag").orElse(etag), 0, asked);
      case OK -> {
        waits =
            longPoll != null
                && response.headers().firstValue("Content-Type").orElse("").equals(LONG_POLLING);
        byte[] body = response.body();
        yield new Fetched(
            BundleArchive.unpack(body, Limits.DEFAULT),
            response.headers().firstValue("ETag").orElse(""),
            body.length,
            waits);
      }
      default ->
          throw new FetchException(
              "%s answered with status %d".formatted(remote.uri(), response.statusCode()),
              response.statusCode(),
              null);
    };
  }

  @Override
  public void close() {
    http.close();
  }
}
