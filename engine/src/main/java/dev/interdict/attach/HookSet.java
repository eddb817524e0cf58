package dev.interdict.attach;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.BpfLink;
import dev.interdict.libbpf.BpfObject;
import dev.interdict.libbpf.BpfProgram;
import dev.interdict.libbpf.Interfaces;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.libbpf.ThreadPriority;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * The kernel side of a host: the maps, and the programs that run at its hooks. All of it is pinned,
 * so that enforcement goes on without the engine; the next engine adopts what it finds.
 *
 * <p>Maps of the same layout are adopted with all they hold. If the layout is another, new maps are
 * made beside the old ones, and the old programs run on with theirs until {@link #attach} has put
 * the new ones next to them: at no moment is there none. The same holds for programs that changed.
 *
 * <p>Not for use by several threads at the same time.
 */
public final class HookSet implements AutoCloseable {
  private static final Logger LOG = System.getLogger(HookSet.class.getName());

  /** Of so many not all are at 0, unless they are hidden. */
  private static final int SYMBOLS = 100;

  /** Threads that load programs; each has the verifier's memory, and libbpf's of an object. */
  private static final int LOADERS_MAX = 8;

  /** Programs of an object, at least: libbpf reads the kernel's types for each object anew. */
  private static final int SHARE = 4;

  private final byte[] elf;
  private final Pins pins;
  private final Map<String, KernelMap> maps = new LinkedHashMap<>();
  private final boolean adopted;

  /** Where the maps in use are pinned: {@code pins}, or its staged twin until the first attach. */
  private volatile Pins current;

  /** Programs that run and are known to be this object's. */
  private Set<String> running = Set.of();

  /**
   * Kept loaded: an interface that comes is to be guarded at once, and to load costs the verifier
   * most of a second.
   */
  private final Map<LinkHeader, BpfObject> packetObjects = new EnumMap<>(LinkHeader.class);

  private HookSet(byte[] elf, Pins pins, Map<String, Integer> sizes) {
    this.elf = elf.clone();
    this.pins = pins;
    try (BpfObject object = open(Set.of())) {
      EventLayouts.check(object.btf());
      List<String> names = object.maps().stream().filter(HookSet::isShared).toList();
      adopted = pins.isOfThisVersion() && adopt(object, names);
      if (adopted) {
        current = pins;
        pins.restrict();
        if (isOurs()) {
          running = taskPrograms();
        }
      } else {
        closeMaps();
        sizes.forEach(object::maxEntries);
        object.load();
        current = pins.list().isEmpty() ? pins : pins.staged();
        current.create();
        for (String name : names) {
          try (KernelMap map = object.map(name)) {
            map.pin(current.map(name));
          }
          maps.put(name, KernelMap.openPinned(current.map(name)));
        }
      }
    } catch (RuntimeException e) {
      closeMaps();
      throw e;
    }
  }

  /**
   * Makes the maps, or adopts those of an earlier engine; attaches nothing.
   *
   * @param elf the BPF object
   * @param sizes entries (bytes, for rings) of maps that shall not have the size the object says;
   *     adopted maps keep theirs
   * @throws dev.interdict.event.LayoutException if engine and object do not fit together
   * @throws BpfException if the kernel refuses, or there is no bpffs
   */
  public static HookSet open(byte[] elf, Pins pins, Map<String, Integer> sizes) {
    return new HookSet(elf, pins, sizes);
  }

  /** Whether the maps are those of an earlier engine, with all they hold. */
  public boolean adopted() {
    return adopted;
  }

  /** A map of the object; valid until {@link #close}. */
  public KernelMap map(String name) {
    KernelMap map = maps.get(name);
    if (map == null) {
      throw new BpfException("find map", name, 0, "the object has " + maps.keySet());
    }
    return map;
  }

  /** Hooks whose LSM programs all run, by this engine or an earlier one. */
  public Set<Hook> attached() {
    List<String> links = current.links();
    Set<Hook> hooks = EnumSet.noneOf(Hook.class);
    for (Hook hook : Hook.values()) {
      List<String> programs = HookPrograms.lsm(hook);
      if (!programs.isEmpty() && links.containsAll(programs)) {
        hooks.add(hook);
      }
    }
    return hooks;
  }

  /**
   * Lets the LSM programs of {@code hooks} run, and no others. Programs of an earlier engine that
   * are the same go on; others are replaced without a gap. The maps must be filled before. To be
   * called once at least, even for no hook: with it, maps of another layout take their place.
   *
   * @throws BpfException if one cannot be loaded or attached: what ran before still does, and
   *     nothing else
   */
  public void attach(Set<Hook> hooks) {
    attach(hooks, false);
  }

  /** Whether labels go to children and over execve, by this engine or an earlier one. */
  public boolean carriesLabels() {
    return current.links().containsAll(HookPrograms.LABELS);
  }

  /**
   * The same.
   *
   * @param labels whether a policy sets labels, so that those go to children and over execve
   */
  public void attach(Set<Hook> hooks, boolean labels) {
    Set<String> wanted = HookPrograms.of(hooks, labels);
    Set<String> fresh = new TreeSet<>(wanted);
    Set<String> linked = taskPrograms();
    // To load one costs the verifier a tenth of a second, and what is in force is to change at
    // once.
    fresh.removeIf(name -> running.contains(name) && linked.contains(name));
    if (fresh.isEmpty() && linked.equals(wanted) && current == pins) {
      return;
    }
    if (!fresh.isEmpty()) {
      pin(fresh);
    }
    linked.stream()
        .filter(name -> !wanted.contains(name))
        .forEach(name -> Pins.delete(current.link(name)));
    settle();
    running = wanted;
    try {
      pins.noteOrigin(origin());
    } catch (BpfException | UncheckedIOException e) {
      LOG.log(Level.WARNING, "the next engine will load all programs to compare them", e);
    }
  }

  /** Whether an engine of this object has left the programs that hang there now. */
  private boolean isOurs() {
    try {
      return Arrays.equals(pins.origin().orElse(null), origin());
    } catch (BpfException | UncheckedIOException e) {
      LOG.log(Level.WARNING, "what runs at the hooks is compared, since it cannot be told", e);
      return false;
    }
  }

  /** Loads and attaches these, but those that run as they are. */
  private void pin(Set<String> programs) {
    Map<String, BpfLink> made = new LinkedHashMap<>();
    List<String> pinned = new ArrayList<>();
    try (Loaded loaded = new Loaded(programs)) {
      for (String name : carriersFirst(programs)) {
        try (BpfProgram program = loaded.program(name)) {
          if (!runs(name, program)) {
            made.put(name, attach(name, program));
          }
        }
      }
      for (Map.Entry<String, BpfLink> link : made.entrySet()) {
        Pins.delete(current.link(staged(link.getKey()))); // of an engine that was killed here
        link.getValue().pin(current.link(staged(link.getKey())));
        pinned.add(link.getKey());
      }
    } catch (RuntimeException e) {
      pinned.forEach(name -> Pins.delete(current.link(staged(name))));
      throw e;
    } finally {
      made.values().forEach(BpfLink::close);
    }
    pinned.forEach(name -> Pins.move(current.link(staged(name)), current.link(name)));
  }

  /**
   * Programs on their way to their hooks. The verifier takes one at a time and a tenth of a second
   * for each, so they are in several objects, loaded side by side; what they share are the maps.
   */
  private final class Loaded implements AutoCloseable {
    private final Map<String, BpfObject> objects = new TreeMap<>();

    Loaded(Set<String> programs) {
      List<Set<String>> shares = shares(programs);
      List<CompletableFuture<BpfObject>> loading = new ArrayList<>();
      List<Throwable> failed = new ArrayList<>();
      try (ExecutorService loaders = loaders(shares.size())) {
        try {
          for (Set<String> share : shares) {
            loading.add(CompletableFuture.supplyAsync(() -> load(share), loaders));
          }
        } catch (RuntimeException | Error e) { // there may be no thread for it
          failed.add(e);
        }
        for (int i = 0; i < loading.size(); i++) {
          try { // also of who is interrupted: what is loaded is to be closed
            BpfObject object = loading.get(i).join();
            shares.get(i).forEach(name -> objects.put(name, object));
          } catch (CompletionException e) {
            failed.add(e.getCause());
          }
        }
      }
      if (!failed.isEmpty()) {
        close();
        Throwable first = failed.removeFirst();
        failed.forEach(first::addSuppressed);
        switch (first) {
          case RuntimeException e -> throw e;
          case Error e -> throw e;
          default -> throw new IllegalStateException(first);
        }
      }
    }

    private static List<Set<String>> shares(Set<String> programs) {
      int processors = Math.min(Runtime.getRuntime().availableProcessors(), LOADERS_MAX);
      int count = Math.clamp(programs.size() / SHARE, 1, processors);
      List<Set<String>> shares = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        shares.add(new TreeSet<>());
      }
      int next = 0;
      for (String name : programs) { // by turns: those of a kind take the verifier as long
        shares.get(next++ % count).add(name);
      }
      return shares;
    }

    /** The first goes on at the engine's own priority, the others at everybody's. */
    private static ExecutorService loaders(int shares) {
      AtomicInteger started = new AtomicInteger();
      return Executors.newFixedThreadPool(
          shares,
          work -> {
            boolean first = started.getAndIncrement() == 0;
            Runnable all = first ? work : () -> runAsUsual(work);
            return new Thread(all, "program-loader-" + started.get());
          });
    }

    private static void runAsUsual(Runnable work) {
      ThreadPriority.usual();
      work.run();
    }

    BpfProgram program(String name) {
      return objects.get(name).program(name);
    }

    @Override
    public void close() {
      new HashSet<>(objects.values()).forEach(BpfObject::close);
    }
  }

  /** Who sets a label before those are there that carry it would have children without. */
  private static List<String> carriersFirst(Set<String> programs) {
    List<String> ordered = new ArrayList<>(programs);
    ordered.sort(Comparator.comparing(name -> !HookPrograms.LABELS.contains(name)));
    return ordered;
  }

  /** What hangs at the hooks of tasks, whoever has loaded it. */
  private Set<String> taskPrograms() {
    Set<String> programs = new TreeSet<>(current.links());
    programs.removeIf(XdpInterface::isName);
    return programs;
  }

  /**
   * Tells what the programs at the hooks of tasks were loaded from, and that they are the ones that
   * were: an engine that finds its own need not load them again to compare them. Instructions hold
   * addresses of the kernel's symbols, too, if they were to be seen.
   *
   * @return SHA-256
   */
  private byte[] origin() {
    MessageDigest digest = sha256();
    digest.update(elf);
    try (Stream<String> symbols = Files.lines(Path.of("/proc/kallsyms"))) {
      symbols.limit(SYMBOLS).forEach(line -> digest.update(line.getBytes(UTF_8)));
    } catch (IOException e) {
      throw new BpfException("read", "/proc/kallsyms", 0, e.toString());
    }
    maps.forEach((name, map) -> add(digest, name, map.info().id()));
    for (String name : taskPrograms()) {
      try (BpfLink link = BpfLink.openPinned(current.link(name));
          BpfProgram program = link.program()) {
        add(digest, name, program.id());
      }
    }
    return digest.digest();
  }

  private static void add(MessageDigest digest, String name, int id) {
    digest.update((name + " " + id + "\n").getBytes(UTF_8));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static BpfLink attach(String name, BpfProgram program) {
    return HookPrograms.isTracepoint(name)
        ? BpfLink.attachTracepoint(program)
        : BpfLink.attachLsm(program);
  }

  /**
   * Lets the packet program run on those of these interfaces that are there, and on no others. To
   * be called again when interfaces may have come, gone or changed: what is as it should be costs a
   * few system calls.
   *
   * @return what became of each
   * @throws BpfException if the program cannot be loaded
   */
  public Map<String, XdpPlace> attachXdp(Set<String> interfaces) {
    Map<String, XdpInterface> before = XdpInterface.attached(pins);
    Map<String, XdpPlace> places = new TreeMap<>();
    for (String name : interfaces) {
      places.put(name, place(name, before.get(name)));
    }
    before.forEach(
        (name, one) -> {
          if (!places.containsKey(name) || places.get(name).at() == null) {
            one.detach(pins);
          }
        });
    if (interfaces.isEmpty()) {
      closePacketObjects();
    }
    return places;
  }

  private XdpPlace place(String name, XdpInterface known) {
    OptionalInt index = Interfaces.index(name);
    if (index.isEmpty()) {
      for (LinkHeader link : LinkHeader.values()) {
        packetProgram(link); // in time
      }
      return XdpPlace.absent();
    }
    Optional<LinkHeader> link = LinkHeader.of(name);
    if (link.isEmpty()) {
      return XdpPlace.refused(
          LinkHeader.unknown(name) + "; name an interface with Ethernet or IP frames");
    }
    try (BpfProgram program = packetProgram(link.get())) {
      return XdpPlace.on(
          XdpInterface.attach(pins, program, name, index.getAsInt(), known, this::same));
    } catch (BpfException e) {
      return XdpPlace.refused(e.getMessage());
    }
  }

  private BpfProgram packetProgram(LinkHeader link) {
    return packetObjects.computeIfAbsent(link, this::loadPacketProgram).program(link.program());
  }

  private BpfObject loadPacketProgram(LinkHeader link) {
    return load(Set.of(link.program()));
  }

  private void closePacketObjects() {
    packetObjects.values().forEach(BpfObject::close);
    packetObjects.clear();
  }

  /** Interfaces on which the packet program runs, by this engine or an earlier one. */
  public Map<String, XdpInterface.Mode> attachedXdp() {
    Map<String, XdpInterface.Mode> modes = new TreeMap<>();
    XdpInterface.attached(pins).forEach((name, one) -> modes.put(name, one.mode()));
    return modes;
  }

  /** Drops the engine's handles; maps and programs live on by their pins. */
  @Override
  public void close() {
    closePacketObjects();
    closeMaps();
  }

  private boolean runs(String name, BpfProgram program) {
    if (!Files.exists(current.link(name))) {
      return false;
    }
    try (BpfLink link = BpfLink.openPinned(current.link(name));
        BpfProgram running = link.program()) {
      return same(running, program);
    }
  }

  /** The same instructions, which use the same of our maps: a tag does not tell of maps. */
  private boolean same(BpfProgram running, BpfProgram program) {
    Set<Integer> ours = new HashSet<>();
    maps.values().forEach(map -> ours.add(map.info().id()));
    ours.retainAll(program.maps());
    return running.tag().equals(program.tag()) && running.maps().containsAll(ours);
  }

  /** After the new programs of another layout run: the old ones, and their maps, may go. */
  private void settle() {
    if (current != pins) {
      pins.replaceBy(current);
      current = pins;
    }
  }

  private BpfObject load(Set<String> programs) {
    BpfObject object = open(programs);
    try {
      object.load();
      return object;
    } catch (RuntimeException e) {
      object.close();
      throw e;
    }
  }

  private BpfObject open(Set<String> programs) {
    BpfObject object = BpfObject.open("interdict", elf);
    try {
      object.programs().forEach(name -> object.autoload(name, programs.contains(name)));
      maps.forEach(object::reuse);
      return object;
    } catch (RuntimeException e) {
      object.close();
      throw e;
    }
  }

  private boolean adopt(BpfObject object, List<String> names) {
    for (String name : names) {
      if (!Files.exists(pins.map(name))) {
        return false;
      }
      KernelMap map = KernelMap.openPinned(pins.map(name));
      maps.put(name, map);
      MapInfo wanted = object.declared(name);
      if (!map.info().sameLayout(wanted)) {
        return false;
      }
    }
    return true;
  }

  private void closeMaps() {
    maps.values().forEach(KernelMap::close);
    maps.clear();
  }

  /** Maps that libbpf makes of global variables have a dot in their name and belong to a load. */
  private static boolean isShared(String map) {
    return !map.contains(".");
  }

  private static String staged(String name) {
    return "new_" + name;
  }
}
