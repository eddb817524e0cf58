package dev.interdict.control;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Every change that was begun on this host, and what came of it. A change has two lines in the
 * state directory, one on the disk before it is made and one after; a switch of modes, before which
 * nothing may stand, has one. Lines are only added, and each has the digest of the one before it,
 * so that none can be changed, taken out or put in unnoticed; that the last ones are missing is
 * known from a {@link Memory} of the last.
 *
 * <p>Safe for use by many threads.
 */
public final class History {
  /** So many revisions of each policy can be brought back. */
  public static final int KEPT = 10;

  /** Of so many policies, those that are gone included; the ones longest without a change go. */
  private static final int NAMES_MAX = 1000;

  private static final System.Logger LOG = System.getLogger(History.class.getName());
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String DONE = "done";
  private static final int BYTES_MAX = 4 << 20;

  /** Remembers the last line outside of the files, until the host is booted again. */
  public interface Memory {
    /** Two SHA-256. */
    int BYTES = 64;

    /** For who has none. */
    Memory NONE =
        new Memory() {
          @Override
          public byte[] recall() {
            return new byte[BYTES];
          }

          @Override
          public void remember(byte[] nowAndNext) {}
        };

    /** What was remembered last; zeros: nothing. */
    byte[] recall();

    /** The last line's digest, and that of the line that may follow it. */
    void remember(byte[] nowAndNext);
  }

  private final HistoryFile file;
  private final Clock clock;

  /** By policy, the latest last; the policy that changed last is the last. */
  private final Map<String, List<Revised>> revisions = new LinkedHashMap<>();

  /**
   * The highest number that each policy has had, those of candidates and of changes that failed
   * included; the policy that changed last is the last.
   */
  private final Map<String, Long> numbers = new LinkedHashMap<>();

  /** First lines of changes whose second is still to come, by id. */
  private final SortedMap<Long, Line> begun = new TreeMap<>();

  /** Lines that could not be written, by id: they come before any other. */
  private final SortedMap<Long, Owed> owed = new TreeMap<>();

  private record Owed(Origin origin, List<Change> changes, String outcome) {}

  private long lastId;

  /** What this engine found missing when it began; null: nothing. */
  private String missing;

  History(Path directory, Disk disk, Memory memory) {
    this(directory, disk, memory, Clock.systemUTC(), BYTES_MAX);
  }

  History(Path directory, Disk disk, Memory memory, Clock clock, int bytesMax) {
    this.file = new HistoryFile(directory, disk, memory, bytesMax);
    this.clock = clock;
    String problem;
    try {
      List<String> lines = file.open();
      problem = check(lines, file.head(), this::take);
    } catch (IOException e) {
      throw new StoreException(
          "cannot read " + file.path() + "; restore it, or move it away to begin a new history", e);
    }
    if (file.isCut()) {
      missing = "lines that an engine before this one wrote last are gone";
      problem = missing;
    }
    if (problem != null) {
      LOG.log(Level.ERROR, "{0}: {1}", file.path(), problem);
    }
    if (missing != null) {
      try {
        write(lastId + 1, new Origin("engine", ""), List.of(), "failed: " + missing);
      } catch (StoreException e) {
        LOG.log(Level.ERROR, "the history is not complete", e);
      }
    }
  }

  /**
   * One line of the file.
   *
   * @param id of the change; its second line has the same
   * @param time ISO 8601
   * @param changes empty in the second line
   * @param outcome null in the first line of two
   * @param kept in the first line of a file that goes on with another: what can be brought back;
   *     else null
   * @param numbers there: the highest number of each policy
   * @param previous lower-case hex SHA-256 of the line before this one; zeros: there is none
   */
  record Line(
      long id,
      String time,
      String by,
      String why,
      List<Change> changes,
      String outcome,
      Map<String, List<Revised>> kept,
      Map<String, Long> numbers,
      String previous) {
    Line {
      Instant.parse(time);
      requireNonNull(previous);
      changes = changes == null ? List.of() : List.copyOf(changes);
    }
  }

  /**
   * One change.
   *
   * @param changes empty: somebody else has changed the history itself
   * @param outcome {@code done} and who has confirmed it, or what happened instead; empty: it is
   *     being made
   */
  public record Entry(long id, Instant time, Origin origin, List<Change> changes, String outcome) {}

  /**
   * One content that a policy has had.
   *
   * @param number rises with each
   * @param digest of its sources
   * @param bundle the source that brought it; empty: by hand
   */
  public record Revised(long number, String digest, String bundle) {}

