package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.interdict.builtins.Digits;
import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.PacketEvent;
import dev.interdict.event.Event.PeerEvent;
import dev.interdict.event.Event.SocketEvent;
import dev.interdict.event.Event.Subject;
import dev.interdict.event.Event.SubjectEvent;
import dev.interdict.event.Hook;
import dev.interdict.event.Names;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Word;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;

/**
 * An event as the JSON document {@code input}, as {@code policies/schema} describes it: for people
 * and tools. {@link InputWriter} builds the same document where the policy reads it, and a test
 * keeps the two equal. What is not known is absent.
 */
public final class InputJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private InputJson() {}

  /** The document as UTF-8. */
  public static byte[] write(Event event, HostNames names) {
    return JSON.writeValueAsBytes(tree(event, names));
  }

  /** The document as maps, lists, strings, numbers and booleans. */
  public static Map<String, Object> tree(Event event, HostNames names) {
    Map<String, Object> input = new LinkedHashMap<>();
    input.put("hook", event.hook().id());
    input.put(
        "access", Access.of(event.hook(), event.head().access()).stream().map(Access::id).toList());
    switch (event) {
      case FileEvent file -> {
        input.put("process", process(file.subject(), names));
        if (file.hasFile()) {
          input.put("file", file(file));
        } else if (file.isRequest()) {
          input.put("module", module(file));
        }
      }
      case SocketEvent socket -> {
        input.put("process", process(socket.subject(), names));
        input.put("socket", socket(socket));
      }
      case SubjectEvent plain -> input.put("process", process(plain.subject(), names));
      case PeerEvent other -> {
        input.put("process", process(other.subject(), names));
        input.put("peer", peer(other, names));
        if (other.hook() == Hook.SIGNAL) {
          input.put("signal", signal(other.signal()));
        }
      }
      case PacketEvent packet -> input.put("packet", packet(packet, names));
    }
    return input;
  }

  private static Map<String, Object> process(Subject subject, HostNames names) {
    Map<String, Object> exe = new LinkedHashMap<>();
    if (subject.exePath().length != 0) {
      exe.put("path", Names.toText(subject.exePath()));
    }
    exe.put("dev", device(subject.exeDevice()));
    exe.put("inode", unsigned(subject.exeInode()));
    Map<String, Object> cgroup = new LinkedHashMap<>();
    cgroup.put("id", unsigned(subject.cgroup()));
    byte[] path = names.cgroupPath(subject.cgroup());
    if (path != null) {
      cgroup.put("path", Names.toText(path));
    }
    Map<String, Object> process = new LinkedHashMap<>();
    process.put("pid", Integer.toUnsignedLong(subject.pid()));
    process.put("uid", Integer.toUnsignedLong(subject.uid()));
    process.put("gid", Integer.toUnsignedLong(subject.gid()));
    process.put("euid", Integer.toUnsignedLong(subject.euid()));
    process.put("egid", Integer.toUnsignedLong(subject.egid()));
    process.put("exe", exe);
    process.put("cgroup", cgroup);
    process.put("labels", subject.labels());
    putContext(process, subject.context());
    Workload workload = names.workload(subject.cgroup());
    if (workload.unit() != null) {
      process.put("unit", workload.unit().text());
    }
    if (workload.container() != null) {
      process.put("container", container(workload.container()));
    }
    return process;
  }

  private static void putContext(Map<String, Object> process, Context context) {
    process.put("capabilities", context.capabilityNames());
    process.put("namespaces", context.namespaceNames());
    process.put("no_new_privs", context.noNewPrivs());
    process.put("seccomp", context.seccompName());
    process.put("tty", context.tty());
    if (context.hasSession()) {
      process.put("session_uid", Integer.toUnsignedLong(context.sessionUid()));
    }
  }

  private static Map<String, Object> container(Container of) {
    Map<String, Object> container = new LinkedHashMap<>();
    putIfTold(container, "id", of.id());
    container.put("state", of.state().text());
    putIfTold(container, "runtime", of.runtime());
    putIfTold(container, "name", of.name());
    putIfTold(container, "image", of.image());
    if (of.pod() != null) {
      Map<String, Object> pod = new LinkedHashMap<>();
      pod.put("namespace", of.pod().namespace().text());
      pod.put("name", of.pod().name().text());
      putIfTold(pod, "uid", of.pod().uid());
      container.put("pod", pod);
    }
    return container;
  }

  private static void putIfTold(Map<String, Object> object, String key, Word word) {
    if (word != null) {
      object.put(key, word.text());
    }
  }

  private static Map<String, Object> module(FileEvent event) {
    return event.path().length == 0 ? Map.of() : Map.of("name", Names.toText(event.path()));
  }

  private static Map<String, Object> file(FileEvent event) {
    Map<String, Object> file = new LinkedHashMap<>();
    if (Facts.pathKnown(event)) {
      file.put("path", Names.toText(event.path()));
    }
    file.put("dev", device(event.device()));
    file.put("inode", unsigned(event.inode()));
    file.put("generation", Integer.toUnsignedLong(event.generation()));
    file.put("uid", Integer.toUnsignedLong(event.uid()));
    file.put("gid", Integer.toUnsignedLong(event.gid()));
    file.put("mode", String.format("%04o", event.mode() & 07777));
    file.put("type", Facts.FILE_TYPES[Facts.fileType(event.mode())]);
    file.put("created", Facts.created(event));
    file.put("deleted", ObjectFlag.DELETED.in(event.head().objectFlags()));
    file.put("unreachable", ObjectFlag.UNREACHABLE.in(event.head().objectFlags()));
    return file;
  }

  private static Map<String, Object> peer(PeerEvent event, HostNames names) {
    Event.Peer of = event.peer();
    Map<String, Object> exe = new LinkedHashMap<>();
    if (Facts.hasPath(event)) {
      exe.put("path", Names.toText(of.exePath()));
    }
    exe.put("dev", device(of.exeDevice()));
    exe.put("inode", unsigned(of.exeInode()));
    Map<String, Object> cgroup = new LinkedHashMap<>();
    cgroup.put("id", unsigned(of.cgroup()));
    byte[] path = names.cgroupPath(of.cgroup());
    if (path != null) {
      cgroup.put("path", Names.toText(path));
    }
    Map<String, Object> peer = new LinkedHashMap<>();
    peer.put("uid", Integer.toUnsignedLong(of.uid()));
    if (!Facts.programUnknown(event)) {
      peer.put("exe", exe);
    }
    peer.put("cgroup", cgroup);
    return peer;
  }

  private static Map<String, Object> signal(int number) {
    Map<String, Object> signal = new LinkedHashMap<>();
    signal.put("number", Integer.toUnsignedLong(number));
    signal.put("name", named(Facts.SIGNALS, number));
    return signal;
  }

  /** Of a signal: its name; of a trace, what is wanted; each with whose program is meant. */
  public static String meeting(PeerEvent event) {
    String path = Facts.hasPath(event) ? Names.toText(event.peer().exePath()) : "?";
    return event.hook() == Hook.SIGNAL ? named(Facts.SIGNALS, event.signal()) + " " + path : path;
  }

  private static Map<String, Object> socket(SocketEvent event) {
    Map<String, Object> socket = new LinkedHashMap<>();
    socket.put("family", family(event));
    socket.put("type", named(Facts.SOCKET_TYPES, event.type()));
    socket.put("protocol", protocol(event));
    if (event.hook() == Hook.SOCKET_CREATE) {
      return socket;
    }
    Map<String, Object> end = new LinkedHashMap<>();
    end.put("address", address(event.address()));
    end.put("port", Integer.toUnsignedLong(event.port()));
    if (event.hook().isLocal()) {
      socket.put("local", end);
    } else {
      socket.putAll(end);
    }
    return socket;
  }

  /** Of a socket that is made: family, type and protocol, as {@code netlink raw netfilter}. */
  public static String kind(SocketEvent event) {
    return String.join(
        " ", family(event), named(Facts.SOCKET_TYPES, event.type()), protocol(event));
  }

  static String family(SocketEvent event) {
    boolean any = event.hook() == Hook.SOCKET_CREATE;
    return named(any ? Facts.SOCKET_FAMILIES : Facts.FAMILIES, event.family());
  }

  static String protocol(SocketEvent event) {
    boolean any = event.hook() == Hook.SOCKET_CREATE;
    return named(any ? Facts.protocols(event.family()) : Facts.PROTOCOLS, event.protocol());
  }

  private static Map<String, Object> packet(PacketEvent event, HostNames names) {
    Map<String, Object> card = new LinkedHashMap<>();
    card.put("index", Integer.toUnsignedLong(event.interfaceIndex()));
    byte[] name = names.interfaceName(event.interfaceIndex());
    if (name != null) {
      card.put("name", Names.toText(name));
    }
    Map<String, Object> packet = new LinkedHashMap<>();
    packet.put("interface", card);
    if (!Facts.isBare(event)) {
      packet.put("family", named(Facts.FAMILIES, event.family()));
      packet.put("protocol", named(Facts.PROTOCOLS, event.protocol()));
      packet.put("source", endpoint(event, event.source(), event.sourcePort()));
      packet.put("destination", endpoint(event, event.destination(), event.destinationPort()));
      if (Facts.hasIcmp(event)) {
        packet.put(
            "icmp",
            Map.of("type", (long) event.sourcePort(), "code", (long) event.destinationPort()));
      }
    }
    packet.put("fragment", ObjectFlag.FRAGMENT.in(event.head().objectFlags()));
    packet.put("parsed", Facts.parsed(event));
    return packet;
  }

  private static Map<String, Object> endpoint(PacketEvent event, byte[] address, int port) {
    Map<String, Object> endpoint = new LinkedHashMap<>();
    endpoint.put("address", address(address));
    if (Facts.hasPorts(event)) {
      endpoint.put("port", (long) port);
    }
    return endpoint;
  }

  static String named(String[] names, int number) {
    String name = Facts.name(names, number);
    return name == null ? Integer.toUnsignedString(number) : name;
  }

  private static String device(int device) {
    return (device >>> 20) + ":" + (device & 0xfffff);
  }

  static String address(byte[] address) {
    byte[] text = new byte[Digits.LENGTH_MAX];
    return new String(text, 0, Digits.address(address, text, 0), US_ASCII);
  }

  private static Number unsigned(long value) {
    return value >= 0 ? value : new BigInteger(Long.toUnsignedString(value));
  }
}
