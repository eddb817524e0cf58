package dev.interdict.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.event.FileNames;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Sets of paths by number. A number stands for one set for ever, in the next engine too: it is in
 * the keys of verdicts, which are kept. Safe for use by many threads.
 */
final class NameSets {
  private final Map<Integer, Set<String>> byNumber = new ConcurrentHashMap<>();

  NameSets() {
    byNumber.put(0, Set.of());
  }

  /** The number of a set that is not empty: positive, below {@link FileNames#NUMBERS}. */
  synchronized int number(Set<String> names) {
    Set<String> sorted = new TreeSet<>(names);
    for (int again = 0; ; again++) {
      int number = digest(again + String.join("\0", sorted));
      Set<String> known = byNumber.putIfAbsent(number, Set.copyOf(names));
      if (known == null || known.equals(names)) {
        return number;
      }
    }
  }

  /** The set that a number stands for; null if it was not given out here. */
  Set<String> names(int number) {
    return byNumber.get(number);
  }

  private static int digest(String text) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return Math.max(1, ByteBuffer.wrap(hash).getInt() & (FileNames.NUMBERS - 1));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
