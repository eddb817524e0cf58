package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The functions of the system's {@code libbpf.so.1} that are used here, under their C names. All
 * that return an int return a negative errno on failure; those that return a pointer throw {@link
 * BpfException} instead of returning NULL.
 *
 * <p>Touch this class only after {@link Native#requireLibBpf()}: a missing library would otherwise
 * surface as a failed class initialisation.
 */
@SuppressWarnings("MemberName") // C names
final class LibBpf {
  private static final MethodHandle OPEN_MEM =
      Native.libbpfPointer("bpf_object__open_mem", ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle NEXT_PROGRAM =
      Native.libbpf("bpf_object__next_program", ADDRESS, ADDRESS, ADDRESS);
  private static final MethodHandle NEXT_MAP =
      Native.libbpf("bpf_object__next_map", ADDRESS, ADDRESS, ADDRESS);
  private static final MethodHandle LOAD = Native.libbpf("bpf_object__load", JAVA_INT, ADDRESS);
  private static final MethodHandle CLOSE = Native.libbpfVoid("bpf_object__close", ADDRESS);
  private static final MethodHandle OBJECT_BTF = Native.libbpfPointer("bpf_object__btf", ADDRESS);
  private static final MethodHandle BTF_RAW =
      Native.libbpfPointer("btf__raw_data", ADDRESS, ADDRESS);
  private static final MethodHandle PROGRAM_NAME =
      Native.libbpf("bpf_program__name", ADDRESS, ADDRESS);
  private static final MethodHandle PROGRAM_FD =
      Native.libbpf("bpf_program__fd", JAVA_INT, ADDRESS);
  private static final MethodHandle SET_AUTOLOAD =
      Native.libbpf("bpf_program__set_autoload", JAVA_INT, ADDRESS, JAVA_BOOLEAN);
  private static final MethodHandle SET_LOG_BUF =
      Native.libbpf("bpf_program__set_log_buf", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle MAP_NAME = Native.libbpf("bpf_map__name", ADDRESS, ADDRESS);
  private static final MethodHandle MAP_FD = Native.libbpf("bpf_map__fd", JAVA_INT, ADDRESS);
  private static final MethodHandle SET_MAX_ENTRIES =
      Native.libbpf("bpf_map__set_max_entries", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle MAX_ENTRIES =
      Native.libbpf("bpf_map__max_entries", JAVA_INT, ADDRESS);
  private static final MethodHandle MAP_TYPE = Native.libbpf("bpf_map__type", JAVA_INT, ADDRESS);
  private static final MethodHandle KEY_SIZE =
      Native.libbpf("bpf_map__key_size", JAVA_INT, ADDRESS);
  private static final MethodHandle VALUE_SIZE =
      Native.libbpf("bpf_map__value_size", JAVA_INT, ADDRESS);
  private static final MethodHandle MAP_FLAGS =
      Native.libbpf("bpf_map__map_flags", JAVA_INT, ADDRESS);
  private static final MethodHandle REUSE_FD =
      Native.libbpf("bpf_map__reuse_fd", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SET_AUTOCREATE =
      Native.libbpf("bpf_map__set_autocreate", JAVA_INT, ADDRESS, JAVA_BOOLEAN);

  private LibBpf() {}

  /** NULL-free; {@code name} is for the message. */
  static MemorySegment bpf_object__open_mem(
      String name, MemorySegment bytes, long size, MemorySegment opts) {
    return Native.pointer("open object", name, OPEN_MEM, bytes, size, opts);
  }

  /** NULL after the last. */
  static MemorySegment bpf_object__next_program(MemorySegment object, MemorySegment previous) {
    return (MemorySegment) Native.call(NEXT_PROGRAM, object, previous);
  }

  /** NULL after the last. */
  static MemorySegment bpf_object__next_map(MemorySegment object, MemorySegment previous) {
    return (MemorySegment) Native.call(NEXT_MAP, object, previous);
  }

  static int bpf_object__load(MemorySegment object) {
    return (int) Native.call(LOAD, object);
  }

  static void bpf_object__close(MemorySegment object) {
    Native.call(CLOSE, object);
  }

  static MemorySegment bpf_object__btf(String name, MemorySegment object) {
    return Native.pointer("find BTF of", name, OBJECT_BTF, object);
  }

  static MemorySegment btf__raw_data(String name, MemorySegment btf, MemorySegment size) {
    return Native.pointer("read BTF of", name, BTF_RAW, btf, size);
  }

  static String bpf_program__name(MemorySegment program) {
    return Native.string((MemorySegment) Native.call(PROGRAM_NAME, program));
  }

  static int bpf_program__fd(MemorySegment program) {
    return (int) Native.call(PROGRAM_FD, program);
  }

  static int bpf_program__set_autoload(MemorySegment program, boolean on) {
    return (int) Native.call(SET_AUTOLOAD, program, on);
  }

  static int bpf_program__set_log_buf(MemorySegment program, MemorySegment buffer, long size) {
    return (int) Native.call(SET_LOG_BUF, program, buffer, size);
  }

  static String bpf_map__name(MemorySegment map) {
    return Native.string((MemorySegment) Native.call(MAP_NAME, map));
  }

  static int bpf_map__fd(MemorySegment map) {
    return (int) Native.call(MAP_FD, map);
  }

  static int bpf_map__set_max_entries(MemorySegment map, int entries) {
    return (int) Native.call(SET_MAX_ENTRIES, map, entries);
  }

  static int bpf_map__max_entries(MemorySegment map) {
    return (int) Native.call(MAX_ENTRIES, map);
  }

  static int bpf_map__type(MemorySegment map) {
    return (int) Native.call(MAP_TYPE, map);
  }

  static int bpf_map__key_size(MemorySegment map) {
    return (int) Native.call(KEY_SIZE, map);
  }

  static int bpf_map__value_size(MemorySegment map) {
    return (int) Native.call(VALUE_SIZE, map);
  }

  static int bpf_map__map_flags(MemorySegment map) {
    return (int) Native.call(MAP_FLAGS, map);
  }

  static int bpf_map__reuse_fd(MemorySegment map, int fd) {
    return (int) Native.call(REUSE_FD, map, fd);
  }

  static int bpf_map__set_autocreate(MemorySegment map, boolean on) {
    return (int) Native.call(SET_AUTOCREATE, map, on);
  }
}
