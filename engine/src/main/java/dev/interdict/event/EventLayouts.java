package dev.interdict.event;

import dev.interdict.libbpf.Btf;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;

/**
 * The Java twins of all structures and enums that cross between kernel and engine ({@code
 * bpf/include/interdict/verdict.h}, {@code event.h}), and their comparison with the object that is
 * about to be loaded.
 */
public final class EventLayouts {
  /** {@code WIRE_VERSION} of {@code limits.h}. */
  public static final int WIRE_VERSION = 12;

  /** {@code COMM_BYTES} of {@code limits.h}. */
  public static final int COMM_BYTES = 16;

  /** {@code PATH_BYTES} of {@code limits.h}. */
  public static final int PATH_BYTES = 4096;

  /** {@code LABELS} of {@code limits.h}. */
  public static final int LABELS = 64;

  public static final Layout FILE_IDENTITY =
      Layout.struct("file_identity")
          .u64("inode", "path")
          .u32("device", "generation", "uid", "gid", "mode", "pad0")
          .end();

  public static final Layout SOCKET_ADDRESS =
      Layout.struct("socket_address")
          .bytes("address", 16)
          .u16("port", "type")
          .u32("protocol")
          .bytes("pad1", 16)
          .end();

  public static final Layout PACKET_TUPLE =
      Layout.struct("packet_tuple")
          .bytes("source", 16)
          .bytes("destination", 16)
          .u16("source_port", "destination_port")
          .u32("interface")
          .end();

  public static final Layout CONTEXT =
      Layout.struct("context")
          .u64("capabilities")
          .u32("session_uid")
          .u8("namespaces", "no_new_privs", "seccomp", "tty")
          .end();

  public static final Layout PEER =
      Layout.struct("peer")
          .u64("inode", "path")
          .u32("device", "signal", "uid", "pad0")
          .u64("cgroup")
          .end();

  public static final Layout VERDICT_KEY =
      Layout.struct("verdict_key")
          .u8("hook", "family", "protocol", "flags")
          .u32("mask_set", "access", "uid", "gid", "euid", "egid", "exe_device")
          .u64("exe_inode", "exe_path", "image", "cgroup", "labels", "context")
          .union(ordered(FILE_IDENTITY, SOCKET_ADDRESS, PACKET_TUPLE, PEER))
          .end();

  public static final Layout VERDICT =
      Layout.struct("verdict")
          .u64("stamp")
          .bytes("key", VERDICT_KEY.size())
          .slots("decided", "deny", "kill", "label")
          .u64("labels", "expires_ns", "stamp_again")
          .end();

  public static final Layout POSTURE =
      Layout.struct("posture")
          .bytes("active", Hook.ARRAY_LENGTH * SlotSet.WORDS * Long.BYTES)
          .slots("everywhere", "enforce", "hold", "wait", "refuse_miss", "fallback_deny")
          .bytes("unparsed_pass", Hook.ARRAY_LENGTH * SlotSet.WORDS * Long.BYTES)
          .u64("poll_ns", "patience_ns", "deadline_ns", "stale_ns")
          .slots("enforce_after")
          .u64("lease_end_ns")
          .bytes("mask_set", Hook.ARRAY_LENGTH * Integer.BYTES)
          .slots("enforce_canary", "canary_scope")
          .bytes("canary_key", 16)
          .u64("canary_share")
          .end();

  public static final Layout ENGINE_STATE =
      Layout.struct("engine_state")
          .u32("posture_epoch", "engine_pid")
          .u64("engine_start")
          .bytes("hash_key", 16)
          .u32("processors", "names_epoch")
          .u64("audit_until_ns")
          .bytes("pad1", 16)
          .u64("heartbeat_ns")
          .u32("asleep", "patient")
          .bytes("pad2", 48)
          .bytes("digest_key", (4 * VERDICT_KEY.size() / Long.BYTES + 2) * Long.BYTES)
          .bytes("context_key", (4 * CONTEXT.size() / Long.BYTES + 2) * Long.BYTES)
          .bytes("name_key", (4 * 32 + 4) * Long.BYTES)
          .bytes("path_key", (4 * 512 + 4) * Long.BYTES)
          .bytes("names_filter", 512 * Long.BYTES)
          .end();

