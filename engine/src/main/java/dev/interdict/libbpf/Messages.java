package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * What libbpf has to say, kept by thread for the exception of the call that it was said in, instead
 * of written to standard error.
 */
final class Messages {
  /** Longest line taken over. The verifier's log has a buffer of its own. */
  private static final long LINE_BYTES = 4096;

  private static final int TEXT_CHARS = 16384;
  private static final int WARN = 0;
  private static final FunctionDescriptor PRINT =
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);

  /**
   * The third argument of libbpf's print function is a va_list. As a parameter it is a pointer, on
   * x86-64 (array type) and on arm64 (structure of 32 bytes, passed by reference) alike, so it can
   * be handed on as one.
   */
  private static final MethodHandle VSNPRINTF =
      Native.libc(
          "vsnprintf", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS));

  private static final ThreadLocal<StringBuilder> TEXT =
      ThreadLocal.withInitial(StringBuilder::new);

  private Messages() {}

  /** Once, after libbpf was found. */
  static void install() {
    try {
      MethodHandle print =
          MethodHandles.lookup()
              .findStatic(
                  Messages.class,
                  "print",
                  MethodType.methodType(
                      int.class, int.class, MemorySegment.class, MemorySegment.class));
      Native.call(Native.libbpf("libbpf_set_print", ADDRESS, ADDRESS), Native.upcall(print, PRINT));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Called by libbpf. */
  static int print(int level, MemorySegment format, MemorySegment arguments) {
    StringBuilder text = TEXT.get();
    if (level != WARN || text.length() > TEXT_CHARS) {
      return 0;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment line = arena.allocate(LINE_BYTES);
      Native.call(VSNPRINTF, line, LINE_BYTES, format, arguments);
      text.append(line.getString(0));
    } catch (RuntimeException e) {
      // An exception must not unwind into C: a line that cannot be decoded is worth less than that.
      text.append("(a message that is not text)\n");
    }
    return 0;
  }

  static void clear() {
    TEXT.get().setLength(0);
  }

  /** What was said on this thread since {@link #clear}. */
  static String text() {
    return TEXT.get().toString();
  }

  /** The last thing said as one line, or {@code other} if nothing was. */
  static String orElse(String other) {
    String text = text().strip();
    return text.isEmpty() ? other : text.substring(text.lastIndexOf('\n') + 1);
  }
}
