package dev.interdict.event;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.LongFunction;

/**
 * Turns a record, {@code struct event} of {@code event.h}, into an {@link Event}. Pure; safe for
 * use by many threads.
 *
 * <p>A record is not believed: every length is checked against what the ring handed over before it
 * is used, and nothing is allocated by a length that was not.
 */
public final class EventDecoder {
  private static final int FIXED = EventLayouts.EVENT.size();
  private static final int VERSION = EventLayouts.RECORD_HEADER.offset("version");
  private static final int KIND = EventLayouts.RECORD_HEADER.offset("kind");
  private static final int FLAGS = EventLayouts.RECORD_HEADER.offset("flags");
  private static final int SIZE = EventLayouts.RECORD_HEADER.offset("size");
  private static final int TIME = EventLayouts.RECORD_HEADER.offset("time_ns");
  private static final int KEY = EventLayouts.EVENT.offset("key");
  private static final int KEY_BYTES = EventLayouts.VERDICT_KEY.size();
  private static final int KEY_HOOK = KEY + EventLayouts.VERDICT_KEY.offset("hook");
  private static final int ASKED = EventLayouts.EVENT.offset("asked");
  private static final int REFUSED = EventLayouts.EVENT.offset("refused");
  private static final int WOULD = EventLayouts.EVENT.offset("would");
  private static final int PID = EventLayouts.EVENT.offset("pid");
  private static final int TID = EventLayouts.EVENT.offset("tid");
  private static final int PARENT = EventLayouts.EVENT.offset("parent_pid");
  private static final int PACKET_BYTES = EventLayouts.EVENT.offset("packet_bytes");
  private static final int EXE_PATH_BYTES = EventLayouts.EVENT.offset("exe_path_bytes");
  private static final int PATH_BYTES = EventLayouts.EVENT.offset("path_bytes");
  private static final int NAMES = EventLayouts.EVENT.offset("names");
  private static final int EXE_NAMES = EventLayouts.EVENT.offset("exe_names");
  private static final int COMM = EventLayouts.EVENT.offset("comm");
  private static final int HOOK = fact("hook");
  private static final int FAMILY = fact("family");
  private static final int PROTOCOL = fact("protocol");
  private static final int OBJECT_FLAGS = fact("flags");
  private static final int ACCESS = fact("access");
  private static final int UID = fact("uid");
  private static final int GID = fact("gid");
  private static final int EUID = fact("euid");
  private static final int EGID = fact("egid");
  private static final int EXE_DEVICE = fact("exe_device");
  private static final int EXE_INODE = fact("exe_inode");
  private static final int IMAGE = fact("image");
  private static final int CGROUP = fact("cgroup");
  private static final int LABELS = fact("labels");
  private static final int CAPABILITIES = context("capabilities");
  private static final int SESSION_UID = context("session_uid");
  private static final int NAMESPACES = context("namespaces");
  private static final int NO_NEW_PRIVS = context("no_new_privs");
  private static final int SECCOMP = context("seccomp");
  private static final int TTY = context("tty");
  private static final int FILE_INODE = fact("file", EventLayouts.FILE_IDENTITY, "inode");
  private static final int FILE_DEVICE = fact("file", EventLayouts.FILE_IDENTITY, "device");
  private static final int FILE_GENERATION = fact("file", EventLayouts.FILE_IDENTITY, "generation");
  private static final int FILE_UID = fact("file", EventLayouts.FILE_IDENTITY, "uid");
  private static final int FILE_GID = fact("file", EventLayouts.FILE_IDENTITY, "gid");
  private static final int FILE_MODE = fact("file", EventLayouts.FILE_IDENTITY, "mode");
  private static final int PEER_UID = fact("peer", EventLayouts.PEER, "uid");
  private static final int PEER_DEVICE = fact("peer", EventLayouts.PEER, "device");
  private static final int PEER_INODE = fact("peer", EventLayouts.PEER, "inode");
  private static final int PEER_CGROUP = fact("peer", EventLayouts.PEER, "cgroup");
  private static final int SIGNAL = fact("peer", EventLayouts.PEER, "signal");
  private static final int ADDRESS = fact("socket", EventLayouts.SOCKET_ADDRESS, "address");
  private static final int PORT = fact("socket", EventLayouts.SOCKET_ADDRESS, "port");
  private static final int TYPE = fact("socket", EventLayouts.SOCKET_ADDRESS, "type");
  private static final int KIND_OF_FAMILY = fact("socket", EventLayouts.SOCKET_ADDRESS, "protocol");
  private static final int SOURCE = fact("packet", EventLayouts.PACKET_TUPLE, "source");
  private static final int DESTINATION = fact("packet", EventLayouts.PACKET_TUPLE, "destination");
  private static final int SOURCE_PORT = fact("packet", EventLayouts.PACKET_TUPLE, "source_port");
  private static final int DESTINATION_PORT =
      fact("packet", EventLayouts.PACKET_TUPLE, "destination_port");
  private static final int INTERFACE = fact("packet", EventLayouts.PACKET_TUPLE, "interface");
  private static final int ADDRESS_BYTES = 16;