  /**
   * What a check of all lines has found.
   *
   * @param lines how many were looked at
   * @param problem the first; null: there is none
   */
  public record Verified(long lines, String problem) {}

  /** The number of the policy's next revision, if it is not below that of the one in force. */
  synchronized long next(String policy) {
    List<Revised> kept = revisions.getOrDefault(policy, List.of());
    return Math.max(numbers.getOrDefault(policy, 0L), kept.isEmpty() ? 0 : kept.getLast().number())
        + 1;
  }

  /** Whether this revision of the policy can be brought back. */
  synchronized boolean knows(String policy, long number, String digest) {
    return revisions.getOrDefault(policy, List.of()).stream()
        .anyMatch(one -> one.number() == number && one.digest().equals(digest));
  }

  /**
   * Writes that a change begins.
   *
   * @return its id, for {@link #end}
   * @throws StoreException if that cannot be written: it must not be made
   */
  synchronized long begin(List<Change> changes) {
    write(lastId + 1, Origin.current(), changes, null);
    return lastId;
  }

  /**
   * Writes what came of a change; if that cannot be, before the next line.
   *
   * @param failure null: it was made
   */
  synchronized void end(long id, String failure) {
    writeOrOwe(id, new Owed(new Origin(null, null), List.of(), outcome(failure)));
  }

  /** As {@link #end}, of a change that {@code by} has confirmed. */
  synchronized void confirmed(long id, Origin by) {
    writeOrOwe(id, new Owed(by, List.of(), DONE));
  }

  /**
   * Writes a switch of modes, which was made; if that cannot be, before the next line.
   *
   * @param failure what was wrong all the same; null: nothing
   * @return why it is not written yet; null: it is
   */
  synchronized String switched(Change change, Origin by, String failure) {
    return writeOrOwe(++lastId, new Owed(by, List.of(change), outcome(failure)));
  }

  private String writeOrOwe(long id, Owed line) {
    try {
      write(id, line.origin(), line.changes(), line.outcome());
      return null;
    } catch (StoreException e) {
      LOG.log(Level.ERROR, "a line of the history is not written yet", e);
      owed.put(id, line);
      return e.getMessage();
    }
  }

  private static String outcome(String failure) {
    return failure == null ? DONE : Origin.cut(failure);
  }

  /**
   * Writes a change that was made.
   *
   * @param failure what was wrong all the same; null: nothing
   * @throws StoreException if that cannot be written
   */
  synchronized void made(List<Change> changes, String failure) {
    write(lastId + 1, Origin.current(), changes, outcome(failure));
  }

  /** Changes by id that an engine before this one had begun when it ended. */
  synchronized SortedMap<Long, List<Change>> interrupted() {
    SortedMap<Long, List<Change>> interrupted = new TreeMap<>();
    begun.forEach((id, line) -> interrupted.put(id, line.changes()));
    return interrupted;
  }

  /** The contents that {@code policy} has had and that can be brought back, the latest last. */
  public synchronized List<Revised> revisions(String policy) {
    return List.copyOf(revisions.getOrDefault(policy, List.of()));
  }

  /** Policy and digest of all that can be brought back. */
  synchronized Collection<Map.Entry<String, String>> kept() {
    List<Map.Entry<String, String>> kept = new ArrayList<>();
    revisions.forEach(
        (policy, all) -> all.forEach(one -> kept.add(Map.entry(policy, one.digest()))));
    return kept;
  }

  /**
   * The latest changes, the latest last.
   *
   * @param policy only those of this one, or of the host; null: all
   * @throws StoreException if they cannot be read
   */
  public List<Entry> entries(String policy, int limit) {
    Map<Long, Entry> entries = new LinkedHashMap<>();
    for (String text : read()) {
      parse(text).ifPresent(line -> entries.merge(line.id(), entry(line), History::ended));
    }
    List<Entry> found =
        entries.values().stream()
            .filter(entry -> policy == null || entry.changes().isEmpty() || concerns(entry, policy))
            .toList();
    return found.subList(Math.max(0, found.size() - limit), found.size());
  }

  private static boolean concerns(Entry entry, String policy) {
    return entry.changes().stream()
        .anyMatch(change -> change.policy().equals(policy) || change.policy().isEmpty());
  }

  private static Entry entry(Line line) {
    return new Entry(
        line.id(),
        Instant.parse(line.time()),
        new Origin(line.by(), line.why()),
        line.changes(),
        line.outcome() == null ? "" : line.outcome());
  }

  private static Entry ended(Entry begun, Entry end) {
    String by = end.origin().by();
    String why = end.origin().why();
    String confirmed = ", confirmed by " + by + (why.isEmpty() ? "" : ": " + why);
    return new Entry(
        begun.id(),
        begun.time(),
        begun.origin(),
        begun.changes(),
        end.outcome() + (by.isEmpty() ? "" : confirmed));
  }

