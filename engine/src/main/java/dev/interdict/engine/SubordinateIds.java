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

  private final Path lent;
  private final Path users;
  private String seen = "";
  private volatile NavigableMap<Long, Range> ranges = new TreeMap<>();

  /** What follows its first number, by which it is found. */
  private record Range(long count, long owner) {}

  /**
   * @param folder of both files: /etc
   */
  SubordinateIds(Path folder) {
    this.lent = folder.resolve("subuid");
    this.users = folder.resolve("passwd");
    refresh();
  }

  /** Who {@code user} is lent to; himself if to nobody. */
  long owner(long user) {
    Map.Entry<Long, Range> range = ranges.floorEntry(user);
    return range != null && user - range.getKey() < range.getValue().count()
        ? range.getValue().owner()
        : user;
  }

  /** Reads the files again if they have changed; what cannot be read is as it was. */
  synchronized void refresh() {
    try {
      String now = stamp(lent) + stamp(users);
      if (!now.equals(seen)) {
        ranges = read();
        seen = now;
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "who users are lent to stays as it was known: {0}", e.toString());
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

  private NavigableMap<Long, Range> read() throws IOException {
    Map<String, Long> named = new HashMap<>();
    for (List<String> user : lines(users)) {
      if (user.size() > 2) {
        named.put(user.getFirst(), number(user.get(2)));
      }
    }
    NavigableMap<Long, Range> found = new TreeMap<>();
    for (List<String> line : lines(lent)) {
      if (line.size() == 3) {
        long first = number(line.get(1));
        long owner = named.getOrDefault(line.getFirst(), number(line.getFirst()));
        if (first >= 0 && owner >= 0) {
          found.put(first, new Range(number(line.get(2)), owner));
        }
      }
    }
    return found;
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
