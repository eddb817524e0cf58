package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Names, numbers and kinds of network interfaces, in the calling thread's network namespace (sysfs
 * shows those of whoever mounted it).
 */
public final class Interfaces {
  private static final long SIOCGIFHWADDR = 0x8927;
  private static final long SIOCETHTOOL = 0x8946;
  private static final int ETHTOOL_GDRVINFO = 3;

  /** struct ifreq: the name, then what the request is about. */
  private static final int REQUEST_BYTES = 40;

  private static final int NAME_BYTES = 16;

  /** struct ethtool_drvinfo: cmd, driver, version, fw_version, bus_info, and more. */
  private static final int DRIVER_INFO_BYTES = 196;

  private static final int DRIVER_OFFSET = 4;
  private static final int BUS_OFFSET = 100;

  private Interfaces() {}

  /** The number of the interface {@code name}; empty if there is none. */
  public static OptionalInt index(String name) {
    int index = LibC.interfaceIndex(name);
    return index == 0 ? OptionalInt.empty() : OptionalInt.of(index);
  }

  /** The name of the interface with this number; empty if it is gone. */
  public static Optional<String> name(int index) {
    return Optional.ofNullable(LibC.interfaceName(index));
  }

  /** The kind of link of an interface, {@code ARPHRD_*}; empty if there is none of this name. */
  public static OptionalInt type(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = request(name, arena);
      return request != null && LibC.interfaceRequest(SIOCGIFHWADDR, request)
          ? OptionalInt.of(Short.toUnsignedInt(request.get(JAVA_SHORT, NAME_BYTES)))
          : OptionalInt.empty();
    }
  }

  /**
   * The driver of an interface and what that calls its place, such as {@code tun/tap}; empty if the
   * driver does not say.
   */
  public static Optional<String> driver(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = request(name, arena);
      MemorySegment info = arena.allocate(DRIVER_INFO_BYTES, 8);
      info.set(JAVA_INT, 0, ETHTOOL_GDRVINFO);
      if (request == null) {
        return Optional.empty();
      }
      request.set(ADDRESS, NAME_BYTES, info);
      return LibC.interfaceRequest(SIOCETHTOOL, request)
          ? Optional.of(info.getString(DRIVER_OFFSET) + "/" + info.getString(BUS_OFFSET))
          : Optional.empty();
    }
  }

  private static MemorySegment request(String name, Arena arena) {
    byte[] bytes = name.getBytes(UTF_8);
    if (bytes.length >= NAME_BYTES) {
      return null;
    }
    MemorySegment request = arena.allocate(REQUEST_BYTES, 8);
    MemorySegment.copy(bytes, 0, request, JAVA_BYTE, 0, bytes.length);
    return request;
  }
}
