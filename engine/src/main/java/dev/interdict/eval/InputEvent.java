package dev.interdict.eval;

import dev.interdict.builtins.Cidr;
import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.Head;
import dev.interdict.event.Event.PacketEvent;
import dev.interdict.event.Event.Peer;
import dev.interdict.event.Event.PeerEvent;
import dev.interdict.event.Event.SocketEvent;
import dev.interdict.event.Event.Subject;
import dev.interdict.event.Event.SubjectEvent;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.Names;
import dev.interdict.event.Namespace;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.RecordKind;
import dev.interdict.event.SlotSet;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * The event that a document {@code input} is of: the way back from {@link InputJson}. What the
 * document does not have is zero or unknown; what only the kernel needs, such as the key, is empty.
 */
public final class InputEvent {
  private static final int TYPE_SHIFT = 12;

  private InputEvent() {}

  /** The hook of a document; null if this release knows none of its name. */
  public static Hook hook(JsonNode input) {
    String id = input.path("hook").asString("");
    return Arrays.stream(Hook.values()).filter(h -> h.id().equals(id)).findFirst().orElse(null);
  }

  /**
   * The event.
   *
   * @param input of a hook that is known
   * @param file by which names its file is known, if it has one
   * @param exe by which names its executable is known, if it has one
   * @throws IllegalArgumentException if a fact is of another kind than the schemas say
   */
  public static Event of(JsonNode input, FileNames file, FileNames exe) {
    Hook hook = hook(input);
    if (hook.isFile()) {
      return file(input, hook, file, subject(input.path("process"), exe));
    }
    if (hook.isPeer()) {
      return peer(input, hook, file, subject(input.path("process"), exe));
    }
    if (hook == Hook.USER_NAMESPACE) {
      return new SubjectEvent(head(input, hook, 0), subject(input.path("process"), exe));
    }
    return hook == Hook.XDP_INGRESS
        ? packet(input)
        : socket(input, hook, subject(input.path("process"), exe));
  }

  private static Head head(JsonNode input, Hook hook, int objectFlags) {
    int access = 0;
    for (JsonNode word : input.path("access")) {
      Access one =
          Arrays.stream(Access.values())
              .filter(a -> a.id().equals(word.asString("")) && Access.of(hook, a.bit()).contains(a))
              .findFirst()
              .orElseThrow(() -> wrong("access", word));
      access |= one.bit();
    }
    return new Head(
        RecordKind.DECIDE,
        0,
        0,
        hook,
        access,
        objectFlags,
        new byte[0],
        SlotSet.NONE,
        SlotSet.NONE,
        SlotSet.NONE);
  }

  private static Subject subject(JsonNode process, FileNames names) {
    int pid = number(process, "pid");
    JsonNode exe = process.path("exe");
    return new Subject(
        pid,
        pid,
        0,
        number(process, "uid"),
        number(process, "gid"),
        number(process, "euid"),
        number(process, "egid"),
        device(exe.path("dev")),
        wide(exe, "inode"),
        Names.toBytes(exe.path("path").asString("")),
        names,
        0,
        wide(process.path("cgroup"), "id"),
        new byte[0],
        labels(process.path("labels")),
        context(process));
  }

  private static Context context(JsonNode process) {
    List<String> kinds = Arrays.stream(Namespace.values()).map(Namespace::id).toList();
    return new Context(
        bits(process, "capabilities", Context.CAPABILITIES),
        process.has("session_uid") ? number(process, "session_uid") : Context.NO_SESSION,
        (int) bits(process, "namespaces", kinds),
        process.path("no_new_privs").asBoolean(false),
        number(Facts.SECCOMP, process, "seccomp"),
        process.path("tty").asBoolean(false));
  }

  private static long bits(JsonNode object, String name, List<String> words) {
    long bits = 0;
    for (JsonNode word : object.path(name)) {
      int bit = words.indexOf(word.asString(""));
      if (bit < 0) {
        throw wrong(name, word);
      }
      bits |= 1L << bit;
    }
    return bits;
  }

  private static List<String> labels(JsonNode array) {
    TreeSet<String> labels = new TreeSet<>();
    for (JsonNode label : array) {
      if (!label.isString() || labels.size() == EventLayouts.LABELS) {
        throw wrong("labels", array);
      }
      labels.add(label.asString());
    }
    return List.copyOf(labels);
  }

  private static FileEvent file(JsonNode input, Hook hook, FileNames names, Subject subject) {
    JsonNode file = input.path("file");
    int flags = flag(file, "deleted", ObjectFlag.DELETED);
    flags |= flag(file, "unreachable", ObjectFlag.UNREACHABLE);
    boolean none = hook == Hook.MODULE_LOAD && file.isMissingNode();
    flags |= none || file.has("path") ? 0 : ObjectFlag.PATH_UNKNOWN.bit();
    JsonNode name = none ? input.path("module").path("name") : file.path("path");
    int mode = octal(file.path("mode")) | number(Facts.FILE_TYPES, file, "type") << TYPE_SHIFT;
    return new FileEvent(
        head(input, hook, flags),
        subject,
        Names.toBytes(name.asString("")),
        names,
        device(file.path("dev")),
        wide(file, "inode"),
        number(file, "generation"),
        number(file, "uid"),
        number(file, "gid"),
        mode);
  }

