package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.PacketEvent;
import dev.interdict.event.Event.PeerEvent;
import dev.interdict.event.Event.SocketEvent;
import dev.interdict.event.Event.Subject;
import dev.interdict.event.Event.SubjectEvent;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.Namespace;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.ReadSet;
import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Word;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * The document {@code input} in a module's memory, without JSON: laid out once for each kind of
 * event, then changed in place for each event. {@link InputJson} is its readable twin.
 *
 * <p>Objects with a key that may be absent exist twice, with and without it; the event decides
 * which of them the parent points at. Fields that no rule can read keep what they held: a policy
 * that reads only a path pays for a path.
 */
final class InputWriter {

  /** A document and what must be done to it for each event. */
  private record Document<E>(int root, List<Consumer<E>> work) {}

  /** What a container may have, in the number of its shape. */
  private static final int NAME = 1;

  private static final int IMAGE = 2;
  private static final int POD = 4;

  /** What a process may have, in the number of its shape. */
  private static final int IN_UNIT = 1;

  private static final int IN_CONTAINER = 2;
  private static final int IN_SESSION = 4;

  private final InputShape.Site site;
  private final HostNames names;
  private final List<Consumer<Subject>> subjectWork = new ArrayList<>();
  private final int heap;
  private final Document<FileEvent> file;
  private final Document<FileEvent> loaded;
  private final Document<FileEvent> requested;
  private final Document<SocketEvent> socket;
  private final Document<SocketEvent> local;
  private final Document<SocketEvent> created;
  private final Document<SubjectEvent> plain;
  private final Document<PeerEvent> traced;
  private final Document<PeerEvent> signalled;
  private final Document<PacketEvent> packet;

  /* Of the event that is written. */
  private Workload workload;
  private int process;

  /**
   * Lays the documents out at the end of the instance's heap.
   *
   * @param reads what the policy can read
   */
  InputWriter(OpaInstance instance, ReadSet reads, HostNames names) {
    this.site = new InputShape.Site(instance, reads);
    this.names = names;
    this.process = process(subjectWork);
    this.file = file();
    this.loaded = loaded();
    this.requested = requested();
    this.socket = socket();
    this.local = local();
    this.created = created();
    this.plain = plain();
    this.traced = peer(false);
    this.signalled = peer(true);
    this.packet = packet();
    this.heap = (instance.heapPointer() + 7) & -8;
    // Text goes behind the heap pointer, unknown to the module's allocator: the memory must be
    // there.
    instance.writer().allocate(InputCells.ROOM);
    instance.setHeapPointer(heap);
  }

  /** Changes the document into that of {@code event}; returns its address. */
  int write(Event event) {
    site.cells().startAt(heap);
    return switch (event) {
      case FileEvent e -> {
        run(subjectWork, e.subject());
        yield write(e.hasFile() ? file : e.isRequest() ? requested : loaded, e);
      }
      case SocketEvent e -> {
        run(subjectWork, e.subject());
        yield write(
            e.hook() == Hook.SOCKET_CREATE ? created : e.hook().isLocal() ? local : socket, e);
      }
      case SubjectEvent e -> {
        run(subjectWork, e.subject());
        yield write(plain, e);
      }
      case PeerEvent e -> {
        run(subjectWork, e.subject());
        yield write(e.hook() == Hook.SIGNAL ? signalled : traced, e);
      }
      case PacketEvent e -> write(packet, e);
    };
  }

  /** Where the heap of the evaluation begins. */
  int heap() {
    return site.cells().end();
  }

  /** Where the heap begins that is anew for each event. */
  int base() {
    return heap;
  }

  private static <E> int write(Document<E> document, E event) {
    run(document.work, event);
    return document.root;
  }

  private static <E> void run(List<Consumer<E>> work, E event) {
    for (int i = 0; i < work.size(); i++) {
      work.get(i).accept(event);
    }
  }