  public static final Layout SLOT_MASK = Layout.struct("slot_mask").slots("slots").end();

  public static final Layout BUDGET =
      Layout.struct("budget").u64("subjects", "window_ns", "settle_ns", "settled_ns").end();

  public static final Layout BUDGET_WINDOW = Layout.struct("budget_window").u64("spent").end();

  public static final Layout BUDGET_SUBJECT =
      Layout.struct("budget_subject").u64("unit", "executable").u32("window", "slot").end();

  public static final Layout HOOK_COUNTERS =
      Layout.struct("hook_counters")
          .u64("uncovered", "hits", "misses", "denied", "would_deny", "waited", "restarted")
          .u64(
              "patient", "gave_up", "stale", "lost_decide", "lost_observe", "folded", "undecidable")
          .u64("no_waiter", "sigcont_seen", "killed", "asked", "observed")
          .u64("cannot", "crowded", "no_memory", "labelled", "unlabelled", "at_once")
          .end();

  public static final Layout SLOT_COUNTERS =
      Layout.struct("slot_counters")
          .u64("denied", "would_deny", "fallback", "tripped", "alarms")
          .end();

  public static final Layout TOLD = Layout.struct("told").u64("denied", "would_deny").end();

  public static final Layout RECORD_HEADER =
      Layout.struct("record_header")
          .u16("version")
          .u8("kind", "flags")
          .u32("size")
          .u64("time_ns")
          .end();

  public static final Layout EVENT =
      Layout.struct("event")
          .bytes("header", RECORD_HEADER.size())
          .bytes("key", VERDICT_KEY.size())
          .bytes("facts", VERDICT_KEY.size())
          .bytes("context", CONTEXT.size())
          .slots("asked", "refused", "would")
          .u64("names", "exe_names")
          .u32("pid", "tid", "parent_pid", "packet_bytes", "syscall")
          .u16("exe_path_bytes", "path_bytes")
          .bytes("comm", COMM_BYTES)
          .bytes("strings", 0)
          .end();

  public static final Layout NAMED_PLACE =
      Layout.struct("named_place").u64("folder", "name").u32("device", "pad0").end();

  public static final Layout NAMED_FILE =
      Layout.struct("named_file").u64("inode").u32("device", "pad0").end();

  /** The variable of layout.bpf.c that is made of all that crosses. */
  private static final String VARIABLE = "layout";

  private static final Map<String, Layout> STRUCTS = new TreeMap<>();
  private static final Map<String, Map<String, Long>> ENUMS = new TreeMap<>();

  static {
    for (Layout layout :
        List.of(
            FILE_IDENTITY,
            SOCKET_ADDRESS,
            PACKET_TUPLE,
            CONTEXT,
            PEER,
            VERDICT_KEY,
            VERDICT,
            POSTURE,
            ENGINE_STATE,
            SLOT_MASK,
            BUDGET,
            BUDGET_WINDOW,
            BUDGET_SUBJECT,
            HOOK_COUNTERS,
            SLOT_COUNTERS,
            TOLD,
            RECORD_HEADER,
            NAMED_PLACE,
            NAMED_FILE,
            EVENT)) {
      STRUCTS.put(layout.name(), layout);
    }
    ENUMS.put("hook", constants("HOOK_", Hook.values(), Hook::code));
    ENUMS.get("hook").put("HOOK_NONE", 0L);
    ENUMS.put("access", constants("ACCESS_", Access.values(), Access::bit));
    ENUMS.put("object_flag", constants("OBJECT_", ObjectFlag.values(), ObjectFlag::bit));
    ENUMS.put("record_kind", constants("RECORD_", RecordKind.values(), Enum::ordinal));
    ENUMS.put("alarm", new TreeMap<>(Map.of("ALARM_TRIPPED", 0L, "ALARM_RAISED", 1L)));
    ENUMS.put("names", Map.of("NAMES_FOREIGN", (long) FileNames.FOREIGN_BIT));
    ENUMS.put("namespaces", constants("NAMESPACE_", Namespace.values(), Namespace::bit));
    ENUMS.put("record_flag", constants("RECORD_", RecordFlag.values(), RecordFlag::bit));
  }

