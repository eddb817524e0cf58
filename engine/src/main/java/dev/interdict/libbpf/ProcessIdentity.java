package dev.interdict.libbpf;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Which process: a number alone is given to another one afterwards.
 *
 * @param pid in the host's namespace
 * @param startTicks when its first thread started, in hundredths of a second since boot
 */
public record ProcessIdentity(int pid, long startTicks) {
  private static final Path STAT = Path.of("/proc/self/stat");
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path TIME_OFFSETS = Path.of("/proc/self/timens_offsets");

  /** The field "starttime" of proc(5), counted from the one behind the name in brackets. */
  private static final int START_FIELD = 22 - 3;

  /**
   * This process.
   *
   * @throws IOException if the programs, which see it from outside of all namespaces, would know it
   *     by another number or another clock
   */
  public static ProcessIdentity self() throws IOException {
    requireHostPids();
    requireHostClocks();
    return parse(new String(Files.readAllBytes(STAT), StandardCharsets.ISO_8859_1));
  }

  static ProcessIdentity parse(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ");
    int pid = Integer.parseInt(stat.substring(0, stat.indexOf(' ')));
    return new ProcessIdentity(pid, Long.parseLong(fields[START_FIELD]));
  }

  private static void requireHostPids() throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith("NSpid:") && line.trim().split("\\s+").length != 2) {
        throw new IOException(
            "the engine runs in a PID namespace of its own, where it cannot tell itself from the"
                + " tasks it judges; start it with the host's (--pid=host)");
      }
    }
  }

  private static void requireHostClocks() throws IOException {
    try {
      for (String line : Files.readAllLines(TIME_OFFSETS)) {
        if (!line.matches("\\S+\\s+0\\s+0")) {
          throw new IOException(
              "the engine runs in a time namespace with other clocks than the kernel programs it"
                  + " shares times with; start it in the host's");
        }
      }
    } catch (NoSuchFileException e) {
      // A kernel without time namespaces.
    }
  }
}