  private int process(List<Consumer<Subject>> work) {
    InputCells cells = site.cells();
    if (readsWorkload()) {
      work.add(s -> workload = names.workload(s.cgroup())); // one answer for all that is read of it
    }
    InputShape<Subject> exe =
        new InputShape<>(site, "process.exe", work)
            .text("dev", (s, cell) -> cells.device(cell, s.exeDevice()))
            .number("inode", Subject::exeInode);
    int exeOnly = exe.build();
    int exeWithPath = exe.text("path", (s, cell) -> cells.name(cell, s.exePath())).build();
    InputShape<Subject> cgroup =
        new InputShape<>(site, "process.cgroup", work).number("id", Subject::cgroup);
    int cgroupOnly = cgroup.build();
    int cgroupWithPath =
        cgroup.text("path", (s, cell) -> known(cell, names.cgroupPath(s.cgroup()))).build();
    InputShape<Subject> shape =
        new InputShape<>(site, "process", work)
            .number("pid", s -> Integer.toUnsignedLong(s.pid()))
            .number("uid", s -> Integer.toUnsignedLong(s.uid()))
            .number("gid", s -> Integer.toUnsignedLong(s.gid()))
            .number("euid", s -> Integer.toUnsignedLong(s.euid()))
            .number("egid", s -> Integer.toUnsignedLong(s.egid()))
            .choice("exe", "path", exeOnly, s -> s.exePath().length == 0 ? exeOnly : exeWithPath)
            .choice(
                "cgroup",
                "path",
                cgroupOnly,
                s -> names.cgroupPath(s.cgroup()) == null ? cgroupOnly : cgroupWithPath);
    labels(shape);
    context(shape);
    shape.text("unit", (s, cell) -> word(cell, workload.unit()));
    container(shape, work);
    int[] all = new int[8];
    for (int has = 0; has < all.length; has++) {
      Set<String> absent = new HashSet<>();
      addIf((has & IN_UNIT) == 0, "unit", absent);
      addIf((has & IN_CONTAINER) == 0, "container", absent);
      addIf((has & IN_SESSION) == 0, "session_uid", absent);
      all[has] = shape.without(absent).build();
    }
    if (processVaries()) {
      work.add(s -> process = all[has(s)]);
    }
    return all[0];
  }

  private int has(Subject subject) {
    int has = subject.context().hasSession() ? IN_SESSION : 0;
    if (!readsWorkload()) {
      return has; // nobody has looked it up
    }
    has |= workload.unit() == null ? 0 : IN_UNIT;
    return has | (workload.container() == null ? 0 : IN_CONTAINER);
  }

  private void context(InputShape<Subject> shape) {
    List<String> kinds = Arrays.stream(Namespace.values()).map(Namespace::id).toList();
    set(shape, "capabilities", Context.CAPABILITIES, s -> s.context().capabilities());
    set(shape, "namespaces", kinds, s -> s.context().namespaces());
    shape
        .bool("no_new_privs", s -> s.context().noNewPrivs())
        .named("seccomp", Facts.SECCOMP, s -> s.context().seccompWord())
        .bool("tty", s -> s.context().tty())
        .number("session_uid", s -> Integer.toUnsignedLong(s.context().sessionUid()));
  }

  private <E> void set(
      InputShape<E> shape, String key, List<String> words, ToLongFunction<E> bits) {
    int[] elements = words.stream().mapToInt(site.instance().writer()::text).toArray();
    int array = site.instance().writer().array(elements);
    shape.array(key, array, e -> choose(array, elements, bits.applyAsLong(e)));
  }

  /* A set, so each once; as texts of the event, since what they are called is known late. */
  private void labels(InputShape<Subject> shape) {
    int[] cells = new int[EventLayouts.LABELS];
    for (int i = 0; i < cells.length; i++) {
      cells[i] = site.instance().writer().text("");
    }
    int array = site.instance().writer().array(cells);
    PolicyMemory memory = site.instance().memory();
    shape.array(
        "labels",
        array,
        s -> {
          for (int i = 0; i < s.labels().size(); i++) {
            site.cells().name(cells[i], s.labels().get(i).getBytes(US_ASCII));
          }
          memory.writeI32(array + 8, s.labels().size());
        });
  }

