package dev.interdict.testkit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The service manager's end: a real datagram socket, bound to a path or to an abstract name. */
public final class NotifySocket implements AutoCloseable {
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM_CLOEXEC = 2 | 02000000;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int LONGEST = 4096;

  private static final MethodHandle SOCKET = libc("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle BIND = libc("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle RECV =
      libc("recv", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle CLOSE = libc("close", JAVA_INT, JAVA_INT);

  private final int fd;
  private final String address;

  private static MethodHandle libc(String name, MemoryLayout result, MemoryLayout... parameters) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().find(name).orElseThrow(), FunctionDescriptor.of(result, parameters));
  }

  private static Object call(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Binds to an absolute path, or to {@code @NAME}. */
  public NotifySocket(String address) {
    this.address = address;
    fd = (int) call(SOCKET, AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    byte[] name = address.replaceFirst("^@", "\0").getBytes(StandardCharsets.UTF_8);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment to = arena.allocate(2 + name.length, 2);
      to.set(JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(name, 0, to, JAVA_BYTE, 2, name.length);
      if ((int) call(BIND, fd, to, 2 + name.length) != 0) {
        throw new AssertionError("cannot bind " + address);
      }
    }
  }

  /** As {@code NOTIFY_SOCKET} has it. */
  public String address() {
    return address;
  }

  /** What has come since the last call: a message each, its lines joined with spaces. */
  public List<String> messages() {
    List<String> all = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(LONGEST);
      for (long n; (n = (long) call(RECV, fd, text, (long) LONGEST, MSG_DONTWAIT)) >= 0; ) {
        String message = new String(text.asSlice(0, n).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        all.add(message.replace('\n', ' '));
      }
    }
    return all;
  }

  @Override
  public void close() {
    call(CLOSE, fd);
  }
}
