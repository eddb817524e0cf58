package dev.interdict.delivery;

import dev.interdict.control.Version;
import dev.interdict.delivery.DeliveryConfig.Service;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Requests to one service. Redirections are not followed: they would carry the token to whomever
 * the answer names. Safe for use by many threads.
 */
final class HttpService implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** For a body of the largest size over a slow line. */
  private static final Duration TRANSFER = Duration.ofSeconds(60);

  private final Service service;
  private HttpClient client;

  HttpService(Service service) {
    this.service = service;
  }

  /** A request with the service's headers. */
  HttpRequest.Builder request(URI uri) throws FetchException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri).header("User-Agent", "Interdict/" + Version.current());
    try {
      service.headers().forEach(request::header);
      if (service.token() != null) {
        request.header("Authorization", "Bearer " + Files.readString(service.token()).strip());
      }
    } catch (IllegalArgumentException e) {
      throw new FetchException("a header cannot be sent: " + e.getMessage(), 0, e);
    } catch (IOException e) {
      throw new FetchException("cannot read the token " + service.token() + ": " + e, 0, e);
    }
    return request;
  }

  /**
   * Sends and gets the whole answer.
   *
   * @param wait how long the server may keep the request beside the service's patience
   * @param maxBytes of the body
   * @throws FetchException if there is no answer in time, or it is larger
   */
  HttpResponse<byte[]> send(HttpRequest.Builder builder, Duration wait, int maxBytes)
      throws FetchException, InterruptedException {
    Duration answer = service.patience().plus(wait);
    HttpRequest request = builder.timeout(answer).build();
    CompletableFuture<HttpResponse<byte[]>> response = null;
    try {
      response =
          client()
              .sendAsync(
                  request,
                  HttpResponse.BodyHandlers.limiting(
                      HttpResponse.BodyHandlers.ofByteArray(), maxBytes));
      return response.get(answer.plus(TRANSFER).toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new FetchException(
          "no answer from " + request.uri() + ": " + reason(e.getCause()), 0, e);
    } catch (TimeoutException e) {
      throw new FetchException("no whole answer from " + request.uri() + " in time", 0, e);
    } catch (IOException | GeneralSecurityException e) {
      throw new FetchException(
          "cannot use the certificates in " + service.authorities() + ": " + e, 0, e);
    } finally {
      if (response != null) {
        response.cancel(true);
      }
    }
  }

  /** The client says "ConnectException: null"; what is meant stands in its cause, if anywhere. */
  private static String reason(Throwable thrown) {
    Throwable deepest = thrown;
    while (deepest.getMessage() == null && deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    return thrown.getClass().getSimpleName()
        + (deepest.getMessage() == null ? "" : ": " + deepest.getMessage());
  }

  private synchronized HttpClient client() throws IOException, GeneralSecurityException {
    if (client == null) {
      HttpClient.Builder builder =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .followRedirects(HttpClient.Redirect.NEVER)
              .connectTimeout(CONNECT);
      if (service.authorities() != null) {
        builder.sslContext(onlyTrusting());
      }
      client = builder.build();
    }
    return client;
  }

  private SSLContext onlyTrusting() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream pem = Files.newInputStream(service.authorities())) {
      int count = 0;
      for (Certificate authority :
          CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        store.setCertificateEntry("authority" + count++, authority);
      }
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.shutdownNow();
    }
  }
}
