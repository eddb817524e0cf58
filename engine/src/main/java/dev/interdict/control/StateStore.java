package dev.interdict.control;

import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy.Mode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What survives a restart: {@code state.json}, the state before it, and one zip per policy revision
 * that either of them names, with its sources and the compiled policy. Each file is replaced as a
 * whole and reaches the disk before the call returns; a crash at any point leaves the old or the
 * new state, complete. Not safe for use by many threads: {@link PolicyControl} holds its lock. Only
 * revisions may be written and read by any of them, so that nobody waits with it for a disk.
 */
public final class StateStore {
  private static final System.Logger LOG = System.getLogger(StateStore.class.getName());
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String COMPILED = "compiled";
  private static final String SOURCES = "sources/";

  /** Ten revisions of each of a thousand names, of up to 16 MiB each, would fill any disk. */
  private static final long SPARE_BYTES_MAX = 256 << 20;

  private final long spareBytesMax;
  private final Path revisions;
  private final Path current;
  private final Path before;
  private final Disk disk;
  private final History.Memory memory;
  private volatile SlotSet named = SlotSet.NONE;

  /** Files of changes under way, which are in no state yet. */
  private final Set<String> claimed = ConcurrentHashMap.newKeySet();

  private final AtomicLong writes = new AtomicLong();

  /**
   * Opens the store; makes the directory, for its owner only, if there is none.
   *
   * @throws StoreException if that is not possible
   */
  public StateStore(Path directory) {
    this(directory, History.Memory.NONE);
  }

  /**
   * The same.
   *
   * @param memory of the last line of the history
   */
  public StateStore(Path directory, History.Memory memory) {
    this(directory, memory, Disk.REAL);
  }

  StateStore(Path directory, History.Memory memory, Disk disk) {
    this(directory, memory, disk, SPARE_BYTES_MAX);
  }

  StateStore(Path directory, History.Memory memory, Disk disk, long spareBytesMax) {
    this.spareBytesMax = spareBytesMax;
    this.disk = disk;
    this.memory = memory;
    this.revisions = directory.resolve("policies");
    this.current = directory.resolve("state.json");
    this.before = directory.resolve("state.json.before");
    var ownerOnly =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    try {
      Files.createDirectories(directory, ownerOnly);
      Files.createDirectories(revisions, ownerOnly);
    } catch (IOException e) {
      throw new StoreException("cannot make the state directory " + directory, e);
    }
  }

  /**
   * The form of {@code state.json}.
   *
   * @param bundles by source; left out by engines that knew none
   * @param decider {@link Enforcement#decider} of the engine that wrote it; null: not known
   * @param candidates left out by engines that knew none
   * @param rollout the same; null: none
   */
  record Saved(
      int version,
      long generation,
      Mode host,
      List<SavedPolicy> policies,
      SortedMap<String, SavedBundle> bundles,
      String decider,
      List<SavedPolicy> candidates,
      Rollout rollout) {
    static final int VERSION = 1;

    Saved {
      bundles = bundles == null ? new TreeMap<>() : bundles;
      candidates = candidates == null ? List.of() : candidates;
    }

    private SlotSet slots() {
      SlotSet slots = SlotSet.NONE;
      for (SavedPolicy policy : all()) {
        slots = policy.slot() < 0 ? slots : slots.with(policy.slot());
      }
      return slots;
    }

    /** Policies in force and candidates, in this order. */
    List<SavedPolicy> all() {
      return Stream.concat(policies.stream(), candidates.stream()).toList();
    }

    /**
     * Without what waits for its confirmation.
     *
     * @param tripped slots that only record
     */
    static Saved of(HostState now, String decider, SlotSet tripped) {
      HostState state = now.undone();
      return new Saved(
          VERSION,
          state.generation(),
          state.host(),
          state.policies().values().stream().map(one -> SavedPolicy.of(one, tripped)).toList(),
          SavedBundle.of(state.bundles()),
          decider,
          state.candidates().values().stream().map(one -> SavedPolicy.of(one, tripped)).toList(),
          state.rollout());
    }
  }

  /**
   * One bundle of {@code state.json}; as {@link BundleMark}.
   *
   * @param activated ISO 8601
   */
  record SavedBundle(String revision, long serial, String digest, String activated) {
    static SortedMap<String, SavedBundle> of(SortedMap<String, BundleMark> marks) {
      SortedMap<String, SavedBundle> saved = new TreeMap<>();
      marks.forEach(
          (source, mark) ->
              saved.put(
                  source,
                  new SavedBundle(
                      mark.revision(), mark.serial(), mark.digest(), mark.activated().toString())));
      return saved;
    }

    BundleMark mark() {
      return new BundleMark(revision, serial, digest, Instant.parse(activated));
    }
  }