  /**
   * Looks at every line: each must follow the one before it, and the last must be the one that was
   * written last.
   *
   * @throws StoreException if they cannot be read
   */
  public Verified verify() {
    List<String> lines;
    String head;
    synchronized (this) {
      lines = read();
      head = file.head();
    }
    String problem = check(lines, head, line -> {});
    return new Verified(lines.size(), problem == null ? missing : problem);
  }

  /** The first problem, or null; hands on every line that can be read. */
  private String check(List<String> lines, String head, Consumer<Line> each) {
    String problem = null;
    String last = HistoryFile.NOTHING_BEFORE;
    for (int i = 0; i < lines.size(); i++) {
      Line line = parse(lines.get(i)).orElse(null);
      if (problem == null) {
        problem = problem(line, i + 1, last);
      }
      if (line != null) {
        each.accept(line);
      }
      last = HistoryFile.digest(lines.get(i));
    }
    return problem != null || head.equals(last) ? problem : "the last lines are gone";
  }

  private String problem(Line line, int number, String last) {
    if (line == null) {
      return "line " + number + " is no line of a history";
    }
    boolean goesOn = number == 1 && line.kept() != null && file.hasOneBefore();
    return goesOn || last.equals(line.previous())
        ? null
        : "what was before line " + number + " was changed or is gone";
  }

  private void write(long id, Origin origin, List<Change> changes, String outcome) {
    while (!owed.isEmpty() && owed.firstKey() != id) {
      long first = owed.firstKey();
      Owed line = owed.get(first);
      append(first, line.origin(), line.changes(), line.outcome());
      owed.remove(first);
    }
    append(id, origin, changes, outcome);
  }

  private void append(long id, Origin origin, List<Change> changes, String outcome) {
    try {
      // A change that is under way has its lines in one file, or the next engine would miss the
      // first.
      boolean goesOn = file.beginsAnew(begun.isEmpty()) && lastId > 0;
      Line line =
          new Line(
              id,
              clock.instant().toString(),
              origin.by(),
              origin.why(),
              changes,
              outcome,
              goesOn ? revisions : null,
              goesOn ? new LinkedHashMap<>(numbers) : null,
              file.head());
      file.append(JSON.writeValueAsBytes(line));
      take(line);
    } catch (IOException e) {
      throw new StoreException("cannot write " + file.path(), e);
    }
  }

  /** Keeps in mind what a line says. */
  private void take(Line line) {
    lastId = Math.max(lastId, line.id());
    if (line.kept() != null && revisions.isEmpty()) {
      line.kept().forEach((policy, all) -> all.forEach(one -> keep(policy, one)));
    }
    if (line.numbers() != null) {
      line.numbers().forEach(this::count);
    }
    line.changes().forEach(change -> count(change.policy(), change.revision()));
    if (line.outcome() == null) {
      begun.put(line.id(), line);
      return;
    }
    Line first = line.changes().isEmpty() ? begun.remove(line.id()) : line;
    if (first != null && line.outcome().equals(DONE)) {
      first.changes().stream()
          .filter(change -> change.kind() == Change.Kind.APPLY)
          .forEach(
              change ->
                  keep(
                      change.policy(),
                      new Revised(change.revision(), change.digest(), change.bundle())));
    }
  }

  private void count(String policy, long number) {
    Long known = numbers.remove(policy);
    numbers.put(policy, known == null ? number : Math.max(known, number));
    if (numbers.size() > NAMES_MAX) {
      numbers.remove(numbers.keySet().iterator().next());
    }
  }

  private void keep(String policy, Revised one) {
    List<Revised> known = revisions.remove(policy);
    List<Revised> all = known == null ? new ArrayList<>() : known;
    all.add(one);
    if (all.size() > KEPT) {
      all.removeFirst();
    }
    revisions.put(policy, all);
    count(policy, one.number());
    if (revisions.size() > NAMES_MAX) {
      revisions.remove(revisions.keySet().iterator().next());
    }
  }

  private synchronized List<String> read() {
    try {
      return file.lines();
    } catch (IOException e) {
      throw new StoreException("cannot read " + file.path(), e);
    }
  }

  private static Optional<Line> parse(String text) {
    try {
      return Optional.ofNullable(JSON.readValue(text.getBytes(ISO_8859_1), Line.class));
    } catch (JacksonException e) {
      return Optional.empty(); // verify says so; what can be read is used
    }
  }
}