  private EventDecoder() {}

  /** The same, where nobody knows what labels are called. */
  public static Event decode(MemorySegment data, long at, int bytes) {
    return decode(data, at, bytes, labels -> List.of());
  }

  /**
   * Decodes the record at {@code [at, at + bytes)} of {@code data}; the result does not refer to
   * it.
   *
   * @param labels what the labels of some bits are called, sorted, each once
   * @throws RecordException if it is of another version, kind or hook, or its lengths do not fit
   */
  public static Event decode(
      MemorySegment data, long at, int bytes, LongFunction<List<String>> labels) {
    if (bytes < FIXED) {
      throw new RecordException("a record of " + bytes + " bytes, at least " + FIXED + " expected");
    }
    int version = u16(data, at + VERSION);
    if (version != EventLayouts.WIRE_VERSION) {
      throw new RecordException(
          "a record of version " + version + ", expected " + EventLayouts.WIRE_VERSION);
    }
    long size = Integer.toUnsignedLong(i32(data, at + SIZE));
    int exePathBytes = u16(data, at + EXE_PATH_BYTES);
    int pathBytes = u16(data, at + PATH_BYTES);
    if (size > bytes || FIXED + (long) exePathBytes + pathBytes > size) {
      throw new RecordException(
          "a record of %d bytes that says it has %d, with names of %d and %d"
              .formatted(bytes, size, exePathBytes, pathBytes));
    }
    Hook hook = hook(data, at);
    if (u8(data, at + KEY_HOOK) != hook.code()) {
      throw new RecordException(
          "a record of hook %d with a key of hook %d"
              .formatted(hook.code(), u8(data, at + KEY_HOOK)));
    }
    Event.Head head = head(data, at, hook);
    if (hook == Hook.XDP_INGRESS) {
      return packet(data, at, head);
    }
    byte[] exePath = bytes(data, at + FIXED, exePathBytes);
    Event.Subject subject = subject(data, at, exePath, labels);
    if (hook == Hook.USER_NAMESPACE) {
      return new Event.SubjectEvent(head, subject);
    }
    if (!hook.isFile() && !hook.isPeer()) {
      return new Event.SocketEvent(
          head,
          subject,
          u8(data, at + FAMILY),
          bytes(data, at + ADDRESS, ADDRESS_BYTES),
          u16(data, at + PORT),
          u16(data, at + TYPE),
          hook == Hook.SOCKET_CREATE ? i32(data, at + KIND_OF_FAMILY) : u8(data, at + PROTOCOL));
    }
    byte[] path = bytes(data, at + FIXED + exePathBytes, pathBytes);
    if (hook.isPeer()) {
      Event.Peer peer =
          new Event.Peer(
              i32(data, at + PEER_UID),
              i32(data, at + PEER_DEVICE),
              i64(data, at + PEER_INODE),
              path,
              FileNames.of(i64(data, at + NAMES)),
              i64(data, at + PEER_CGROUP));
      return new Event.PeerEvent(head, subject, peer, i32(data, at + SIGNAL));
    }
    return new Event.FileEvent(
        head,
        subject,
        path,
        FileNames.of(i64(data, at + NAMES)),
        i32(data, at + FILE_DEVICE),
        i64(data, at + FILE_INODE),
        i32(data, at + FILE_GENERATION),
        i32(data, at + FILE_UID),
        i32(data, at + FILE_GID),
        i32(data, at + FILE_MODE));
  }

