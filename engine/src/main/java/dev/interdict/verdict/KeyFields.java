package dev.interdict.verdict;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.Layout;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Which bytes of the key, or of what stands in it by its hash, own which field of {@code input}. A
 * field may rest on more than the bytes it is printed from: whether it is there at all counts too.
 */
final class KeyFields {
  private static final Layout KEY = EventLayouts.VERDICT_KEY;

  /** In every key, whatever the policies read. */
  static final List<Layout.Field> ALWAYS = List.of(KEY.field("hook"), KEY.field("mask_set"));

  /** What cannot be read of a socket. */
  static final Bytes UNREAD = key("flags");

  private static final List<String> CONTAINER =
      List.of("id", "state", "runtime", "name", "image", "pod.namespace", "pod.name", "pod.uid");

  private static final Map<Hook, Map<String, Bytes>> BY_HOOK = new EnumMap<>(Hook.class);

  /**
   * Places in the key, and behind its end in the context: {@code struct context}, for all of which
   * the key has one word.
   */
  record Bytes(List<Layout.Field> places) {
    void fill(byte[] mask) {
      for (Layout.Field f : places) {
        Arrays.fill(mask, f.offset(), f.offset() + f.size(), (byte) -1);
      }
    }

    private Bytes and(Bytes other) {
      return new Bytes(Stream.concat(places.stream(), other.places.stream()).toList());
    }
  }

  static {
    for (Hook hook : Hook.values()) {
      Map<String, Bytes> fields = new LinkedHashMap<>();
      fields.put("hook", key("hook"));
      fields.put("access", key("access"));
      if (hook == Hook.XDP_INGRESS) {
        packet(fields);
      } else {
        process(fields);
        if (hook == Hook.MODULE_LOAD) {
          loaded(fields);
        } else if (hook.isPeer()) {
          peer(fields, hook);
        } else if (hook.isFile()) {
          file(fields);
          if (hook == Hook.MOUNT) {
            fields.put("file.created", new Bytes(List.of())); // it never is
          }
        } else if (hook == Hook.SOCKET_CREATE) {
          kind(fields);
        } else if (hook != Hook.USER_NAMESPACE) {
          socket(fields, hook.isLocal() ? "socket.local." : "socket.");
        }
      }
      BY_HOOK.put(hook, Collections.unmodifiableMap(fields));
    }
  }

  private KeyFields() {}

  /** The fields of the hook's input document, by their dotted path. */
  static Map<String, Bytes> of(Hook hook) {
    return BY_HOOK.get(hook);
  }

  /** The fields of any hook. */
  static Set<String> allPaths() {
    Set<String> paths = new TreeSet<>();
    BY_HOOK.values().forEach(fields -> paths.addAll(fields.keySet()));
    return paths;
  }

  private static void process(Map<String, Bytes> fields) {
    for (String name : List.of("uid", "gid", "euid", "egid")) {
      fields.put("process." + name, key(name));
    }
    // One execve of one process has one pid.
    fields.put("process.pid", key("image"));
    // The words of paths say also by which names of policies the file is known, see names in
    // verdict.h.
    fields.put("process.exe.path", key("exe_path"));
    fields.put("process.exe.dev", key("exe_device"));
    fields.put("process.exe.inode", key("exe_inode"));
    fields.put("process.cgroup.id", key("cgroup"));
    fields.put("process.labels", key("labels"));
    for (Layout.Field field : EventLayouts.CONTEXT.fields()) {
      fields.put("process." + field.name(), context(field));
    }
    // A cgroup v2 cannot be renamed, and its number is not used again.
    fields.put("process.cgroup.path", key("cgroup"));
    fields.put("process.unit", key("cgroup")); // a function of the path
    // Of one cgroup it is always the same once it is known; a verdict from before that expires.
    for (String name : CONTAINER) {
      fields.put("process.container." + name, key("cgroup"));
    }
  }

