package dev.interdict.recording;

import java.io.BufferedInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The recordings of a host: a folder each below {@code recordings} of the state directory, by its
 * number, with numbered segments of whole blocks. Each segment begins with the circumstances of
 * what follows, so that the oldest can go. Safe for use by many threads.
 */
class RecordingStore {
  /** What all recordings of a host may occupy. */
  static final long BYTES_MAX = 256L << 20;

  /** The oldest go in pieces of this size. */
  static final long SEGMENT_BYTES = 8L << 20;

  /** More than a line that says what is missing. */
  private static final int GAP_BYTES = 256;

  private static final String SUFFIX = ".irec";

  private final Path folder;
  private final long bytesMax;
  private final long segmentBytes;

  /** What each segment of the recording under way says how often was asked. */
  private final Map<Path, Gone> asks = new HashMap<>();

  /** What is gone and nobody was told, since the next to go could not. */
  private Gone gone = Gone.NOTHING;

  private long current;
  private Path segment;
  private byte[] before;
  private long written;
  private byte[] set;

  /**
   * What is on the disk of one recording.
   *
   * @param set the first that is left; null: not even that was written
   * @param last when something was last written
   */
  record Kept(long id, long bytes, RecordedSet set, Instant last) {}

  /**
   * What had to go of the recording under way.
   *
   * @param asks how often the engine was asked about its tuples, and {@code gaps}, about what was
   *     missing before
   */
  record Gone(long asks, long gaps) {
    static final Gone NOTHING = new Gone(0, 0);

    private Gone and(Gone more) {
      return new Gone(asks + more.asks, gaps + more.gaps);
    }
  }

  RecordingStore(Path stateDirectory, long bytesMax, long segmentBytes) {
    this.folder = stateDirectory.resolve("recordings");
    this.bytesMax = bytesMax;
    this.segmentBytes = segmentBytes;
  }

