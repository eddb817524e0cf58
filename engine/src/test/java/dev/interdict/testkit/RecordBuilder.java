package dev.interdict.testkit;

import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Event;
import dev.interdict.event.EventDecoder;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.Layout;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.RecordKind;
import dev.interdict.event.SlotSet;
import dev.interdict.verdict.KeyMask;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Builds the bytes of a record as a hook would write them: {@code
 * RecordBuilder.of(FILE_OPEN).exe("/usr/bin/cat").path("/etc/shadow").access(READ).build()}. What
 * is not set is zero, but a decide record of pid 100 is the default.
 */
public final class RecordBuilder {
  private static final int FACTS = EventLayouts.EVENT.offset("facts");
  private static final int CONTEXT = EventLayouts.EVENT.offset("context");
  private static final int KEY = EventLayouts.EVENT.offset("key");
  private static final long EXE_PATH_UNKNOWN = 1L << 63;
  private static final int KEY_BYTES = EventLayouts.VERDICT_KEY.size();

  private final ByteBuffer fixed =
      ByteBuffer.allocate(EventLayouts.EVENT.size()).order(ByteOrder.nativeOrder());
  private byte[] exePath = {};
  private long exeHash;
  private byte[] path = {};
  private byte[] mask;
  private byte[] contextMask = {};

  private RecordBuilder(Hook hook) {
    set(EventLayouts.RECORD_HEADER, 0, "version", EventLayouts.WIRE_VERSION);
    set(EventLayouts.RECORD_HEADER, 0, "time_ns", 1_000_000_000L);
    kind(RecordKind.DECIDE).fact("hook", hook.code());
    if (hook != Hook.XDP_INGRESS) {
      context("session_uid", Context.NO_SESSION);
    }
    field("pid", 100).field("tid", 100).field("parent_pid", 1).fact("image", 77);
  }

  /** A decide record of {@code hook}. */
  public static RecordBuilder of(Hook hook) {
    return new RecordBuilder(hook);
  }

  public RecordBuilder kind(RecordKind kind) {
    return set(EventLayouts.RECORD_HEADER, 0, "kind", kind.ordinal());
  }

  public RecordBuilder flags(RecordFlag... flags) {
    int bits = 0;
    for (RecordFlag flag : flags) {
      bits |= flag.bit();
    }
    return set(EventLayouts.RECORD_HEADER, 0, "flags", bits);
  }

  /** A field of {@code struct event}: pid, tid, packet_bytes... */
  public RecordBuilder field(String name, long value) {
    return set(EventLayouts.EVENT, 0, name, value);
  }

  /** A field of {@code struct verdict_key}: uid, exe_inode, cgroup, family... */
  public RecordBuilder fact(String name, long value) {
    return set(EventLayouts.VERDICT_KEY, FACTS, name, value);
  }

  /** A field of {@code struct context}: capabilities, namespaces... */
  public RecordBuilder context(String name, long value) {
    return set(EventLayouts.CONTEXT, CONTEXT, name, value);
  }

  /** A field of {@code struct file_identity}: inode, device, mode... */
  public RecordBuilder file(String name, long value) {
    return object("file", EventLayouts.FILE_IDENTITY, name, value);
  }

  /** A field of {@code struct socket_address}: port, type. */
  public RecordBuilder socket(String name, long value) {
    return object("socket", EventLayouts.SOCKET_ADDRESS, name, value);
  }

  /** A field of {@code struct peer}: uid, inode, signal... */
  public RecordBuilder peer(String name, long value) {
    return object("peer", EventLayouts.PEER, name, value);
  }

  /** A field of {@code struct packet_tuple}: source_port, interface... */
  public RecordBuilder packet(String name, long value) {
    return object("packet", EventLayouts.PACKET_TUPLE, name, value);
  }

  public RecordBuilder access(Access... access) {
    int bits = 0;
    for (Access a : access) {
      bits |= a.bit();
    }
    return fact("access", bits);
  }

  public RecordBuilder objectFlags(ObjectFlag... flags) {
    int bits = 0;
    for (ObjectFlag flag : flags) {
      bits |= flag.bit();
    }
    return fact("flags", bits);
  }

  public RecordBuilder uid(int uid) {
    return fact("uid", uid).fact("euid", uid);
  }

  public RecordBuilder exe(String name) {
    return exe(name.getBytes(StandardCharsets.UTF_8));
  }

  /** The path; its hash stands in the key as it would in the kernel: equal for equal bytes. */
  public RecordBuilder exe(byte[] name) {
    exePath = name.clone();
    exeHash = name.length == 0 ? EXE_PATH_UNKNOWN : hash(name);
    return fact("exe_path", exeHash);
  }

  public RecordBuilder path(String name) {
    return path(name.getBytes(StandardCharsets.UTF_8));
  }

  /** The object's path, with its hash in the key. */
  public RecordBuilder path(byte[] name) {
    path = name.clone();
    return file("path", hash(name));
  }

  /** By which names of policies the object is known; after {@link #path}, as the hash has both. */
  public RecordBuilder names(FileNames names) {
    field("names", names.word());
    return file("path", (path.length == 0 ? 0 : hash(path)) ^ names.word());
  }

