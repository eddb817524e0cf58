package dev.interdict.delivery;

import dev.interdict.bundle.Trust;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where bundles come from, whom to trust, and whom to tell; the part of OPA's own configuration
 * that is about bundles. Immutable.
 *
 * @param status null: nobody is told
 * @param labels what tells this host from others in reports
 */
public record DeliveryConfig(
    List<Source> sources, StatusTarget status, Map<String, String> labels) {
  /** No bundles. */
  public static final DeliveryConfig NONE = new DeliveryConfig(List.of(), null, Map.of());

  public DeliveryConfig {
    sources = List.copyOf(sources);
    labels = Map.copyOf(labels);
  }

  /**
   * A source of bundles.
   *
   * @param name by which its policies are told from others'
   * @param lockouts names of its policies that may refuse what the host, or each program of their
   *     scope, needs
   */
  public record Source(
      String name, Location location, Polling polling, Trust trust, Set<String> lockouts) {
    public Source {
      lockouts = Set.copyOf(lockouts);
    }

    /** One that locks nobody out. */
    public Source(String name, Location location, Polling polling, Trust trust) {
      this(name, location, polling, trust, Set.of());
    }
  }

  /** Where bundles lie. */
  public sealed interface Location {}

  /** An archive, or a folder with what would be in it. */
  public record Local(Path path) implements Location {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /** A bundle server. */
  public record Remote(Service service, URI uri) implements Location {
    @Override
    public String toString() {
      return uri.toString();
    }
  }

  /**
   * An HTTP service.
   *
   * @param headers sent with each request
   * @param token a file with a bearer token, read for each request so that it can be renewed; null:
   *     none
   * @param authorities a PEM file with the certificates that count for this service; null: those of
   *     the Java runtime
   * @param patience for an answer to begin, beside what a long poll waits
   */
  public record Service(
      URI url, Map<String, String> headers, Path token, Path authorities, Duration patience) {
    /** {@code path} below the service's URL. */
    URI resolve(String path) {
      return URI.create(url.toString().replaceAll("/+$", "") + "/" + path.replaceAll("^/+", ""));
    }
  }

  /**
   * When a source is asked; between the two times, by chance, so that a fleet does not ask as one.
   *
   * @param longPoll how long the server may keep a request until there is something new; null: it
   *     is not asked to
   */
  public record Polling(Duration min, Duration max, Duration longPoll) {}

  /**
   * Who gets reports, by OPA's status API.
   *
   * @param uri {@code status} or {@code status/PARTITION} below the service's URL
   */
  public record StatusTarget(Service service, URI uri) {}
}