  private boolean processVaries() {
    return readsWorkload() || site.reads().mayRead("process.session_uid");
  }

  private boolean readsWorkload() {
    return site.reads().mayRead("process.unit") || site.reads().mayRead(Readings.CONTAINER);
  }

  private void container(InputShape<Subject> process, List<Consumer<Subject>> work) {
    InputShape<Subject> full = new InputShape<>(site, Readings.CONTAINER, work);
    word(full, "id", Container::id);
    word(full, "state", Container::state);
    word(full, "runtime", Container::runtime);
    word(full, "name", Container::name);
    word(full, "image", Container::image);
    pod(full, work);
    int unknown = full.without(Set.of("id", "runtime", "name", "image", "pod")).build();
    int[] known = new int[8];
    for (int has = 0; has < known.length; has++) {
      Set<String> absent = new HashSet<>();
      addIf((has & NAME) == 0, "name", absent);
      addIf((has & IMAGE) == 0, "image", absent);
      addIf((has & POD) == 0, "pod", absent);
      known[has] = full.without(absent).build();
    }
    process.choice(
        "container",
        "",
        unknown,
        s -> {
          Container of = workload.container();
          return of == null || !of.known() ? unknown : known[has(of)];
        });
  }

  private static void addIf(boolean so, String key, Set<String> keys) {
    if (so) {
      keys.add(key);
    }
  }

  private static int has(Container of) {
    return (of.name() == null ? 0 : NAME)
        | (of.image() == null ? 0 : IMAGE)
        | (of.pod() == null ? 0 : POD);
  }

  private void pod(InputShape<Subject> container, List<Consumer<Subject>> work) {
    InputShape<Subject> pod = new InputShape<>(site, Readings.CONTAINER + ".pod", work);
    word(pod, "namespace", c -> c.pod() == null ? null : c.pod().namespace());
    word(pod, "name", c -> c.pod() == null ? null : c.pod().name());
    int only = pod.build();
    int withUid = word(pod, "uid", c -> c.pod() == null ? null : c.pod().uid()).build();
    container.choice(
        "pod",
        "uid",
        only,
        s -> {
          Container of = workload.container();
          return of == null || of.pod() == null || of.pod().uid() == null ? only : withUid;
        });
  }

  private InputShape<Subject> word(
      InputShape<Subject> shape, String key, Function<Container, Word> word) {
    return shape.text(
        key,
        (s, cell) -> {
          if (workload.container() != null) {
            word(cell, word.apply(workload.container()));
          }
        });
  }

  private <E extends Event> InputShape<E> withProcess(InputShape<E> root) {
    return processVaries()
        ? root.choice("process", "", process, e -> process)
        : root.child("process", process);
  }

  private Document<FileEvent> file() {
    InputCells cells = site.cells();
    List<Consumer<FileEvent>> work = new ArrayList<>();
    InputShape<FileEvent> file =
        new InputShape<>(site, "file", work)
            .text("dev", (e, cell) -> cells.device(cell, e.device()))
            .number("inode", FileEvent::inode)
            .number("generation", e -> Integer.toUnsignedLong(e.generation()))
            .number("uid", e -> Integer.toUnsignedLong(e.uid()))
            .number("gid", e -> Integer.toUnsignedLong(e.gid()))
            .text("mode", (e, cell) -> cells.mode(cell, e.mode()))
            .named("type", Facts.FILE_TYPES, e -> Facts.fileType(e.mode()))
            .bool("created", Facts::created)
            .bool("deleted", e -> ObjectFlag.DELETED.in(e.head().objectFlags()))
            .bool("unreachable", e -> ObjectFlag.UNREACHABLE.in(e.head().objectFlags()));
    int only = file.build();
    int withPath = file.text("path", (e, cell) -> cells.name(cell, e.path())).build();
    return document(
        withProcess(root(work))
            .choice("file", "path", only, e -> Facts.pathKnown(e) ? withPath : only),
        work);
  }