  /**
   * One policy of {@code state.json}.
   *
   * @param revision 0: not numbered yet
   * @param compiled digest of the compiled policy; the verdicts of its slot rest on it
   * @param applied ISO 8601
   * @param bundle the source that brought it; empty: it was applied by hand
   * @param disarmed whether it only records, because its budget was used up
   */
  record SavedPolicy(
      String name,
      String digest,
      Long revision,
      String compiled,
      int slot,
      Mode override,
      String applied,
      String bundle,
      Boolean disarmed) {
    SavedPolicy {
      bundle = bundle == null ? "" : bundle; // left out by engines that knew none
      revision = revision == null ? 0 : revision; // the same
      disarmed = disarmed != null && disarmed; // the same
    }

    SavedPolicy withDisarmed(boolean now) {
      return new SavedPolicy(
          name, digest, revision, compiled, slot, override, applied, bundle, now);
    }

    static SavedPolicy of(HeldPolicy held, SlotSet tripped) {
      return new SavedPolicy(
          held.name(),
          held.digest(),
          held.revision(),
          held.compiled() == null ? "" : held.compiled().digest(),
          held.slot(),
          held.override(),
          held.applied().toString(),
          held.bundle(),
          held.inForce() ? tripped.contains(held.slot()) : held.disarmed());
    }
  }

  /** A policy's folder and what was made of it. */
  record Revision(SortedMap<String, byte[]> sources, byte[] compiled) {}

  /**
   * What was saved last; if that cannot be read, what was saved before it.
   *
   * @return null if nothing was saved yet
   * @throws StoreException if neither can be read; starting without would silently drop policies
   */
  Saved load() {
    StoreException damage = null;
    for (Path file : List.of(current, before)) {
      try {
        Saved saved = read(file);
        named = saved.slots();
        if (damage != null) {
          LOG.log(Level.ERROR, "the last change of policies is lost: " + damage.getMessage());
        }
        return saved;
      } catch (NoSuchFileException e) {
        // The first start, or a crash between the two renames of save: then the other is the last.
      } catch (IOException | JacksonException e) {
        damage =
            new StoreException(
                "cannot read " + file + "; restore it, or move it away to start without policies",
                e);
      }
    }
    if (damage != null) {
      throw damage;
    }
    return null;
  }

  private static Saved read(Path file) throws IOException {
    Saved saved = JSON.readValue(Files.readAllBytes(file), Saved.class);
    if (saved.version() != Saved.VERSION) {
      throw new StoreException(
          "%s has version %d, this engine reads %d; start the engine that wrote it, or move it away"
              .formatted(file, saved.version(), Saved.VERSION),
          null);
    }
    return saved;
  }

  /**
   * Saves {@code state}.
   *
   * @throws StoreException if it cannot be written: the state before stands, also after a restart,
   *     unless something is suppressed in it
   */
  void save(Saved state) {
    Path fresh = current.resolveSibling("state.json.new");
    SlotSet known = named;
    named = named.or(state.slots()); // until it is known which of the two is there
    try {
      disk.write(fresh, JSON.writeValueAsBytes(state));
      if (Files.exists(current)) {
        disk.rename(current, before);
      }
    } catch (IOException e) {
      named = known;
      throw cannotWrite(e);
    }
    try {
      disk.rename(fresh, current);
      named = state.slots();
    } catch (IOException e) {
      StoreException failure = cannotWrite(e);
      takeBack(failure);
      if (failure.getSuppressed().length == 0) {
        named = known;
      }
      throw failure;
    }
  }

  /**
   * Slots that the saved state names, of policies that are not in force now, too: the next start
   * may find in one of them what it takes for the verdicts of that policy.
   */
  SlotSet named() {
    return named;
  }

  private StoreException cannotWrite(IOException why) {
    return new StoreException("cannot write " + current, why);
  }

  /** A name that did not reach the disk may be there all the same, for the next start to read. */
  private void takeBack(StoreException because) {
    try {
      if (Files.exists(before)) {
        disk.rename(before, current);
      } else {
        Files.deleteIfExists(current); // there was none
      }
    } catch (IOException e) {
      because.addSuppressed(e);
    }
  }

  /**
   * Keeps revisions, then makes a change that is to name them; {@link #prune} leaves them
   * meanwhile, except one that another change brings, too. For any thread.
   *
   * @param fresh by the policy's name
   * @return what {@code change} returns
   * @throws StoreException if one cannot be written
   */
  <T> T written(Map<String, Revision> fresh, Supplier<T> change) {
    List<String> mine = new ArrayList<>();
    try {
      fresh.forEach(
          (name, revision) -> {
            String digest = Digest.of(revision.sources());
            String file = fileName(name, digest);
            if (claimed.add(file)) {
              mine.add(file);
            }
            write(name, digest, revision);
          });
      return change.get();
    } finally {
      mine.forEach(claimed::remove);
    }
  }

