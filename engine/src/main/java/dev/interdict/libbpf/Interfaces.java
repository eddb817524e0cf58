package dev.interdict.libbpf;

import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Optional;
import java.util.OptionalInt;

/** Names and numbers of network interfaces, in the calling thread's network namespace. */
public final class Interfaces {
  private Interfaces() {}

  /** The number of the interface {@code name}; empty if there is none. */
  public static OptionalInt index(String name) {
    int index = LibC.interfaceIndex(name);
    return index == 0 ? OptionalInt.empty() : OptionalInt.of(index);
  }

  /** The name of the interface with this number; empty if it is gone. */
  public static Optional<String> name(int index) {
    try {
      return Optional.ofNullable(NetworkInterface.getByIndex(index)).map(NetworkInterface::getName);
    } catch (SocketException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