  /* From memory. */
  private Document<FileEvent> loaded() {
    List<Consumer<FileEvent>> work = new ArrayList<>();
    return document(withProcess(root(work)), work);
  }

  private Document<FileEvent> requested() {
    List<Consumer<FileEvent>> work = new ArrayList<>();
    InputShape<FileEvent> module = new InputShape<>(site, "module", work);
    int unnamed = module.build();
    int named = module.text("name", (e, cell) -> site.cells().name(cell, e.path())).build();
    return document(
        withProcess(root(work))
            .choice("module", "name", unnamed, e -> e.path().length == 0 ? unnamed : named),
        work);
  }

  private Document<SocketEvent> socket() {
    List<Consumer<SocketEvent>> work = new ArrayList<>();
    int object = end(kind(work)).build();
    return document(withProcess(root(work)).child("socket", object), work);
  }

  private Document<SocketEvent> local() {
    List<Consumer<SocketEvent>> work = new ArrayList<>();
    int end = end(new InputShape<>(site, "socket.local", work)).build();
    int object = kind(work).child("local", end).build();
    return document(withProcess(root(work)).child("socket", object), work);
  }

  private Document<SocketEvent> created() {
    List<Consumer<SocketEvent>> work = new ArrayList<>();
    int object =
        new InputShape<>(site, "socket", work)
            .named("family", Facts.SOCKET_FAMILIES, SocketEvent::family)
            .named("type", Facts.SOCKET_TYPES, SocketEvent::type)
            .text(
                "protocol",
                (e, cell) -> site.cells().name(cell, InputJson.protocol(e).getBytes(US_ASCII)))
            .build();
    return document(withProcess(root(work)).child("socket", object), work);
  }

  private Document<SubjectEvent> plain() {
    List<Consumer<SubjectEvent>> work = new ArrayList<>();
    return document(withProcess(root(work)), work);
  }

  private Document<PeerEvent> peer(boolean signalled) {
    InputCells cells = site.cells();
    List<Consumer<PeerEvent>> work = new ArrayList<>();
    InputShape<PeerEvent> exe =
        new InputShape<>(site, "peer.exe", work)
            .text("dev", (e, cell) -> cells.device(cell, e.peer().exeDevice()))
            .number("inode", e -> e.peer().exeInode());
    int exeOnly = exe.build();
    int exeWithPath = exe.text("path", (e, cell) -> cells.name(cell, e.peer().exePath())).build();
    InputShape<PeerEvent> cgroup =
        new InputShape<>(site, "peer.cgroup", work).number("id", e -> e.peer().cgroup());
    int cgroupOnly = cgroup.build();
    int cgroupWithPath =
        cgroup.text("path", (e, cell) -> known(cell, names.cgroupPath(e.peer().cgroup()))).build();
    InputShape<PeerEvent> peer =
        new InputShape<>(site, "peer", work)
            .number("uid", e -> Integer.toUnsignedLong(e.peer().uid()))
            .choice("exe", "path", exeOnly, e -> Facts.hasPath(e) ? exeWithPath : exeOnly)
            .choice(
                "cgroup",
                "path",
                cgroupOnly,
                e -> names.cgroupPath(e.peer().cgroup()) == null ? cgroupOnly : cgroupWithPath);
    int whole = peer.build();
    int untold = peer.without(Set.of("exe")).build();
    InputShape<PeerEvent> root =
        withProcess(root(work))
            .choice("peer", "exe", whole, e -> Facts.programUnknown(e) ? untold : whole);
    if (signalled) {
      root.child(
          "signal",
          new InputShape<>(site, "signal", work)
              .number("number", e -> Integer.toUnsignedLong(e.signal()))
              .named("name", Facts.SIGNALS, PeerEvent::signal)
              .build());
    }
    return document(root, work);
  }

  private InputShape<SocketEvent> kind(List<Consumer<SocketEvent>> work) {
    return new InputShape<>(site, "socket", work)
        .named("family", Facts.FAMILIES, SocketEvent::family)
        .named("type", Facts.SOCKET_TYPES, SocketEvent::type)
        .named("protocol", Facts.PROTOCOLS, SocketEvent::protocol);
  }