  private static PeerEvent peer(JsonNode input, Hook hook, FileNames names, Subject subject) {
    JsonNode peer = input.path("peer");
    JsonNode exe = peer.path("exe");
    long inode = wide(exe, "inode");
    boolean none = exe.isObject() && inode == 0;
    int flags = none || exe.has("path") ? 0 : ObjectFlag.PATH_UNKNOWN.bit();
    JsonNode signal = input.path("signal");
    int number =
        signal.has("number") ? number(signal, "number") : number(Facts.SIGNALS, signal, "name");
    return new PeerEvent(
        head(input, hook, flags),
        subject,
        new Peer(
            number(peer, "uid"),
            device(exe.path("dev")),
            inode,
            Names.toBytes(exe.path("path").asString("")),
            names,
            wide(peer.path("cgroup"), "id")),
        number);
  }

  private static SocketEvent socket(JsonNode input, Hook hook, Subject subject) {
    JsonNode socket = input.path("socket");
    JsonNode end = hook.isLocal() ? socket.path("local") : socket;
    boolean any = hook == Hook.SOCKET_CREATE;
    int family = any ? madeFamily(socket) : number(Facts.FAMILIES, socket, "family");
    return new SocketEvent(
        head(input, hook, 0),
        subject,
        family,
        address(end),
        number(end, "port"),
        number(Facts.SOCKET_TYPES, socket, "type"),
        number(any ? Facts.protocols(family) : Facts.PROTOCOLS, socket, "protocol"));
  }

  /** Where only the protocol is known, one that has such a name. */
  private static int madeFamily(JsonNode socket) {
    String protocol = socket.path("protocol").asString("");
    for (int i = 0; i < Facts.SOCKET_FAMILIES.length && !socket.has("family"); i++) {
      if (Arrays.asList(Facts.protocols(i)).contains(protocol)) {
        return i;
      }
    }
    return number(Facts.SOCKET_FAMILIES, socket, "family");
  }

  private static PacketEvent packet(JsonNode input) {
    JsonNode packet = input.path("packet");
    int flags = flag(packet, "fragment", ObjectFlag.FRAGMENT);
    flags |= packet.path("parsed").asBoolean(true) ? 0 : ObjectFlag.UNPARSED.bit();
    JsonNode icmp = packet.path("icmp");
    JsonNode source = packet.path("source");
    JsonNode destination = packet.path("destination");
    return new PacketEvent(
        head(input, Hook.XDP_INGRESS, flags),
        number(Facts.FAMILIES, packet, "family"),
        number(Facts.PROTOCOLS, packet, "protocol"),
        address(source),
        address(destination),
        icmp.isMissingNode() ? number(source, "port") : number(icmp, "type"),
        icmp.isMissingNode() ? number(destination, "port") : number(icmp, "code"),
        number(packet.path("interface"), "index"),
        0);
  }

  private static int flag(JsonNode object, String name, ObjectFlag flag) {
    return object.path(name).asBoolean(false) ? flag.bit() : 0;
  }

  private static int number(JsonNode object, String name) {
    return (int) wide(object, name);
  }

  private static long wide(JsonNode object, String name) {
    JsonNode value = object.path(name);
    if (value.isMissingNode()) {
      return 0;
    }
    if (!value.isIntegralNumber()) {
      throw wrong(name, value);
    }
    return value.bigIntegerValue().longValue();
  }

  /** The number that has this name in {@code table}, or that stands there itself. */
  private static int number(String[] table, JsonNode object, String name) {
    JsonNode value = object.path(name);
    if (value.isMissingNode()) {
      return 0;
    }
    int known = Arrays.asList(table).indexOf(value.asString(""));
    if (known >= 0) {
      return known;
    }
    try {
      return Integer.parseUnsignedInt(value.asString(""));
    } catch (NumberFormatException e) {
      throw wrong(name, value);
    }
  }

  private static int octal(JsonNode mode) {
    try {
      return mode.isMissingNode() ? 0 : Integer.parseInt(mode.asString(""), 8);
    } catch (NumberFormatException e) {
      throw wrong("mode", mode);
    }
  }

  private static int device(JsonNode device) {
    if (device.isMissingNode()) {
      return 0;
    }
    String[] parts = device.asString("").split(":", -1);
    try {
      return Integer.parseInt(parts[0]) << 20 | Integer.parseInt(parts[1]);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw wrong("dev", device);
    }
  }

  private static byte[] address(JsonNode object) {
    JsonNode value = object.path("address");
    if (value.isMissingNode()) {
      return new byte[16];
    }
    byte[] address = Cidr.parseAddress(value.asString(""));
    if (address == null) {
      throw wrong("address", value);
    }
    if (address.length == 16) {
      return address;
    }
    byte[] mapped = new byte[16];
    mapped[10] = (byte) 0xff;
    mapped[11] = (byte) 0xff;
    System.arraycopy(address, 0, mapped, 12, 4);
    return mapped;
  }

  private static IllegalArgumentException wrong(String fact, JsonNode value) {
    String text = value.toString();
    return new IllegalArgumentException(
        "the fact " + fact + " cannot be " + (text.length() > 80 ? text.substring(0, 80) : text));
  }
}
