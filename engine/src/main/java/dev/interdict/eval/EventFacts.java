package dev.interdict.eval;

import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.PacketEvent;
import dev.interdict.event.Event.PeerEvent;
import dev.interdict.event.Event.SocketEvent;
import dev.interdict.event.Event.Subject;
import dev.interdict.event.Event.SubjectEvent;
import dev.interdict.event.Hook;
import dev.interdict.event.Names;
import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Word;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Single facts of an event without the document around them, each as {@link InputJson} has it: a
 * string, a Long, or a list of strings; null where the document has no such field.
 */
final class EventFacts {
  private static final Map<String, BiFunction<Event, HostNames, Object>> READERS = readers();

  private EventFacts() {}

  /** Reads {@code field} of any event; null if it is not among the facts that can be read alone. */
  static BiFunction<Event, HostNames, Object> reader(String field) {
    return READERS.get(field);
  }

  private static Map<String, BiFunction<Event, HostNames, Object>> readers() {
    Map<String, BiFunction<Event, HostNames, Object>> all = new HashMap<>();
    all.put("hook", (e, names) -> e.hook().id());
    all.put("access", (e, names) -> access(e));
    subject(all, "process.exe.path", (s, names) -> name(s.exePath()));
    subject(
        all,
        "process.cgroup.path",
        (s, names) -> {
          byte[] path = names.cgroupPath(s.cgroup());
          return path == null ? null : Names.toText(path);
        });
    workload(all, "process.unit", Workload::unit);
    container(all, "id", Container::id);
    container(all, "state", Container::state);
    container(all, "runtime", Container::runtime);
    container(all, "name", Container::name);
    container(all, "image", Container::image);
    container(all, "pod.namespace", c -> c.pod() == null ? null : c.pod().namespace());
    container(all, "pod.name", c -> c.pod() == null ? null : c.pod().name());
    container(all, "pod.uid", c -> c.pod() == null ? null : c.pod().uid());
    subject(all, "process.labels", (s, names) -> s.labels());
    subject(
        all,
        "process.session_uid",
        (s, names) ->
            s.context().hasSession() ? Integer.toUnsignedLong(s.context().sessionUid()) : null);
    subject(all, "process.uid", (s, names) -> Integer.toUnsignedLong(s.uid()));
    subject(all, "process.euid", (s, names) -> Integer.toUnsignedLong(s.euid()));
    file(all, "file.path", e -> Facts.pathKnown(e) ? Names.toText(e.path()) : null);
    all.put(
        "module.name",
        (e, names) -> e instanceof FileEvent f && f.isRequest() ? name(f.path()) : null);
    file(all, "file.type", e -> Facts.FILE_TYPES[Facts.fileType(e.mode())]);
    peer(
        all,
        "peer.exe.path",
        (e, names) -> Facts.hasPath(e) ? Names.toText(e.peer().exePath()) : null);
    peer(all, "peer.uid", (e, names) -> Integer.toUnsignedLong(e.peer().uid()));
    peer(
        all,
        "peer.cgroup.path",
        (e, names) -> {
          byte[] path = names.cgroupPath(e.peer().cgroup());
          return path == null ? null : Names.toText(path);
        });
    peer(
        all,
        "signal.name",
        (e, names) -> e.hook() == Hook.SIGNAL ? InputJson.named(Facts.SIGNALS, e.signal()) : null);
    end(all, "socket.", hook -> hook == Hook.SOCKET_CONNECT);
    end(all, "socket.local.", Hook::isLocal);
    socket(all, "socket.family", InputJson::family);
    socket(all, "socket.protocol", InputJson::protocol);
    packet(all, "packet.family", e -> InputJson.named(Facts.FAMILIES, e.family()));
    packet(all, "packet.protocol", e -> InputJson.named(Facts.PROTOCOLS, e.protocol()));
    packet(all, "packet.source.address", e -> InputJson.address(e.source()));
    packet(all, "packet.destination.address", e -> InputJson.address(e.destination()));
    packet(all, "packet.source.port", e -> Facts.hasPorts(e) ? (long) e.sourcePort() : null);
    packet(
        all, "packet.destination.port", e -> Facts.hasPorts(e) ? (long) e.destinationPort() : null);
    return all;
  }

  private static String name(byte[] raw) {
    return raw.length == 0 ? null : Names.toText(raw);
  }

  private static List<String> access(Event event) {
    return Access.of(event.hook(), event.head().access()).stream().map(Access::id).toList();
  }

  private static void subject(
      Map<String, BiFunction<Event, HostNames, Object>> all,
      String field,
      BiFunction<Subject, HostNames, Object> read) {
    all.put(
        field,
        (event, names) ->
            switch (event) {
              case FileEvent file -> read.apply(file.subject(), names);
              case SocketEvent socket -> read.apply(socket.subject(), names);
              case SubjectEvent plain -> read.apply(plain.subject(), names);
              case PeerEvent other -> read.apply(other.subject(), names);
              case PacketEvent packet -> null;
            });
  }

  private static void container(
      Map<String, BiFunction<Event, HostNames, Object>> all,
      String field,
      Function<Container, Word> read) {
    workload(
        all,
        "process.container." + field,
        w -> w.container() == null ? null : read.apply(w.container()));
  }

  private static void workload(
      Map<String, BiFunction<Event, HostNames, Object>> all,
      String field,
      Function<Workload, Word> read) {
    subject(
        all,
        field,
        (s, names) -> {
          Word word = read.apply(names.workload(s.cgroup()));
          return word == null ? null : word.text();
        });
  }

  private static void file(
      Map<String, BiFunction<Event, HostNames, Object>> all,
      String field,
      Function<FileEvent, Object> read) {
    all.put(
        field,
        (event, names) ->
            event instanceof FileEvent file && file.hasFile() ? read.apply(file) : null);
  }

  private static void peer(
      Map<String, BiFunction<Event, HostNames, Object>> all,
      String field,
      BiFunction<PeerEvent, HostNames, Object> read) {
    all.put(
        field,
        (event, names) -> event instanceof PeerEvent other ? read.apply(other, names) : null);
  }

  private static void socket(
      Map<String, BiFunction<Event, HostNames, Object>> all,
      String field,
      Function<SocketEvent, Object> read) {
    all.put(field, (event, names) -> event instanceof SocketEvent e ? read.apply(e) : null);
  }

  /* Of the far end, or of the near one. */
  private static void end(
      Map<String, BiFunction<Event, HostNames, Object>> all, String at, Predicate<Hook> has) {
    socket(all, at + "address", e -> has.test(e.hook()) ? InputJson.address(e.address()) : null);
    socket(all, at + "port", e -> has.test(e.hook()) ? Integer.toUnsignedLong(e.port()) : null);
  }

  private static void packet(
      Map<String, BiFunction<Event, HostNames, Object>> all,
      String field,
      Function<PacketEvent, Object> read) {
    all.put(
        field,
        (event, names) ->
            event instanceof PacketEvent e && !Facts.isBare(e) ? read.apply(e) : null);
  }
}
