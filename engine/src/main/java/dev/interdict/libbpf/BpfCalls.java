package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * libbpf's thin wrappers of the {@code bpf(2)} system call, under their C names. Each returns a
 * negative errno on failure. The map calls are on the path of each decision and are invoked
 * exactly; the others are not.
 */
@SuppressWarnings("MemberName") // C names
final class BpfCalls {
  private static final MethodHandle MAP_LOOKUP =
      Native.libbpf("bpf_map_lookup_elem", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle MAP_UPDATE =
      Native.libbpf("bpf_map_update_elem", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle MAP_DELETE =
      Native.libbpf("bpf_map_delete_elem", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle MAP_NEXT_KEY =
      Native.libbpf("bpf_map_get_next_key", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle MAP_UPDATE_BATCH =
      Native.libbpf("bpf_map_update_batch", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
  private static final MethodHandle MAP_DELETE_BATCH =
      Native.libbpf("bpf_map_delete_batch", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS);
  private static final MethodHandle MAP_CREATE =
      Native.libbpf(
          "bpf_map_create", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle PROG_LOAD =
      Native.libbpf(
          "bpf_prog_load", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle TEST_RUN =
      Native.libbpf("bpf_prog_test_run_opts", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle OBJ_PIN =
      Native.libbpf("bpf_obj_pin", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle OBJ_GET = Native.libbpf("bpf_obj_get", JAVA_INT, ADDRESS);
  private static final MethodHandle OBJ_INFO =
      Native.libbpf("bpf_obj_get_info_by_fd", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle PROG_BY_ID =
      Native.libbpf("bpf_prog_get_fd_by_id", JAVA_INT, JAVA_INT);
  private static final MethodHandle MAP_BY_ID =
      Native.libbpf("bpf_map_get_fd_by_id", JAVA_INT, JAVA_INT);
  private static final MethodHandle LINK_BY_ID =
      Native.libbpf("bpf_link_get_fd_by_id", JAVA_INT, JAVA_INT);
  private static final MethodHandle NEXT_PROG =
      Native.libbpf("bpf_prog_get_next_id", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle NEXT_MAP =
      Native.libbpf("bpf_map_get_next_id", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle NEXT_LINK =
      Native.libbpf("bpf_link_get_next_id", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle LINK_CREATE =
      Native.libbpf("bpf_link_create", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle LINK_UPDATE =
      Native.libbpf("bpf_link_update", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle VMLINUX_BTF_ID =
      Native.libbpf("libbpf_find_vmlinux_btf_id", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle POSSIBLE_CPUS =
      Native.libbpf("libbpf_num_possible_cpus", JAVA_INT);

  private BpfCalls() {}

  static int bpf_map_lookup_elem(int fd, MemorySegment key, MemorySegment value) {
    try {
      return (int) MAP_LOOKUP.invokeExact(fd, key, value);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  static int bpf_map_update_elem(int fd, MemorySegment key, MemorySegment value, long flags) {
    try {
      return (int) MAP_UPDATE.invokeExact(fd, key, value, flags);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  static int bpf_map_delete_elem(int fd, MemorySegment key) {
    try {
      return (int) MAP_DELETE.invokeExact(fd, key);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  static int bpf_map_get_next_key(int fd, MemorySegment key, MemorySegment next) {
    try {
      return (int) MAP_NEXT_KEY.invokeExact(fd, key, next);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  static int bpf_map_update_batch(
      int fd, MemorySegment keys, MemorySegment values, MemorySegment count, MemorySegment opts) {
    return (int) Native.call(MAP_UPDATE_BATCH, fd, keys, values, count, opts);
  }

  static int bpf_map_delete_batch(
      int fd, MemorySegment keys, MemorySegment count, MemorySegment opts) {
    return (int) Native.call(MAP_DELETE_BATCH, fd, keys, count, opts);
  }

  static int bpf_map_create(
      int type, MemorySegment name, int keyBytes, int valueBytes, int entries, MemorySegment opts) {
    return (int) Native.call(MAP_CREATE, type, name, keyBytes, valueBytes, entries, opts);
  }

  static int bpf_prog_load(
      int type,
      MemorySegment name,
      MemorySegment license,
      MemorySegment instructions,
      long count,
      MemorySegment opts) {
    return (int) Native.call(PROG_LOAD, type, name, license, instructions, count, opts);
  }

  static int bpf_prog_test_run_opts(int fd, MemorySegment opts) {
    return (int) Native.call(TEST_RUN, fd, opts);
  }

  static int bpf_obj_pin(int fd, MemorySegment path) {
    return (int) Native.call(OBJ_PIN, fd, path);
  }

  static int bpf_obj_get(MemorySegment path) {
    return (int) Native.call(OBJ_GET, path);
  }

  static int bpf_obj_get_info_by_fd(int fd, MemorySegment info, MemorySegment length) {
    return (int) Native.call(OBJ_INFO, fd, info, length);
  }

  static int bpf_prog_get_fd_by_id(int id) {
    return (int) Native.call(PROG_BY_ID, id);
  }

  static int bpf_map_get_fd_by_id(int id) {
    return (int) Native.call(MAP_BY_ID, id);
  }

  static int bpf_link_get_fd_by_id(int id) {
    return (int) Native.call(LINK_BY_ID, id);
  }

  static int bpf_prog_get_next_id(int id, MemorySegment next) {
    return (int) Native.call(NEXT_PROG, id, next);
  }

  static int bpf_map_get_next_id(int id, MemorySegment next) {
    return (int) Native.call(NEXT_MAP, id, next);
  }

  static int bpf_link_get_next_id(int id, MemorySegment next) {
    return (int) Native.call(NEXT_LINK, id, next);
  }

  static int bpf_link_create(int program, int target, int attachType, MemorySegment opts) {
    return (int) Native.call(LINK_CREATE, program, target, attachType, opts);
  }

  static int bpf_link_update(int link, int program, MemorySegment opts) {
    return (int) Native.call(LINK_UPDATE, link, program, opts);
  }

  static int libbpf_find_vmlinux_btf_id(MemorySegment name, int attachType) {
    return (int) Native.call(VMLINUX_BTF_ID, name, attachType);
  }

  static int libbpf_num_possible_cpus() {
    return (int) Native.call(POSSIBLE_CPUS);
  }
}
