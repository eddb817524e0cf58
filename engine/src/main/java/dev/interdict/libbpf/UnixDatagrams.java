package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Messages to another process's UNIX datagram socket; Java's UNIX sockets are streams only. */
public final class UnixDatagrams {
  /** {@code struct sockaddr_un}: the family, then the path. */
  private static final int PATH_AT = 2;

  /** The longest path that leaves room for its NUL. */
  private static final int PATH_BYTES = 107;

  private UnixDatagrams() {}

  /** Whether {@link #send} knows such an address: an absolute path, or {@code @NAME}. */
  public static boolean isAddress(String address) {
    return address.length() > 1
        && (address.startsWith("/") || address.startsWith("@"))
        && address.getBytes(StandardCharsets.UTF_8).length <= PATH_BYTES;
  }

  /**
   * Sends one message, whole or not at all. Never waits: a receiver that does not read must not
   * stop who tells it something.
   *
   * @param address an absolute path, or {@code @NAME} for a name in the kernel's own list
   * @throws BpfException {@code EAGAIN} if the receiver's queue is full, {@code ECONNREFUSED} or
   *     {@code ENOENT} if there is none; nothing was sent
   */
  public static void send(String address, byte[] message) {
    if (!isAddress(address)) {
      throw new IllegalArgumentException(address);
    }
    byte[] name = address.getBytes(StandardCharsets.UTF_8);
    try (Arena arena = Arena.ofConfined()) {
      // A name of the kernel's list has no NUL at its end: each byte of the length counts.
      boolean path = name[0] == '/';
      MemorySegment to = arena.allocate(PATH_AT + name.length + (path ? 1 : 0), Short.BYTES);
      to.set(JAVA_SHORT, 0, (short) LibC.AF_UNIX);
      MemorySegment.copy(name, 0, to, JAVA_BYTE, PATH_AT, name.length);
      if (!path) {
        to.set(JAVA_BYTE, PATH_AT, (byte) 0);
      }
      LibC.sendDatagram(address, to, arena.allocateFrom(JAVA_BYTE, message));
    }
  }
}
