package dev.interdict.attach;

import dev.interdict.libbpf.Interfaces;
import java.util.Optional;
import java.util.OptionalInt;

/** What the frames of an interface begin with, and so which program reads them. */
public enum LinkHeader {
  /** Ethernet: also loopback, bridges, VLANs, veth, Wi-Fi. */
  ETHERNET("xdp_ingress"),
  /** Nothing: frames begin with the IP header. */
  NONE("xdp_ingress_ip");

  private static final String TUN = "tun/tun";
  private static final String TAP = "tun/tap";

  private final String program;

  LinkHeader(String program) {
    this.program = program;
  }

  /** The packet program for such frames. */
  String program() {
    return program;
  }

  /**
   * What frames of the interface {@code name} begin with; empty if that is none of these.
   *
   * <p>Who owns a tun device may give it any type; its driver tells what it is.
   */
  public static Optional<LinkHeader> of(String name) {
    OptionalInt type = Interfaces.type(name);
    String driver = Interfaces.driver(name).orElse("");
    if (type.isEmpty()) {
      return Optional.empty();
    }
    return switch (driver) {
      case TUN -> Optional.of(NONE);
      case TAP -> Optional.of(ETHERNET);
      default -> ofType(type.getAsInt());
    };
  }

  /** Why an interface that has neither cannot be guarded. */
  public static String unknown(String name) {
    OptionalInt type = Interfaces.type(name);
    return "its frames begin with a header that the packet program does not know"
        + (type.isPresent() ? " (link type " + type.getAsInt() + ")" : "");
  }

  /**
   * By {@code ARPHRD_*}. Other tunnels (SIT, GRE, IPv6) have no header either, but show XDP the
   * outer packet on some kernels and the inner one on others.
   */
  static Optional<LinkHeader> ofType(int type) {
    return switch (type) {
      case 1, 772 -> Optional.of(ETHERNET); // ETHER, LOOPBACK
      case 65534, 512, 768 -> Optional.of(NONE); // NONE (WireGuard), PPP, TUNNEL (ipip)
      default -> Optional.empty();
    };
  }
}
