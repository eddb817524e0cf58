package dev.interdict.control;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * The lines of a {@link History}, bytes for bytes: {@code history.jsonl}, and {@code
 * history.jsonl.before}, which it becomes when it is large. Not safe for use by many threads.
 */
final class HistoryFile {
  static final String NOTHING_BEFORE = "0".repeat(64);

  private static final System.Logger LOG = System.getLogger(HistoryFile.class.getName());

  private final Path file;
  private final Path before;
  private final Disk disk;
  private final History.Memory memory;
  private final int bytesMax;

  /** What of the file is ours: what a failed write has left behind it goes with the next. */
  private long bytes;

  private String head = NOTHING_BEFORE;

  HistoryFile(Path directory, Disk disk, History.Memory memory, int bytesMax) {
    this.file = directory.resolve("history.jsonl");
    this.before = directory.resolve("history.jsonl.before");
    this.disk = disk;
    this.memory = memory;
    this.bytesMax = bytesMax;
  }

  Path path() {
    return file;
  }

  /** SHA-256 of the last line, lower-case hex. */
  String head() {
    return head;
  }

  /** One without a line is none: somebody has emptied it. */
  boolean hasOneBefore() {
    return before.toFile().length() > 0;
  }

  /**
   * Reads all lines, and drops what a crash in the middle of writing has left.
   *
   * @return each without its end, a byte a character
   */
  List<String> open() throws IOException {
    byte[] content = content(file);
    bytes = content.length;
    while (bytes > 0 && content[(int) bytes - 1] != '\n') {
      bytes--;
    }
    if (bytes < content.length) {
      LOG.log(Level.WARNING, "{0}: the last line was not written to its end: dropped", file);
      disk.append(file, bytes, new byte[0]);
    }
    List<String> lines = lines(Arrays.copyOf(content, (int) bytes));
    head = lines.isEmpty() ? NOTHING_BEFORE : digest(lines.getLast());
    return lines;
  }

  /** Both files as they are now, as {@link #open}. */
  List<String> lines() throws IOException {
    return lines(content(file));
  }

  private List<String> lines(byte[] latest) throws IOException {
    List<String> lines = new ArrayList<>(linesOf(content(before)));
    lines.addAll(linesOf(latest));
    return lines;
  }

  private static byte[] content(Path file) throws IOException {
    return Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
  }

  private static List<String> linesOf(byte[] content) {
    List<String> lines = List.of(new String(content, ISO_8859_1).split("\n", -1));
    return lines.getLast().isEmpty() ? lines.subList(0, lines.size() - 1) : lines;
  }

  /**
   * Begins a new file if this one is large and it may.
   *
   * @return whether the next line is the first of one
   */
  boolean beginsAnew(boolean may) throws IOException {
    if (may && bytes > bytesMax && Files.exists(file)) {
      disk.rename(file, before);
      bytes = 0;
    }
    return !Files.exists(file) || bytes == 0;
  }

  /** Adds a line, which must name {@link #head} as the one before it. */
  void append(byte[] line) throws IOException {
    byte[] ended = Arrays.copyOf(line, line.length + 1);
    ended[line.length] = '\n';
    String next = digest(new String(line, ISO_8859_1));
    remember(head, next);
    disk.append(file, bytes, ended);
    remember(next, next);
    bytes += ended.length;
    head = next;
  }

  /** Before and after: a crash can come between, and only then may the last line be missing. */
  private void remember(String now, String next) {
    try {
      memory.remember(HexFormat.of().parseHex(now + next));
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "the kernel does not remember the last line of the history", e);
    }
  }

  /** Whether the memory knows another end than the files have. */
  boolean isCut() {
    String remembered = HexFormat.of().formatHex(memory.recall());
    String now = remembered.substring(0, NOTHING_BEFORE.length());
    String next = remembered.substring(NOTHING_BEFORE.length());
    boolean nothing = next.equals(NOTHING_BEFORE);
    return !nothing && !head.equals(now) && !head.equals(next);
  }

  static String digest(String line) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(line.getBytes(ISO_8859_1)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
