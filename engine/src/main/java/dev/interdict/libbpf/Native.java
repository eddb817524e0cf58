package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** How C functions are found and called: one door, so that errno is read in the call it is of. */
final class Native {
  /** 1.1 is Debian 12's; set_log_buf, set_autocreate and strict errors are there since 1.0. */
  static final int LIBBPF_MAJOR = 1;

  static final int LIBBPF_MINOR = 1;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final SymbolLookup LIBC = LINKER.defaultLookup();
  private static final AddressLayout C_STRING =
      ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(Long.MAX_VALUE, JAVA_BYTE));

  private static volatile SymbolLookup libbpf;

  private Native() {}

  /**
   * Makes sure that a usable libbpf is there.
   *
   * @throws BpfException if it is missing or too old; the message names the package
   */
  static void requireLibBpf() {
    if (libbpf != null) {
      return;
    }
    SymbolLookup found;
    try {
      found = SymbolLookup.libraryLookup("libbpf.so.1", Arena.global());
    } catch (IllegalArgumentException e) {
      throw new BpfException(
          "open library",
          "libbpf.so.1",
          0,
          "it is not installed; on Debian and Ubuntu: apt-get install libbpf1, on Fedora: dnf install"
              + " libbpf");
    }
    libbpf = found;
    int major = version("libbpf_major_version");
    int minor = version("libbpf_minor_version");
    if (major != LIBBPF_MAJOR || minor < LIBBPF_MINOR) {
      libbpf = null;
      throw new BpfException(
          "use library",
          "libbpf.so.1",
          0,
          "its version is %d.%d, needed is %d.%d or a later %d.x; install a newer libbpf1"
              .formatted(major, minor, LIBBPF_MAJOR, LIBBPF_MINOR, LIBBPF_MAJOR));
    }
    Messages.install();
  }

  /** Of the library that is used. */
  static String libbpfVersion() {
    return version("libbpf_major_version") + "." + version("libbpf_minor_version");
  }

  private static int version(String function) {
    return (int) call(libbpf(function, JAVA_INT));
  }

  /** A function of libbpf that returns a value. */
  static MethodHandle libbpf(String name, MemoryLayout result, MemoryLayout... parameters) {
    return LINKER.downcallHandle(
        symbol(libbpf, name), FunctionDescriptor.of(nullTerminated(result), parameters));
  }

  /** A function of libbpf that returns nothing. */
  static MethodHandle libbpfVoid(String name, MemoryLayout... parameters) {
    return LINKER.downcallHandle(symbol(libbpf, name), FunctionDescriptor.ofVoid(parameters));
  }

  /** A function of libbpf that returns a pointer and, when that is NULL, sets errno. */
  static MethodHandle libbpfPointer(String name, MemoryLayout... parameters) {
    return LINKER.downcallHandle(
        symbol(libbpf, name),
        FunctionDescriptor.of(ADDRESS, parameters),
        Linker.Option.captureCallState("errno"));
  }

  /** A function of the C library. */
  static MethodHandle libc(String name, FunctionDescriptor type, Linker.Option... options) {
    return LINKER.downcallHandle(symbol(LIBC, name), type, options);
  }

  /** Makes {@code target} callable from C until the process ends. */
  static MemorySegment upcall(MethodHandle target, FunctionDescriptor type) {
    return LINKER.upcallStub(target, type, Arena.global());
  }

  /** Calls a function that is not on a hot path. */
  static Object call(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * Calls a function that was bound with errno.
   *
   * @return its result, and in {@code errno[0]} the errno it left
   */
  static Object call(int[] errno, MethodHandle function, Object... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      Object[] all = new Object[arguments.length + 1];
      all[0] = state;
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      Object result = call(function, all);
      errno[0] = (int) ERRNO.get(state, 0L);
      return result;
    }
  }

  /** Calls a function bound by {@link #libbpfPointer}; a NULL is an exception with its errno. */
  static MemorySegment pointer(String what, String on, MethodHandle function, Object... arguments) {
    int[] errno = new int[1];
    Messages.clear();
    MemorySegment result = (MemorySegment) call(errno, function, arguments);
    if (result.address() == 0) {
      throw new BpfException(what, on, errno[0], Messages.orElse(Errno.remedy(errno[0])));
    }
    return result;
  }

  /** The C string at {@code pointer}. */
  static String string(MemorySegment pointer) {
    return pointer.getString(0);
  }

  /** A handle throws only what is a mistake of ours: a wrong type, a closed arena. */
  static RuntimeException unexpected(Throwable t) {
    if (t instanceof Error e) {
      throw e;
    }
    return t instanceof RuntimeException e ? e : new IllegalStateException(t);
  }

  private static MemoryLayout nullTerminated(MemoryLayout result) {
    return result.equals(ADDRESS) ? C_STRING : result;
  }

  private static MemorySegment symbol(SymbolLookup library, String name) {
    return library
        .find(name)
        .orElseThrow(
            () ->
                new BpfException(
                    "find function", name, 0, "this libbpf is too old; install a newer libbpf1"));
  }
}
