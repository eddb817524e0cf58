package dev.interdict.bundle;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The files of a bundle as they come in: each name and size is looked at before it is kept. */
final class BundlePaths {
  private final Limits limits;
  private final SortedMap<String, byte[]> files = new TreeMap<>();
  private long bytes;

  BundlePaths(Limits limits) {
    this.limits = limits;
  }

  /**
   * The name as OPA knows it, without {@code /} or {@code ./} before it.
   *
   * @throws BundleException if it leads elsewhere, is too deep, or was there before
   */
  String claim(String written) throws BundleException {
    String name = written.replaceFirst("^(\\./|/)", "");
    List<String> parts = List.of(name.split("/", -1));
    if (parts.contains("..") || parts.contains(".") || parts.contains("")) {
      throw new BundleException("\"" + shown(written) + "\" is no path inside a bundle");
    }
    if (name.chars().anyMatch(c -> Character.isISOControl(c) || c == '\\')
        || name.getBytes(StandardCharsets.UTF_8).length > Limits.NAME_BYTES) {
      throw new BundleException(
          "\"" + shown(written) + "\" has characters or a length that no file of a bundle has");
    }
    if (parts.size() - 1 > limits.depth()) {
      throw new BundleException(
          "\"" + shown(written) + "\" lies more than " + limits.depth() + " folders deep");
    }
    if (files.containsKey(name)) {
      throw new BundleException("two files are named \"" + name + "\"");
    }
    if (files.size() >= limits.files()) {
      throw new BundleException("more than " + limits.files() + " files");
    }
    return name;
  }

  /**
   * Whether {@code size} more bytes fit.
   *
   * @throws BundleException if they do not
   */
  void reserve(String name, long size) throws BundleException {
    bytes += size;
    if (size > limits.unpacked() || bytes > limits.unpacked()) {
      throw new BundleException(
          "with \"%s\" it unpacks to more than %d bytes".formatted(name, limits.unpacked()));
    }
  }

  void put(String name, byte[] content) {
    files.put(name, content);
  }

  SortedMap<String, byte[]> files() {
    return files;
  }

  private static String shown(String name) {
    String start = name.length() > 100 ? name.substring(0, 100) + "..." : name;
    return start.replaceAll("\\p{Cntrl}", "?");
  }
}
