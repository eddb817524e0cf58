package dev.interdict.engine;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Which users the host lends to others for their namespaces: {@code subuid}, whose owners are
 * numbers or names of {@code passwd} (subuid(5)). Safe for use by many threads.
 */
final class SubordinateIds {
  private static final Logger LOG = System.getLogger(SubordinateIds.class.getName());

  private static final long NOBODY = -1;
  private static final long ROOT = 0;

  private final Path lent;
  private final Path users;
  private String seen = "";
  private boolean failing;

  /** Whose the users from a number on are, up to the next; {@link #NOBODY}'s: lent to nobody. */
  private volatile NavigableMap<Long, Long> owners = new TreeMap<>();

  /**
   * @param folder of both files: /etc
   */
  SubordinateIds(Path folder) {
    this.lent = folder.resolve("subuid");
    this.users = folder.resolve("passwd");
    refresh();
  }

  /**
   * Who {@code user} is lent to, of what root lends the first number of its range; himself if to
   * nobody.
   */
  long owner(long user) {
    long owner = at(owners, user);
    return owner == NOBODY ? user : owner;
  }

  private static long at(NavigableMap<Long, Long> owners, long user) {
    Map.Entry<Long, Long> from = owners.floorEntry(user);
    return from == null ? NOBODY : from.getValue();
  }

  /** Reads the files again if they have changed; what cannot be read is as it was, said once. */
  synchronized void refresh() {
    try {
      String now = stamp(lent) + stamp(users);
      if (!now.equals(seen)) {
        owners = read();
        seen = now;
      }
      failing = false;
    } catch (IOException e) {
      if (!failing) {
        String known = seen.isEmpty() ? "is not known" : "stays as it was known";
        LOG.log(Level.WARNING, "who users are lent to {0}: {1}", known, e);
      }
      failing = true;
    }
  }

  private static String stamp(Path file) throws IOException {
    try {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      return now.fileKey() + " " + now.lastModifiedTime() + " " + now.size() + "\n";
    } catch (NoSuchFileException e) {
      return "none\n";
    }
  }

  private NavigableMap<Long, Long> read() throws IOException {
    Map<String, Long> named = new HashMap<>();
    for (List<String> user : lines(users)) {
      if (user.size() > 2) {
        named.put(user.getFirst(), number(user.get(2)));
      }
    }
    NavigableMap<Long, Long> found = new TreeMap<>();
    for (List<String> line : lines(lent)) {
      if (line.size() == 3) {
        long first = number(line.get(1));
        long owner = named.getOrDefault(line.getFirst(), number(line.getFirst()));
        long count = number(line.get(2));
        if (first >= 0 && owner >= 0 && count > 0) {
          lend(found, first, first + count, owner == ROOT ? first : owner);
        }
      }
    }
    return found;
  }

  /** What is lent twice is his whom a later line names. */
  private static void lend(NavigableMap<Long, Long> owners, long first, long end, long owner) {
    long behind = at(owners, end);
    owners.subMap(first, end).clear();
    owners.put(first, owner);
    owners.putIfAbsent(end, behind);
  }

  private static List<List<String>> lines(Path file) throws IOException {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
          .lines()
          .map(line -> List.of(line.strip().split(":", -1)))
          .toList();
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  /** Negative: it is none. */
  private static long number(String text) {
    return text.matches("\\d{1,10}") ? Long.parseLong(text) : -1;
  }
}