  private EventLayouts() {}

  /**
   * Compares every shared structure and enum with the object's own description.
   *
   * @throws LayoutException with all differences; nothing may be loaded then
   */
  public static void check(Btf btf) {
    List<String> differences = new ArrayList<>();
    Btf.Parts found = btf.parts(VARIABLE);
    for (Btf.Struct struct : found.structs().values()) {
      Layout layout = STRUCTS.get(struct.name());
      if (layout == null) {
        differences.add("struct " + struct.name() + " of the object has no Java twin");
      } else {
        compare(layout, struct, differences);
      }
    }
    for (String name : STRUCTS.keySet()) {
      if (!found.structs().containsKey(name)) {
        differences.add("struct " + name + " is not in the object");
      }
    }
    compareEnums(found.enums(), differences);
    if (!differences.isEmpty()) {
      throw new LayoutException(differences);
    }
  }

  private static void compare(Layout layout, Btf.Struct struct, List<String> differences) {
    if (layout.size() != struct.size()) {
      differences.add(
          "struct %s: %d bytes expected, the object has %d"
              .formatted(layout.name(), layout.size(), struct.size()));
    }
    Map<String, String> expected = new LinkedHashMap<>();
    layout.fields().forEach(f -> expected.put(f.name(), place(f.offset(), f.size())));
    Map<String, String> actual = new LinkedHashMap<>();
    struct.fields().forEach(f -> actual.put(f.name(), place(f.offset(), f.size())));
    compare(layout.name() + ".", expected, actual, differences);
  }

  private static void compareEnums(Map<String, Map<String, Long>> found, List<String> differences) {
    for (String name : found.keySet()) {
      if (!ENUMS.containsKey(name)) {
        differences.add("enum " + name + " of the object has no Java twin");
      }
    }
    ENUMS.forEach(
        (name, constants) -> {
          if (found.containsKey(name)) {
            compare("", constants, found.get(name), differences);
          } else {
            differences.add("enum " + name + " is not in the object");
          }
        });
  }

  private static <V> void compare(
      String prefix, Map<String, V> expected, Map<String, V> actual, List<String> differences) {
    expected.forEach(
        (name, value) -> {
          V other = actual.get(name);
          if (!value.equals(other)) {
            differences.add(
                "%s%s: %s expected, the object has %s"
                    .formatted(prefix, name, value, other == null ? "none" : other));
          }
        });
    for (Map.Entry<String, V> entry : actual.entrySet()) {
      if (!expected.containsKey(entry.getKey())) {
        differences.add(
            "%s%s: none expected, the object has %s"
                .formatted(prefix, entry.getKey(), entry.getValue()));
      }
    }
  }

  private static String place(int offset, int size) {
    return size + " bytes at " + offset;
  }

  private static <E extends Enum<E>> Map<String, Long> constants(
      String prefix, E[] values, ToIntFunction<E> number) {
    Map<String, Long> constants = new TreeMap<>();
    for (E value : values) {
      constants.put(
          prefix + value.name().toUpperCase(Locale.ROOT), (long) number.applyAsInt(value));
    }
    return constants;
  }

  /* The members of the union, by their names in the key. */
  private static Map<String, Layout> ordered(
      Layout file, Layout socket, Layout packet, Layout peer) {
    Map<String, Layout> members = new LinkedHashMap<>();
    members.put("file", file);
    members.put("socket", socket);
    members.put("packet", packet);
    members.put("peer", peer);
    return members;
  }
}