  private static FileAttribute<Set<PosixFilePermission>> only(String rights) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(rights));
  }

  /** Begins a recording; its number. */
  synchronized long begin() throws IOException {
    Files.createDirectories(folder, only("rwx------"));
    SortedMap<Long, Path> all = numbered();
    current = all.isEmpty() ? 1 : all.lastKey() + 1;
    Files.createDirectory(folder.resolve(String.valueOf(current)), only("rwx------"));
    segment = null;
    before = Block.NONE;
    set = null;
    asks.clear();
    gone = Gone.NOTHING;
    for (Path other : all.values()) {
      removeIfEmpty(other); // of a recording without anything in it
    }
    return current;
  }

  private static void removeIfEmpty(Path recording) throws IOException {
    if (Files.isDirectory(recording)) {
      try {
        Files.delete(recording);
      } catch (DirectoryNotEmptyException e) {
        return; // so it is not
      }
    }
  }

  /**
   * Makes room for a block: nothing is written beyond the bound.
   *
   * @param circumstances the block with them
   * @return what had to go for it of this recording, which is told once
   * @throws IOException if there is none
   */
  synchronized Gone makeRoom(byte[] block, byte[] circumstances) throws IOException {
    return shrink(block.length + circumstances.length + GAP_BYTES, isFull(block) ? null : segment);
  }

  private boolean isFull(byte[] block) {
    return segment == null || written + block.length > segmentBytes;
  }

  /**
   * Adds a block to the recording under way.
   *
   * @param circumstances the block with them; written where they are others than before
   * @param asked how often the engine was asked about what is in it
   * @param missed how often about what it says is missing
   * @throws IOException if it cannot be written: it is not there then
   */
  synchronized void append(byte[] block, byte[] circumstances, long asked, long missed)
      throws IOException {
    if (isFull(block)) {
      long number = segment == null ? 0 : number(segment);
      Path next = folder.resolve(current + "/" + "%08d".formatted(number + 1) + SUFFIX);
      Files.createFile(next, only("rw-------"));
      segment = next;
      written = 0;
      set = null;
    }
    if (!Arrays.equals(set, circumstances)) {
      write(circumstances);
      set = circumstances;
    }
    write(block);
    asks.merge(segment, new Gone(asked, missed), Gone::and);
  }

  private void write(byte[] next) throws IOException {
    byte[] block = Block.after(before, next);
    try (FileOutputStream out = new FileOutputStream(segment.toFile(), true)) {
      out.getChannel().truncate(written); // what a write that failed has left
      out.write(block);
      out.getFD().sync();
    }
    written += block.length;
    before = Block.checksum(block);
  }

  private Gone shrink(long more, Path kept) throws IOException {
    List<Path> all = new ArrayList<>();
    for (Path recording : folders().values()) {
      all.addAll(segments(recording));
    }
    long bytes = more;
    for (Path one : all) {
      bytes += Files.size(one);
    }
    for (Path one : all) {
      if (bytes <= bytesMax || one.equals(kept)) {
        break;
      }
      long size = Files.size(one);
      Files.delete(one);
      bytes -= size;
      Gone with = asks.remove(one);
      gone = with == null ? gone : gone.and(with);
      if (!one.getParent().endsWith(String.valueOf(current))) {
        removeIfEmpty(one.getParent());
      }
    }
    Gone told = gone;
    gone = Gone.NOTHING;
    return told;
  }

  /** The recordings; a file of such a name is none, and takes the number. */
  private SortedMap<Long, Path> folders() throws IOException {
    SortedMap<Long, Path> all = numbered();
    all.values().removeIf(one -> !Files.isDirectory(one));
    return all;
  }

  private SortedMap<Long, Path> numbered() throws IOException {
    SortedMap<Long, Path> all = new TreeMap<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> found = Files.list(folder)) {
        found
            .filter(f -> f.getFileName().toString().matches("[0-9]{1,18}"))
            .forEach(f -> all.put(Long.valueOf(f.getFileName().toString()), f));
      }
    }
    return all;
  }

  private static List<Path> segments(Path recording) throws IOException {
    try (Stream<Path> found = Files.list(recording)) {
      return found
          .filter(f -> f.getFileName().toString().matches("[0-9]{8}\\" + SUFFIX))
          .sorted()
          .toList();
    }
  }

  private static long number(Path file) {
    return Long.parseLong(file.getFileName().toString().replace(SUFFIX, ""));
  }

  /** All recordings, the oldest first. */
  synchronized List<Kept> list() throws IOException {
    List<Kept> all = new ArrayList<>();
    for (Map.Entry<Long, Path> one : folders().entrySet()) {
      long bytes = 0;
      Instant last = Files.getLastModifiedTime(one.getValue()).toInstant();
      List<Path> segments = segments(one.getValue());
      for (Path each : segments) {
        bytes += Files.size(each);
        last = Files.getLastModifiedTime(each).toInstant();
      }
      all.add(new Kept(one.getKey(), bytes, segments.isEmpty() ? null : set(segments), last));
    }
    return all;
  }

  private static RecordedSet set(List<Path> segments) throws IOException {
    RecordedSet[] found = new RecordedSet[1];
    try (InputStream in = new BufferedInputStream(Files.newInputStream(segments.getFirst()))) {
      if (Block.read(in) instanceof Block.Found.Whole whole) {
        Lines.read(
            Block.body(whole.bytes()),
            new Lines.Reader() {
              @Override
              public void set(RecordedSet set) {
                found[0] = set;
              }

              @Override
              public void gap(Gap gap) {}

              @Override
              public void tuple(Tuple tuple) {}

              @Override
              public void end() {}
            });
      }
    } catch (RecordingException e) {
      return null; // changed by others: its export says where
    }
    return found[0];
  }

  /**
   * Writes the whole blocks of a recording, as far as they are on the disk now, as one file. Of
   * what is damaged, or goes while it is written, the file has a gap.
   *
   * @throws RecordingException if there is none of this number, or nothing of it can be read
   */
  void export(long id, OutputStream to) throws IOException {
    List<Path> segments;
    synchronized (this) {
      Path recording = folders().get(id);
      segments = recording == null ? List.of() : segments(recording);
    }
    if (segments.isEmpty()) {
      throw new RecordingException(
          "there is nothing of a recording " + id + "; see: interdict record list");
    }
    Export export = new Export(id, to, number(segments.getFirst()) > 1 ? "bound" : null);
    for (Path one : segments) {
      export.segment(one);
    }
    export.end();
  }
}
