package dev.interdict.admin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * Where the admin API listens and to whom.
 *
 * @param socket path of the UNIX socket; at most 107 bytes
 * @param uids user ids that may call
 */
public record AdminConfig(Path socket, Set<Integer> uids) {
  /** Where clients look. */
  public static final Path SOCKET = Path.of("/run/interdict/admin.sock");

  public AdminConfig {
    uids = Set.copyOf(uids);
  }

  /** The usual socket, for root and whoever runs the engine. */
  public static AdminConfig defaults() throws IOException {
    int self = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    return new AdminConfig(SOCKET, self == 0 ? Set.of(0) : Set.of(0, self));
  }
}
