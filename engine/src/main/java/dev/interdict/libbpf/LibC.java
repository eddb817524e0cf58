package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/** The functions of the C library that Java does not offer. */
final class LibC {
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_ANONYMOUS = 32;
  private static final int CLOCK_BOOTTIME = 7;

  /** O_DIRECTORY is an architecture's own number; O_RDONLY | O_CLOEXEC will do. */
  private static final int O_FLAGS = 02000000;

  /** O_RDONLY | O_NONBLOCK | O_CLOEXEC: a FIFO would have who opens it wait for a writer. */
  private static final int O_READ = 02004000;

  private static final int READ_BYTES = 1 << 16;
  private static final long PATH_MAX = 4096;
  private static final short POLLIN = 1;
  private static final int INTERFACE_NAME_BYTES = 16;
  static final int AF_UNIX = 1;
  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final Linker.Option WITH_ERRNO = Linker.Option.captureCallState("errno");

  private static final MethodHandle MMAP =
      Native.libc(
          "mmap",
          FunctionDescriptor.of(
              JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG),
          WITH_ERRNO);
  private static final MethodHandle MUNMAP =
      Native.libc("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle CLOSE =
      Native.libc("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle POLL =
      Native.libc(
          "poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT), WITH_ERRNO);
  private static final MethodHandle OPEN =
      Native.libc("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), WITH_ERRNO);
  private static final MethodHandle READ =
      Native.libc(
          "read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG), WITH_ERRNO);
  private static final MethodHandle OPEN_BY_HANDLE_AT =
      Native.libc(
          "open_by_handle_at", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle NAME_TO_HANDLE_AT =
      Native.libc(
          "name_to_handle_at",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_INT));
  private static final MethodHandle OPENAT =
      Native.libc("openat", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle READLINK =
      Native.libc(
          "readlink", FunctionDescriptor.of(JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG), WITH_ERRNO);
  private static final MethodHandle IF_NAMETOINDEX =
      Native.libc("if_nametoindex", FunctionDescriptor.of(JAVA_INT, ADDRESS));
  private static final MethodHandle IF_INDEXTONAME =
      Native.libc("if_indextoname", FunctionDescriptor.of(ADDRESS, JAVA_INT, ADDRESS));
  private static final MethodHandle SOCKET =
      Native.libc(
          "socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT), WITH_ERRNO);
  private static final MethodHandle SENDTO =
      Native.libc(
          "sendto",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT),
          WITH_ERRNO);
  private static final MethodHandle IOCTL =
      Native.libc(
          "ioctl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle SETPRIORITY =
      Native.libc("setpriority", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  // Critical: no transition of the thread, and the result goes straight to a Java array.
  private static final MethodHandle CLOCK_GETTIME =
      Native.libc(
          "clock_gettime",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS),
          Linker.Option.critical(true));

  private static final int PAGE_BYTES =
      (int) Native.call(Native.libc("getpagesize", FunctionDescriptor.of(JAVA_INT)));

  private LibC() {}

  static int pageBytes() {
    return PAGE_BYTES;
  }

  /**
   * Maps {@code bytes} of {@code fd} from {@code offset}; reinterpreted to that size, unmapped by
   * {@code arena}.
   */
  static MemorySegment mmap(
      String name, int fd, long offset, long bytes, boolean writable, Arena arena) {
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    MemorySegment memory = mmap(name, bytes, protection, MAP_SHARED, fd, offset, arena);
    return writable ? memory : memory.asReadOnly();
  }

  /** Zeroed memory that costs nothing until it is touched. */
  static MemorySegment mmapAnonymous(long bytes, Arena arena) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    return mmap("a buffer", bytes, PROT_READ | PROT_WRITE, flags, -1, 0, arena);
  }

  private static MemorySegment mmap(
      String name, long bytes, int protection, int flags, int fd, long offset, Arena arena) {
    int[] errno = new int[1];
    long address =
        (long) Native.call(errno, MMAP, MemorySegment.NULL, bytes, protection, flags, fd, offset);
    if (address == -1) {
      throw new BpfException("map into memory", name, errno[0]);
    }
    return MemorySegment.ofAddress(address)
        .reinterpret(bytes, arena, s -> munmap(s.address(), bytes));
  }

  private static void munmap(long address, long bytes) {
    Native.call(MUNMAP, MemorySegment.ofAddress(address), bytes);
  }

  static void close(int fd) {
    Native.call(CLOSE, fd);
  }

  /**
   * Waits until one of {@code fds} can be read.
   *
   * @return how many can; 0 after {@code timeoutMs} or when a signal came
   */
  static int poll(int[] fds, int timeoutMs) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment array = arena.allocate(8L * fds.length, 8);
      for (int i = 0; i < fds.length; i++) {
        array.set(JAVA_INT, 8L * i, fds[i]);
        array.set(JAVA_SHORT, 8L * i + 4, POLLIN);
      }
      int[] errno = new int[1];
      int ready = (int) Native.call(errno, POLL, array, (long) fds.length, timeoutMs);
      if (ready < 0 && errno[0] != Errno.EINTR) {
        throw new BpfException("wait for records", "", errno[0]);
      }
      return Math.max(ready, 0);
    }
  }

  /** A descriptor of a directory, not for reading it. */
  static int openDirectory(Path directory) {
    return open(directory, O_FLAGS);
  }

  /** A descriptor of whatever is there, for reading, and without waiting. */
  static int openToRead(Path file) {
    return open(file, O_READ);
  }

  private static int open(Path path, int flags) {
    int[] errno = new int[1];
    try (Arena arena = Arena.ofConfined()) {
      int fd = (int) Native.call(errno, OPEN, arena.allocateFrom(path.toString()), flags);
      if (fd < 0) {
        throw new BpfException("open", path.toString(), errno[0]);
      }
      return fd;
    }
  }

  /** What {@code fd} has, up to its end, at most {@code most} bytes. */
  static byte[] read(String name, int fd, int most) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    int[] errno = new int[1];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment part = arena.allocate(READ_BYTES);
      while (all.size() < most) {
        long wanted = Math.min(READ_BYTES, most - all.size());
        long got = (long) Native.call(errno, READ, fd, part, wanted);
        if (got < 0) {
          throw new BpfException("read", name, errno[0]);
        }
        if (got == 0) {
          break;
        }
        all.writeBytes(part.asSlice(0, got).toArray(JAVA_BYTE));
      }
    }
    return all.toByteArray();
  }

  /** A descriptor of what {@code handle} stands for; negative if it is gone or not allowed. */
  static int openByHandle(int mount, MemorySegment handle) {
    return (int) Native.call(OPEN_BY_HANDLE_AT, mount, handle, O_FLAGS);
  }

  /** Fills in the handle of what {@code path} names; false if there is no such thing. */
  static boolean nameToHandle(MemorySegment path, MemorySegment handle, MemorySegment mountId) {
    return (int) Native.call(NAME_TO_HANDLE_AT, -1, path, handle, mountId, 0) == 0;
  }

  /** A descriptor of a directory, by its path from another one; negative if there is none. */
  static int openDirectory(int from, String path) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) Native.call(OPENAT, from, arena.allocateFrom(path), O_FLAGS);
    }
  }

  /** What a symbolic link says, as bytes; empty, with the reason in {@code errno[0]}, if not. */
  static Optional<byte[]> readlink(String link, int[] errno) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(PATH_MAX);
      long length =
          (long) Native.call(errno, READLINK, arena.allocateFrom(link), text, text.byteSize());
      return length < 0
          ? Optional.empty()
          : Optional.of(text.asSlice(0, length).toArray(JAVA_BYTE));
    }
  }

  /** The number of an interface in the calling thread's network namespace; 0 if there is none. */
  static int interfaceIndex(String name) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) Native.call(IF_NAMETOINDEX, arena.allocateFrom(name));
    }
  }

  /** The name of an interface of that namespace; null if there is none of this number. */
  static String interfaceName(int index) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(INTERFACE_NAME_BYTES);
      MemorySegment found = (MemorySegment) Native.call(IF_INDEXTONAME, index, name);
      return found.address() == 0 ? null : name.getString(0);
    }
  }

  /** Asks about an interface of that namespace; false if the kernel does not answer. */
  static boolean interfaceRequest(long request, MemorySegment interfaceRequest) {
    int fd = (int) Native.call(new int[1], SOCKET, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      return false;
    }
    boolean answered = (int) Native.call(IOCTL, fd, request, interfaceRequest) == 0;
    close(fd);
    return answered;
  }

  /**
   * Sends one datagram to a UNIX socket, without waiting.
   *
   * @param name of the address, for messages
   * @param to {@code struct sockaddr_un}, as long as what counts of it
   */
  static void sendDatagram(String name, MemorySegment to, MemorySegment message) {
    int[] errno = new int[1];
    int fd = (int) Native.call(errno, SOCKET, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      throw new BpfException("make a socket for", name, errno[0], "");
    }
    try {
      int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      long bytes = message.byteSize();
      long sent =
          (long) Native.call(errno, SENDTO, fd, message, bytes, flags, to, (int) to.byteSize());
      if (sent < 0) {
        throw new BpfException("send to", name, errno[0], "");
      }
    } finally {
      close(fd);
    }
  }

  /**
   * Sets the nice value of a thread, which Linux keeps per thread; false if it may not.
   *
   * @param thread its number; 0 for the calling one
   * @param value -20, the best, to 19
   */
  static boolean nice(int thread, int value) {
    int process = 0;
    return (int) Native.call(SETPRIORITY, process, thread, value) == 0;
  }

  /** CLOCK_BOOTTIME in nanoseconds. */
  static long bootTimeNs() {
    long[] time = new long[2];
    try {
      int result = (int) CLOCK_GETTIME.invokeExact(CLOCK_BOOTTIME, MemorySegment.ofArray(time));
      if (result != 0) {
        throw new IllegalStateException("clock_gettime(CLOCK_BOOTTIME) failed");
      }
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
    return time[0] * 1_000_000_000L + time[1];
  }
}