  /** By which names of policies the executable is known; after {@link #exe(byte[])}. */
  public RecordBuilder exeNames(FileNames names) {
    field("exe_names", names.word());
    return fact("exe_path", exeHash ^ names.word());
  }

  /** Where a socket event goes to; sets family, address and port. */
  public RecordBuilder to(String address, int port) {
    return address("socket", EventLayouts.SOCKET_ADDRESS, "address", address).socket("port", port);
  }

  /** Where a packet comes from; sets family, address and port. */
  public RecordBuilder source(String address, int port) {
    return address("packet", EventLayouts.PACKET_TUPLE, "source", address)
        .packet("source_port", port);
  }

  /** Where a packet goes to; sets family, address and port. */
  public RecordBuilder destination(String address, int port) {
    return address("packet", EventLayouts.PACKET_TUPLE, "destination", address)
        .packet("destination_port", port);
  }

  public RecordBuilder comm(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    fixed.put(EventLayouts.EVENT.offset("comm"), bytes, 0, Math.min(bytes.length, 16));
    return this;
  }

  public RecordBuilder asked(int... slots) {
    return slots("asked", slots);
  }

  public RecordBuilder refused(int... slots) {
    return slots("refused", slots);
  }

  public RecordBuilder would(int... slots) {
    return slots("would", slots);
  }

  /** The key is the facts AND {@code keyMask}; without a mask, the facts. */
  public RecordBuilder mask(byte[] keyMask) {
    mask = keyMask.clone();
    return this;
  }

  /** The same, and of the context the word that stands for what this leaves of it. */
  public RecordBuilder mask(KeyMask keyMask) {
    contextMask = keyMask.context();
    return mask(keyMask.encode());
  }

  /** The record. */
  public byte[] build() {
    int size = fixed.capacity() + exePath.length + path.length;
    set(EventLayouts.RECORD_HEADER, 0, "size", size);
    field("exe_path_bytes", exePath.length).field("path_bytes", path.length);
    if (contextMask.length != 0) {
      fact("context", contextWord());
    }
    for (int i = 0; i < KEY_BYTES; i++) {
      int keep = mask == null ? 0xff : mask[i];
      fixed.put(KEY + i, (byte) (fixed.get(FACTS + i) & keep));
    }
    return ByteBuffer.allocate(size).put(fixed.array()).put(exePath).put(path).array();
  }

  /* Any other hash than the kernel's does: equal for equal bytes. */
  private long contextWord() {
    byte[] masked = context();
    boolean any = false;
    for (int i = 0; i < masked.length; i++) {
      masked[i] &= contextMask[i];
      any |= contextMask[i] != 0;
    }
    return any ? hash(masked) : 0;
  }

  /** The unmasked context of the record. */
  public byte[] context() {
    byte[] context = new byte[Context.BYTES];
    fixed.get(CONTEXT, context);
    return context;
  }

  /** The unmasked key of the record. */
  public byte[] facts() {
    byte[] facts = new byte[KEY_BYTES];
    fixed.get(FACTS, facts);
    return facts;
  }

  /** Labels are called by their bits. */
  public static List<String> labels(long bits) {
    return IntStream.range(0, Long.SIZE)
        .filter(bit -> (bits >>> bit & 1) != 0)
        .mapToObj("label-%02d"::formatted)
        .toList();
  }

  /** The record, decoded. */
  public Event event() {
    byte[] record = build();
    return EventDecoder.decode(
        MemorySegment.ofArray(record), 0, record.length, RecordBuilder::labels);
  }

  private RecordBuilder object(String member, Layout layout, String name, long value) {
    return set(layout, FACTS + EventLayouts.VERDICT_KEY.offset(member), name, value);
  }

  private RecordBuilder address(String member, Layout layout, String name, String address) {
    byte[] bytes;
    try {
      bytes = InetAddress.getByName(address).getAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
    int at = FACTS + EventLayouts.VERDICT_KEY.offset(member) + layout.offset(name);
    if (bytes.length == 4) {
      fixed.putShort(at + 10, (short) 0xffff);
    }
    fixed.put(at + 16 - bytes.length, bytes);
    return fact("family", bytes.length == 4 ? 4 : 6);
  }

  private RecordBuilder slots(String name, int... slots) {
    SlotSet set = SlotSet.NONE;
    for (int slot : slots) {
      set = set.with(slot);
    }
    for (int i = 0; i < SlotSet.WORDS; i++) {
      fixed.putLong(EventLayouts.EVENT.offset(name) + 8 * i, set.word(i));
    }
    return this;
  }

  private RecordBuilder set(Layout layout, int base, String name, long value) {
    Layout.Field field = layout.field(name);
    int at = base + field.offset();
    switch (field.size()) {
      case 1 -> fixed.put(at, (byte) value);
      case 2 -> fixed.putShort(at, (short) value);
      case 4 -> fixed.putInt(at, (int) value);
      case 8 -> fixed.putLong(at, value);
      default -> throw new IllegalArgumentException(name + " is no number");
    }
    return this;
  }

  private static long hash(byte[] name) {
    long hash = name.length == 0 ? 0 : 0xcbf29ce484222325L;
    for (byte b : name) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return hash;
  }
}
