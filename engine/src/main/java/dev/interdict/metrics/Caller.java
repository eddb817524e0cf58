package dev.interdict.metrics;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.SocketChannel;

/** A connection. */
final class Caller {
  private static final Logger LOG = System.getLogger(Caller.class.getName());

  private final SocketChannel channel;
  private final long sinceNs = System.nanoTime();
  private volatile boolean waits;

  Caller(SocketChannel channel) {
    this.channel = channel;
  }

  SocketChannel channel() {
    return channel;
  }

  /**
   * Whether he has asked and has not all of his answer yet. Who has not asked, or does not go when
   * he has it, keeps a place for nothing.
   */
  void waits(boolean now) {
    waits = now;
  }

  boolean waits() {
    return waits;
  }

  /** In nanoseconds. */
  long age() {
    return System.nanoTime() - sinceNs;
  }

  /** Ends what his thread waits for, too. */
  void cutOff() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a socket did not close", e);
    }
  }
}
