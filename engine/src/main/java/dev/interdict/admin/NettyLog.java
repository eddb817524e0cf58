package dev.interdict.admin;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps Netty from remarking that gRPC's TCP options do not exist on UNIX sockets, and that a
 * network namespace may have no hardware address to make an identity of.
 */
final class NettyLog {
  private static final String NETTY = "io.grpc.netty.shaded.io.netty.";

  /** Held, because the logging framework holds loggers weakly and would forget the level. */
  private static final List<Logger> TALKATIVE =
      List.of(
          Logger.getLogger(NETTY + "bootstrap"),
          Logger.getLogger(NETTY + "util.internal.MacAddressUtil"));

  private NettyLog() {}

  static void quiet() {
    TALKATIVE.forEach(logger -> logger.setLevel(Level.SEVERE));
  }
}
