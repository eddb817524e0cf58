package dev.interdict.compile;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Compiled policies on disk, {@code compiled/KEY/} as {@link CompiledPolicyFile} writes them. Safe
 * for use by many threads and processes.
 */
final class CompileCache {
  /* About 0.2 MiB each. */
  private static final int ENTRIES_MAX = 256;

  private final CacheFolder folder;

  CompileCache(Path root) {
    folder = new CacheFolder(root.resolve("compiled"), ENTRIES_MAX);
  }

  /** The policy kept under {@code key}; null if it is not here, or damaged. */
  CompiledPolicy get(String key) {
    return folder.get(key, CompiledPolicyFile::read);
  }

  /**
   * Keeps the policy under {@code key}, lower-case hex.
   *
   * @throws IOException if it cannot be written, or others may write to the directory
   */
  void put(String key, CompiledPolicy policy) throws IOException {
    folder.makeRoom(CompiledPolicyFile::delete);
    Path entry = folder.entry(key);
    CompiledPolicyFile.delete(entry); // damaged, or it would have been found
    try {
      CompiledPolicyFile.write(policy, entry);
    } catch (IOException e) {
      if (get(key) == null) { // else another process was faster
        throw e;
      }
    }
  }
}
