package dev.interdict.compile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * What the Rego compiler has answered, by the digest of the question: {@code answers/KEY}, its JSON
 * document. Safe for use by many threads and processes.
 */
final class AnswerCache {
  /* A few KiB each. */
  private static final int ENTRIES_MAX = 1024;

  private final CacheFolder folder;

  AnswerCache(Path root) {
    folder = new CacheFolder(root.resolve("answers"), ENTRIES_MAX);
  }

  /** The answer kept under {@code key}; null if it is not here, or damaged. */
  RegoAnswer get(String key) {
    return folder.get(key, entry -> RegoAnswer.decode(Files.readAllBytes(entry)));
  }

  /**
   * Keeps an answer, as the compiler wrote it, under {@code key}, lower-case hex.
   *
   * @throws IOException if it cannot be written, or others may write to the directory
   */
  void put(String key, byte[] answer) throws IOException {
    folder.makeRoom(Files::deleteIfExists);
    Path entry = folder.entry(key);
    Path draft = Files.createTempFile(entry.getParent(), ".draft", null);
    try {
      Files.write(draft, answer);
      Files.move(draft, entry, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(draft);
    }
  }
}
