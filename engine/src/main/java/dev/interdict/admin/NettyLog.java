package dev.interdict.admin;

import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps Netty from remarking on each connection that gRPC's TCP options do not exist on UNIX
 * sockets.
 */
final class NettyLog {
  /** Held, because the logging framework holds loggers weakly and would forget the level. */
  private static final Logger BOOTSTRAP =
      Logger.getLogger("io.grpc.netty.shaded.io.netty.bootstrap");

  private NettyLog() {}

  static void quiet() {
    BOOTSTRAP.setLevel(Level.SEVERE);
  }
}
