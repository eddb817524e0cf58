package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.Layout;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.BpfMap;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The writer of the maps {@code named_places} and {@code named_files}: by which of the names that
 * policies mention a file is known, so that the kernel knows a new file of an old name at once.
 *
 * <p>The maps' values are numbers of sets of names, and stand in the key: no verdict becomes wrong
 * by a change here, its key is just not asked for any more. Safe for use by many threads.
 */
public final class NamedFiles {
  private static final Layout PLACE = EventLayouts.NAMED_PLACE;
  private static final Layout FILE = EventLayouts.NAMED_FILE;

  /** Number of no set; of a folder: it has names at all. */
  private static final int NONE = 0;

  private final BpfMap places;
  private final BpfMap files;
  private final EngineState state;
  private final Map<ByteBuffer, Integer> writtenPlaces;
  private final Map<ByteBuffer, Integer> writtenFiles;

  /**
   * Where a name stands.
   *
   * @param device the kernel's {@code dev_t} of the folder: major {@code << 20 |} minor
   * @param folder inode number of the folder
   * @param name the last component
   */
  public record Place(int device, long folder, String name) {}

  /**
   * A file.
   *
   * @param device the kernel's {@code dev_t}: major {@code << 20 |} minor
   */
  public record FileId(int device, long inode) {}

  /** Starts with what the maps hold; what the programs remember of it is void. */
  public NamedFiles(BpfMap places, BpfMap files, EngineState state) {
    this.places = places;
    this.files = files;
    this.state = state;
    writtenPlaces = read(places);
    writtenFiles = read(files);
    state.widenFilter(filterOf(writtenPlaces, writtenFiles));
    state.namesChanged(); // an engine that was killed may have had no time to
  }

  /**
   * Makes the maps say this; what is new comes before what is gone goes.
   *
   * @param byPlace numbers of the sets of names that lead to a place
   * @param byFile numbers of the sets of names by which a file is known
   * @param all whether what they do not name goes
   * @throws dev.interdict.libbpf.BpfException {@code E2BIG} if there are more than the maps hold
   */
  public synchronized void write(
      Map<Place, Integer> byPlace, Map<FileId, Integer> byFile, boolean all) {
    Map<ByteBuffer, Integer> wantedPlaces = new HashMap<>();
    long[] secret = state.nameSecret();
    byPlace.forEach(
        (place, number) -> {
          byte[] name = place.name().getBytes(StandardCharsets.UTF_8);
          if (name.length > NameHash.MOST_BYTES) {
            return; // no file has such a name
          }
          wantedPlaces.put(key(place, NameHash.of(name, secret)), number);
          wantedPlaces.put(key(place, 0), NONE);
        });
    Map<ByteBuffer, Integer> wantedFiles = new HashMap<>();
    byFile.forEach((file, number) -> wantedFiles.put(key(file), number));
    if (!all) {
      writtenPlaces.forEach(wantedPlaces::putIfAbsent);
      writtenFiles.forEach(wantedFiles::putIfAbsent);
    }
    if (wantedPlaces.equals(writtenPlaces) && wantedFiles.equals(writtenFiles)) {
      return;
    }
    // A bit is there before its entry, and stays until that is gone.
    state.widenFilter(filterOf(wantedPlaces, wantedFiles));
    try {
      change(places, writtenPlaces, wantedPlaces, NamedFiles::isFolder);
      change(files, writtenFiles, wantedFiles, file -> true);
      state.narrowFilter(filterOf(writtenPlaces, writtenFiles));
    } finally {
      state.namesChanged();
    }
  }

  private static NamesFilter filterOf(
      Map<ByteBuffer, Integer> places, Map<ByteBuffer, Integer> files) {
    NamesFilter filter = new NamesFilter();
    for (ByteBuffer key : places.keySet()) {
      ByteBuffer place = inOrder(key);
      filter.add(place.getLong(PLACE.offset("folder")), place.getInt(PLACE.offset("device")));
    }
    for (ByteBuffer key : files.keySet()) {
      ByteBuffer file = inOrder(key);
      filter.add(file.getLong(FILE.offset("inode")), file.getInt(FILE.offset("device")));
    }
    return filter;
  }

  /** What was read from a map has the order of the network. */
  private static ByteBuffer inOrder(ByteBuffer key) {
    return key.duplicate().order(ByteOrder.nativeOrder());
  }

  /** Whether this says of a folder that it has names. */
  private static boolean isFolder(ByteBuffer place) {
    return place.getLong(PLACE.offset("name")) == 0; // in either order
  }

  /** What is {@code outer} is there before the rest comes, and until that is gone. */
  private static void change(
      BpfMap map,
      Map<ByteBuffer, Integer> written,
      Map<ByteBuffer, Integer> wanted,
      Predicate<ByteBuffer> outer) {
    try {
      addAll(map, written, wanted, outer);
    } catch (BpfException e) {
      // Full: first make room.
      removeAllGone(map, written, wanted, outer);
      addAll(map, written, wanted, outer);
    }
    removeAllGone(map, written, wanted, outer);
  }

  private static void addAll(
      BpfMap map,
      Map<ByteBuffer, Integer> written,
      Map<ByteBuffer, Integer> wanted,
      Predicate<ByteBuffer> outer) {
    add(map, written, wanted, outer);
    add(map, written, wanted, outer.negate());
  }

  private static void removeAllGone(
      BpfMap map,
      Map<ByteBuffer, Integer> written,
      Map<ByteBuffer, Integer> wanted,
      Predicate<ByteBuffer> outer) {
    removeGone(map, written, wanted, outer.negate());
    removeGone(map, written, wanted, outer);
  }

  private static void add(
      BpfMap map,
      Map<ByteBuffer, Integer> written,
      Map<ByteBuffer, Integer> wanted,
      Predicate<ByteBuffer> which) {
    wanted.forEach(
        (key, number) -> {
          if (which.test(key) && !number.equals(written.get(key))) {
            map.update(content(key), content(bytes(Integer.BYTES).putInt(0, number)));
            written.put(key, number);
          }
        });
  }

  private static void removeGone(
      BpfMap map,
      Map<ByteBuffer, Integer> written,
      Map<ByteBuffer, Integer> wanted,
      Predicate<ByteBuffer> which) {
    written
        .keySet()
        .removeIf(
            key -> {
              boolean gone = which.test(key) && !wanted.containsKey(key);
              if (gone) {
                map.delete(content(key));
              }
              return gone;
            });
  }

  private static Map<ByteBuffer, Integer> read(BpfMap map) {
    Map<ByteBuffer, Integer> found = new HashMap<>();
    for (byte[] key : map.keys()) {
      map.lookup(key)
          .ifPresent(
              value ->
                  found.put(
                      ByteBuffer.wrap(key),
                      MemorySegment.ofArray(value).get(JAVA_INT_UNALIGNED, 0)));
    }
    return found;
  }

  private static ByteBuffer key(Place place, long hash) {
    return bytes(PLACE.size())
        .putLong(PLACE.offset("folder"), place.folder())
        .putLong(PLACE.offset("name"), hash)
        .putInt(PLACE.offset("device"), place.device());
  }

  private static ByteBuffer key(FileId file) {
    return bytes(FILE.size())
        .putLong(FILE.offset("inode"), file.inode())
        .putInt(FILE.offset("device"), file.device());
  }

  private static byte[] content(ByteBuffer buffer) {
    byte[] content = new byte[buffer.remaining()];
    buffer.get(buffer.position(), content);
    return content;
  }

  private static ByteBuffer bytes(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
  }
}
