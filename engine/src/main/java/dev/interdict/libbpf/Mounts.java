package dev.interdict.libbpf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where file systems are mounted, as this process sees it. */
final class Mounts {
  private Mounts() {}

  /** The first mount point of this type. */
  static Optional<Path> find(String type) {
    return read().stream().filter(m -> m.type.equals(type)).map(Mount::at).findFirst();
  }

  private record Mount(Path at, String type) {}

  /** Format: proc(5), /proc/pid/mountinfo: field 5 is the mount point, the type follows " - ". */
  private static List<Mount> read() {
    try {
      return Files.readString(Path.of("/proc/self/mountinfo"), StandardCharsets.ISO_8859_1)
          .lines()
          .map(line -> line.split(" ", -1))
          .map(f -> new Mount(Path.of(unescape(f[4])), f[List.of(f).indexOf("-") + 1]))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String unescape(String path) {
    return path.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
  }
}
