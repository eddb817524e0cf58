package dev.interdict.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where metrics are served: a UNIX socket or a port of the host itself. Nowhere else, since who
 * reads them need not say who he is.
 *
 * @param address a UNIX socket by its absolute path, or a loopback address and a port
 */
public record MetricsAddress(SocketAddress address) {
  private static final String UNIX = "unix:";

  /** The longest path of a socket. */
  private static final int PATH_BYTES = 107;

  private static final Pattern PORT =
      Pattern.compile("(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1]):(\\d{1,5})");

  private static final int LAST_PORT = 65_535;

  /**
   * Reads {@code unix:/path} or {@code 127.0.0.1:9417}.
   *
   * @throws IllegalArgumentException if it is neither; the message says what is wrong
   */
  public static MetricsAddress parse(String text) {
    if (text.startsWith(UNIX)) {
      return new MetricsAddress(unix(text.substring(UNIX.length())));
    }
    Matcher matcher = PORT.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "metrics go to unix:/PATH or to a port of this host, such as 127.0.0.1:9417; for others"
              + " put a proxy with TLS before it");
    }
    int port = Integer.parseInt(matcher.group(2));
    if (port > LAST_PORT) {
      throw new IllegalArgumentException("there is no port " + port);
    }
    return new MetricsAddress(new InetSocketAddress(loopback(matcher.group(1)), port));
  }

  private static UnixDomainSocketAddress unix(String text) {
    Path path = Path.of(text);
    if (!path.isAbsolute() || text.getBytes(UTF_8).length > PATH_BYTES) {
      throw new IllegalArgumentException(
          "unix: takes an absolute path of at most " + PATH_BYTES + " bytes");
    }
    return UnixDomainSocketAddress.of(path.normalize());
  }

  private static InetAddress loopback(String host) {
    try {
      InetAddress address =
          InetAddress.getByName(host.equals("localhost") ? "127.0.0.1" : host); // asks nobody
      if (!address.isLoopbackAddress()) {
        throw new IllegalArgumentException(host + " is not this host");
      }
      return address;
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(host + " is no address", e);
    }
  }

  /** Of the socket; null: a port. */
  Path path() {
    return address instanceof UnixDomainSocketAddress unix ? unix.getPath() : null;
  }

  /**
   * Whether a caller who names this host means us. A page in a browser can have its own name lead
   * to 127.0.0.1, and would read what comes.
   *
   * @param host value of the header Host, in lower case; null: there is none
   */
  boolean isMeant(String host) {
    if (path() != null || host == null) {
      return true;
    }
    String name = host.replaceFirst(":\\d*$", "");
    return Set.of("localhost", "[::1]").contains(name) || name.matches("127\\.\\d+\\.\\d+\\.\\d+");
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    if (!(address instanceof InetSocketAddress port)) {
      return UNIX + path();
    }
    boolean v6 = port.getAddress() instanceof Inet6Address; // Java would write it out
    return (v6 ? "[::1]" : port.getAddress().getHostAddress()) + ":" + port.getPort();
  }
}