  /**
   * Keeps a revision; {@link #save} must name it before the next {@link #prune}. For any thread.
   *
   * @throws StoreException if it cannot be written
   */
  void write(String name, String digest, Revision revision) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> source : revision.sources().entrySet()) {
        put(zip, SOURCES + source.getKey(), source.getValue());
      }
      put(zip, COMPILED, revision.compiled());
    } catch (IOException e) {
      throw new StoreException("cannot pack policy " + name, e);
    }
    Path file = revisions.resolve(fileName(name, digest));
    String temporary = file.getFileName() + "." + writes.incrementAndGet() + ".new";
    Path fresh = file.resolveSibling(temporary);
    claimed.add(temporary);
    try {
      disk.write(fresh, bytes.toByteArray());
      disk.rename(fresh, file);
    } catch (IOException e) {
      StoreException failure = new StoreException("cannot write " + file, e);
      try {
        disk.delete(fresh); // on a disk that is full each further one would take what is left
      } catch (IOException stays) {
        failure.addSuppressed(stays);
      }
      throw failure;
    } finally {
      claimed.remove(temporary);
    }
  }

  /**
   * A revision that was written.
   *
   * @throws StoreException if it cannot be read
   */
  Revision read(String name, String digest) {
    Path file = revisions.resolve(fileName(name, digest));
    SortedMap<String, byte[]> sources = new TreeMap<>();
    byte[] compiled = null;
    try (ZipInputStream zip =
        new ZipInputStream(new ByteArrayInputStream(Files.readAllBytes(file)))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (entry.getName().startsWith(SOURCES)) {
          sources.put(entry.getName().substring(SOURCES.length()), zip.readAllBytes());
        } else {
          compiled = zip.readAllBytes();
        }
      }
      if (compiled == null) { // it is written last
        throw new EOFException("the archive is cut off");
      }
      if (!Digest.of(sources).equals(digest)) {
        throw new StoreException(
            file
                + " does not have the sources of this revision of "
                + name
                + ": others have been put in their place; apply the policy again",
            null);
      }
      return new Revision(sources, compiled);
    } catch (IOException e) {
      throw new StoreException("cannot read " + file, e);
    }
  }

  /** The history of the state. */
  History history() {
    return new History(current.getParent(), disk, memory);
  }

  /**
   * Drops revisions that neither the state saved last nor the one before it names.
   *
   * @param kept policy and digest of others that stay, as far as there is room; the ones written
   *     longest ago go first
   */
  void prune(Collection<Map.Entry<String, String>> kept) {
    try {
      Set<String> needed = new HashSet<>();
      for (Path state : List.of(current, before)) { // the first change may have failed
        if (Files.exists(state)) {
          needed.addAll(files(read(state)));
        }
      }
      Set<String> wanted = new HashSet<>();
      kept.forEach(one -> wanted.add(fileName(one.getKey(), one.getValue())));
      List<Spare> spare = new ArrayList<>();
      try (DirectoryStream<Path> files = Files.newDirectoryStream(revisions)) {
        for (Path file : files) {
          String name = file.getFileName().toString();
          if (wanted.contains(name) && !needed.contains(name)) {
            spare.add(Spare.of(file));
          } else if (!needed.contains(name) && !claimed.contains(name)) {
            disk.delete(file);
          }
        }
      }
      makeRoom(spare);
    } catch (IOException | DirectoryIteratorException | JacksonException | StoreException e) {
      LOG.log(Level.WARNING, "old revisions stay in " + revisions, e);
    }
  }

  /** A revision that is not in force. */
  private record Spare(Path file, FileTime written, long bytes) {
    static Spare of(Path file) throws IOException {
      return new Spare(file, Files.getLastModifiedTime(file), Files.size(file));
    }
  }

  private void makeRoom(List<Spare> spare) throws IOException {
    spare.sort(Comparator.comparing(Spare::written).reversed());
    long room = spareBytesMax;
    for (Spare one : spare) {
      room -= one.bytes();
      if (room < 0) {
        disk.delete(one.file());
      }
    }
  }

  /**
   * Writes a revision again that another change has had pruned since. For any thread.
   *
   * @throws StoreException if it cannot be written
   */
  void restore(String name, String digest, Revision revision) {
    if (!has(name, digest)) {
      write(name, digest, revision);
    }
  }

  /** Whether a revision that was written is still there. */
  boolean has(String name, String digest) {
    return Files.exists(revisions.resolve(fileName(name, digest)));
  }

  private static List<String> files(Saved state) {
    return state.all().stream().map(p -> fileName(p.name(), p.digest())).toList();
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(content);
    zip.closeEntry();
  }

  static String fileName(String name, String digest) {
    return name + "-" + digest.substring(0, 16) + ".zip";
  }
}