  private static Hook hook(MemorySegment data, long at) {
    int code = u8(data, at + HOOK);
    try {
      return Hook.ofCode(code);
    } catch (IllegalArgumentException e) {
      throw new RecordException("a record of the unknown hook " + code);
    }
  }

  private static Event.Head head(MemorySegment data, long at, Hook hook) {
    RecordKind kind =
        switch (u8(data, at + KIND)) {
          case 1 -> RecordKind.DECIDE;
          case 2 -> RecordKind.OBSERVE;
          default -> throw new RecordException("a record of kind " + u8(data, at + KIND));
        };
    return new Event.Head(
        kind,
        u8(data, at + FLAGS),
        i64(data, at + TIME),
        hook,
        i32(data, at + ACCESS),
        u8(data, at + OBJECT_FLAGS),
        bytes(data, at + KEY, KEY_BYTES),
        slots(data, at + ASKED),
        slots(data, at + REFUSED),
        slots(data, at + WOULD));
  }

  private static Event.Subject subject(
      MemorySegment data, long at, byte[] exePath, LongFunction<List<String>> labels) {
    long bits = i64(data, at + LABELS);
    return new Event.Subject(
        i32(data, at + PID),
        i32(data, at + TID),
        i32(data, at + PARENT),
        i32(data, at + UID),
        i32(data, at + GID),
        i32(data, at + EUID),
        i32(data, at + EGID),
        i32(data, at + EXE_DEVICE),
        i64(data, at + EXE_INODE),
        exePath,
        FileNames.of(i64(data, at + EXE_NAMES)),
        i64(data, at + IMAGE),
        i64(data, at + CGROUP),
        comm(data, at + COMM),
        bits == 0 ? List.of() : labels.apply(bits),
        new Context(
            i64(data, at + CAPABILITIES),
            i32(data, at + SESSION_UID),
            u8(data, at + NAMESPACES),
            u8(data, at + NO_NEW_PRIVS) != 0,
            u8(data, at + SECCOMP),
            u8(data, at + TTY) != 0));
  }

  private static Event packet(MemorySegment data, long at, Event.Head head) {
    return new Event.PacketEvent(
        head,
        u8(data, at + FAMILY),
        u8(data, at + PROTOCOL),
        bytes(data, at + SOURCE, ADDRESS_BYTES),
        bytes(data, at + DESTINATION, ADDRESS_BYTES),
        u16(data, at + SOURCE_PORT),
        u16(data, at + DESTINATION_PORT),
        i32(data, at + INTERFACE),
        i32(data, at + PACKET_BYTES));
  }

  private static byte[] comm(MemorySegment data, long at) {
    int length = 0;
    while (length < EventLayouts.COMM_BYTES && data.get(JAVA_BYTE, at + length) != 0) {
      length++;
    }
    return bytes(data, at, length);
  }

  private static SlotSet slots(MemorySegment data, long at) {
    long w0 = i64(data, at);
    long w1 = i64(data, at + 8);
    long w2 = i64(data, at + 16);
    long w3 = i64(data, at + 24);
    return (w0 | w1 | w2 | w3) == 0 ? SlotSet.NONE : new SlotSet(w0, w1, w2, w3);
  }

  private static byte[] bytes(MemorySegment data, long at, int length) {
    byte[] copy = new byte[length];
    MemorySegment.copy(data, JAVA_BYTE, at, copy, 0, length);
    return copy;
  }

  private static int u8(MemorySegment data, long at) {
    return data.get(JAVA_BYTE, at) & 0xff;
  }

  private static int u16(MemorySegment data, long at) {
    return data.get(JAVA_SHORT_UNALIGNED, at) & 0xffff;
  }

  private static int i32(MemorySegment data, long at) {
    return data.get(JAVA_INT_UNALIGNED, at);
  }

  private static long i64(MemorySegment data, long at) {
    return data.get(JAVA_LONG_UNALIGNED, at);
  }

  private static int fact(String field) {
    return EventLayouts.EVENT.offset("facts") + EventLayouts.VERDICT_KEY.offset(field);
  }

  private static int context(String field) {
    return EventLayouts.EVENT.offset("context") + EventLayouts.CONTEXT.offset(field);
  }

  private static int fact(String member, Layout layout, String field) {
    return fact(member) + layout.offset(field);
  }
}