  private InputShape<SocketEvent> end(InputShape<SocketEvent> of) {
    return of.text("address", (e, cell) -> site.cells().address(cell, e.address()))
        .number("port", e -> Integer.toUnsignedLong(e.port()));
  }

  private Document<PacketEvent> packet() {
    List<Consumer<PacketEvent>> work = new ArrayList<>();
    InputShape<PacketEvent> card =
        new InputShape<>(site, "packet.interface", work)
            .number("index", e -> Integer.toUnsignedLong(e.interfaceIndex()));
    int cardOnly = card.build();
    int cardWithName =
        card.text("name", (e, cell) -> known(cell, names.interfaceName(e.interfaceIndex())))
            .build();
    InputShape<PacketEvent> packet =
        new InputShape<>(site, "packet", work)
            .choice(
                "interface",
                "name",
                cardOnly,
                e -> names.interfaceName(e.interfaceIndex()) == null ? cardOnly : cardWithName)
            .bool("fragment", e -> ObjectFlag.FRAGMENT.in(e.head().objectFlags()))
            .bool("parsed", Facts::parsed);
    int bare = packet.build();
    packet
        .named("family", Facts.FAMILIES, PacketEvent::family)
        .named("protocol", Facts.PROTOCOLS, PacketEvent::protocol);
    endpoint(packet, "source", work, PacketEvent::source, PacketEvent::sourcePort);
    endpoint(packet, "destination", work, PacketEvent::destination, PacketEvent::destinationPort);
    int full = packet.build();
    int icmp =
        new InputShape<>(site, "packet.icmp", work)
            .number("type", PacketEvent::sourcePort)
            .number("code", PacketEvent::destinationPort)
            .build();
    int fullWithIcmp = packet.child("icmp", icmp).build();
    return document(
        root(work)
            .choice(
                "packet",
                "",
                bare,
                e -> Facts.isBare(e) ? bare : Facts.hasIcmp(e) ? fullWithIcmp : full),
        work);
  }

  private void endpoint(
      InputShape<PacketEvent> packet,
      String key,
      List<Consumer<PacketEvent>> work,
      Function<PacketEvent, byte[]> address,
      ToLongFunction<PacketEvent> port) {
    InputShape<PacketEvent> endpoint =
        new InputShape<>(site, "packet." + key, work)
            .text("address", (e, cell) -> site.cells().address(cell, address.apply(e)));
    int only = endpoint.build();
    int withPort = endpoint.number("port", port).build();
    packet.choice(key, "port", only, e -> Facts.hasPorts(e) ? withPort : only);
  }

  /* What every document begins with. */
  private <E extends Event> InputShape<E> root(List<Consumer<E>> work) {
    List<String> words = Arrays.stream(Access.values()).map(Access::id).toList();
    InputShape<E> shape =
        new InputShape<E>(site, "", work).named("hook", Facts.HOOKS, e -> e.hook().code());
    set(shape, "access", words, e -> Access.words(e.hook(), e.head().access()));
    return shape;
  }

  /* Makes the array one of those elements whose bits are set. */
  private void choose(int array, int[] elements, long bits) {
    PolicyMemory memory = site.instance().memory();
    int element = memory.readInt(array + 4);
    int count = 0;
    for (long rest = bits & ((1L << elements.length) - 1); rest != 0; rest &= rest - 1) {
      memory.writeI32(element + 8 * count + 4, elements[Long.numberOfTrailingZeros(rest)]);
      count++;
    }
    memory.writeI32(array + 8, count);
  }

  private void word(int cell, Word word) {
    known(cell, word == null ? null : word.utf8());
  }

  private void known(int cell, byte[] name) {
    if (name != null) {
      site.cells().name(cell, name);
    }
  }

  private static <E> Document<E> document(InputShape<E> root, List<Consumer<E>> work) {
    return new Document<>(root.build(), List.copyOf(work));
  }
}