  private static void file(Map<String, Bytes> fields) {
    Layout file = EventLayouts.FILE_IDENTITY;
    // The hooks work the flags out together with the path, and only where the mask has the path.
    Bytes flags = in("file", file, "path").and(key("flags"));
    fields.put("file.path", flags);
    fields.put("file.dev", in("file", file, "device"));
    for (String name : List.of("inode", "generation", "uid", "gid", "mode")) {
      fields.put("file." + name, in("file", file, name));
    }
    fields.put("file.type", in("file", file, "mode"));
    fields.put("file.created", key("access"));
    fields.put("file.deleted", flags);
    fields.put("file.unreachable", flags);
  }

  /* What is wanted tells whether there is a file, or a name in the place of its path. */
  private static void loaded(Map<String, Bytes> fields) {
    Map<String, Bytes> file = new LinkedHashMap<>();
    file(file);
    file.forEach((path, bytes) -> fields.put(path, bytes.and(key("access"))));
    fields.put("module.name", in("file", EventLayouts.FILE_IDENTITY, "path").and(key("access")));
  }

  private static void peer(Map<String, Bytes> fields, Hook hook) {
    Layout peer = EventLayouts.PEER;
    fields.put("peer.uid", in("peer", peer, "uid"));
    // One that has no program and one whose program cannot be told are two.
    fields.put("peer.exe.path", in("peer", peer, "path").and(key("flags")));
    fields.put("peer.exe.dev", in("peer", peer, "device").and(key("flags")));
    fields.put("peer.exe.inode", in("peer", peer, "inode").and(key("flags")));
    fields.put("peer.cgroup.id", in("peer", peer, "cgroup"));
    fields.put("peer.cgroup.path", in("peer", peer, "cgroup"));
    if (hook == Hook.SIGNAL) {
      fields.put("signal.number", in("peer", peer, "signal"));
      fields.put("signal.name", in("peer", peer, "signal"));
    }
  }

  private static void socket(Map<String, Bytes> fields, String end) {
    Layout socket = EventLayouts.SOCKET_ADDRESS;
    fields.put("socket.family", key("family"));
    fields.put("socket.type", in("socket", socket, "type"));
    fields.put("socket.protocol", key("protocol"));
    fields.put(end + "address", in("socket", socket, "address").and(key("family")));
    fields.put(end + "port", in("socket", socket, "port"));
  }

  /* A protocol has its name by the family. */
  private static void kind(Map<String, Bytes> fields) {
    Layout socket = EventLayouts.SOCKET_ADDRESS;
    fields.put("socket.family", key("family"));
    fields.put("socket.type", in("socket", socket, "type"));
    fields.put("socket.protocol", in("socket", socket, "protocol").and(key("family")));
  }

  private static void packet(Map<String, Bytes> fields) {
    Layout packet = EventLayouts.PACKET_TUPLE;
    // Without a family nothing of the header is in the document.
    Bytes there = key("family");
    // Ports, or the ICMP type and code, are there for some protocols and where the packet could be
    // read so far: a fragment that does not carry them is one that could not.
    Bytes transport = key("protocol", "flags");
    Bytes first = in("packet", packet, "source_port").and(transport);
    Bytes second = in("packet", packet, "destination_port").and(transport);
    fields.put("packet.interface.index", in("packet", packet, "interface"));
    fields.put("packet.interface.name", in("packet", packet, "interface"));
    fields.put("packet.family", there);
    fields.put("packet.protocol", key("protocol").and(there));
    fields.put("packet.source.address", in("packet", packet, "source").and(there));
    fields.put("packet.source.port", first);
    fields.put("packet.destination.address", in("packet", packet, "destination").and(there));
    fields.put("packet.destination.port", second);
    fields.put("packet.icmp.type", first);
    fields.put("packet.icmp.code", second);
    fields.put("packet.fragment", key("flags"));
    fields.put("packet.parsed", key("flags"));
  }

  private static Bytes key(String... names) {
    return new Bytes(Arrays.stream(names).map(KEY::field).toList());
  }

  private static Bytes context(Layout.Field field) {
    int at = KEY.size() + field.offset();
    return new Bytes(List.of(new Layout.Field(field.name(), at, field.size())));
  }

  private static Bytes in(String member, Layout layout, String... names) {
    int base = KEY.offset(member);
    return new Bytes(
        Arrays.stream(names)
            .map(layout::field)
            .map(f -> new Layout.Field(f.name(), base + f.offset(), f.size()))
            .toList());
  }
}
