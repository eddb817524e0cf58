package dev.interdict.attach;

import dev.interdict.event.EventLayouts;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.libbpf.MapInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The names in a bpffs that keep maps and links alive without the engine: what survives its end is
 * exactly what is pinned here.
 *
 * <p>Maps are pinned by their name, links in {@code links/} by that of their program. {@code
 * wire_version} tells of which layout the maps are, {@code origin} what the programs were loaded
 * from. What is being built stands in {@code next/} until it is complete.
 */
public final class Pins {
  /** Where the engine pins unless it is told otherwise. */
  public static final Path DEFAULT = Path.of("/sys/fs/bpf/interdict");

  private static final String LINKS = "links";
  private static final String NEXT = "next";
  private static final String VERSION = "wire_version";
  private static final String ORIGIN = "origin";

  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rwx------");

  private final Path directory;

  /**
   * @param directory on a bpffs; made when something is pinned
   */
  public Pins(Path directory) {
    this.directory = directory;
  }

  /** All that is pinned, relative to the directory, sorted; empty if nothing is. */
  public List<Path> list() {
    return files().stream().map(directory::relativize).sorted().toList();
  }

  /**
   * Removes all pins, links first: enforcement ends, and without a running engine no program or map
   * is left, both a moment later, when the kernel has forgotten the pins.
   *
   * @return what was removed, in that order
   */
  public List<Path> uninstall() {
    List<Path> files = new ArrayList<>(files());
    files.sort(Comparator.comparing(this::isMap).thenComparing(Comparator.naturalOrder()));
    files.forEach(Pins::delete);
    for (Path sub : List.of(next().resolve(LINKS), next(), directory.resolve(LINKS), directory)) {
      delete(sub);
    }
    return files.stream().map(directory::relativize).toList();
  }

  /** Where the map of this name is pinned. */
  public Path map(String name) {
    return directory.resolve(name);
  }

  Path link(String name) {
    return directory.resolve(LINKS).resolve(name);
  }

  /** Names of the links that are pinned. */
  List<String> links() {
    Path links = directory.resolve(LINKS);
    if (!Files.isDirectory(links)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(links)) { // looks at none: one may just be renamed
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + links, e);
    }
  }

  /** Pins of a set of maps that is to replace this one. */
  Pins staged() {
    Pins staged = new Pins(next());
    staged.uninstall();
    return staged;
  }

  /** Puts all pins of {@code staged} in this one's place, one by one, links first. */
  void replaceBy(Pins staged) {
    List<Path> names = new ArrayList<>(staged.list());
    names.sort(Comparator.comparing(name -> name.getNameCount() == 1));
    for (Path name : names) {
      move(staged.directory.resolve(name), directory.resolve(name));
    }
    staged.uninstall();
    restrict();
    // What the old layout had and the new one has not. Links of interfaces are one and the same:
    // there is room for one program only, which is replaced in its link.
    for (Path old : list()) {
      if (!names.contains(old) && !XdpInterface.isName(old.getFileName().toString())) {
        delete(directory.resolve(old));
      }
    }
  }

  /** Whether the maps here have the layout that this engine knows. */
  public boolean isOfThisVersion() {
    return noted(VERSION).map(Pins::number).orElse(-1) == EventLayouts.WIRE_VERSION;
  }

  /** The directories, made if need be, are their owner's only, whatever a release before made. */
  void restrict() {
    try {
      Path links = Files.createDirectories(directory.resolve(LINKS));
      for (Path made : List.of(directory, links)) {
        Files.setPosixFilePermissions(made, OWNER); // a mount or an umask may say otherwise
      }
    } catch (IOException e) {
      throw new BpfException("make directory", directory.toString(), 0, remedy(e));
    }
  }

  /** Makes the directories, for their owner only, and notes the layout's version. */
  void create() {
    restrict();
    note(
        VERSION,
        ByteBuffer.allocate(Integer.BYTES)
            .order(ByteOrder.nativeOrder())
            .putInt(EventLayouts.WIRE_VERSION)
            .array());
  }

  /** What {@link #noteOrigin} has noted; empty: nothing. */
  Optional<byte[]> origin() {
    return noted(ORIGIN);
  }

  /** Notes what the programs behind the links were loaded from. */
  void noteOrigin(byte[] digest) {
    note(ORIGIN, digest);
  }

  /** A pin can keep nothing but objects of BPF, so a word that is to last is a map. */
  private void note(String name, byte[] value) {
    delete(map(name));
    try (KernelMap map = KernelMap.create(name, MapInfo.ARRAY, 4, value.length, 1, 0)) {
      map.update(new byte[Integer.BYTES], value);
      map.pin(map(name));
    }
  }

  private Optional<byte[]> noted(String name) {
    if (!Files.exists(map(name))) {
      return Optional.empty();
    }
    try (KernelMap map = KernelMap.openPinned(map(name))) {
      return map.lookup(new byte[Integer.BYTES]);
    }
  }

  private static int number(byte[] value) {
    return ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt();
  }

  static void move(Path from, Path to) {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot rename pin " + from + " to " + to, e);
    }
  }

  static void delete(Path pin) {
    try {
      Files.deleteIfExists(pin);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove pin " + pin, e);
    }
  }

  private Path next() {
    return directory.resolve(NEXT);
  }

  private boolean isMap(Path file) {
    return !file.getParent().endsWith(LINKS);
  }

  private List<Path> files() {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(f -> !Files.isDirectory(f)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + directory, e);
    }
  }

  private String remedy(IOException e) {
    return e + "; a bpffs must be mounted above it: mount -t bpf bpf /sys/fs/bpf";
  }
}
