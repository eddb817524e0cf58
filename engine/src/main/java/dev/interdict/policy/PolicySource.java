package dev.interdict.policy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files of one policy as they were written, not yet looked at. Immutable as long as nobody
 * writes to the arrays.
 *
 * @param manifest which of the files is the YAML document; {@code policy.yaml} in a folder
 * @param files content by file name, without folders
 */
public record PolicySource(String manifest, SortedMap<String, byte[]> files) {

  /** The YAML document of a policy folder. */
  public static final String POLICY_YAML = "policy.yaml";

  /** The events and decisions that {@code policy test} tries. */
  public static final String CASES_YAML = "cases.yaml";

  /** Lists of addresses reach this size; anything larger belongs into a bundle of its own. */
  static final int MAX_FILE_BYTES = 8 << 20;

  /** One gRPC message carries a policy. */
  static final int MAX_TOTAL_BYTES = 16 << 20;

  /** The largest policies of the library have six. */
  static final int MAX_FILES = 100;

  public PolicySource {
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /** A policy that is one YAML document. */
  public static PolicySource ofYaml(String file, byte[] yaml) {
    return new PolicySource(file, new TreeMap<>(Map.of(file, yaml)));
  }

  /** Whether {@code name} is a file that means something in a policy folder. */
  public static boolean isPart(String name) {
    return name.endsWith(".rego")
        || List.of(POLICY_YAML, CASES_YAML, "data.json", "data.yaml").contains(name);
  }

  /**
   * Reads a policy folder, or a single YAML file, which must not be one of a folder's. Nothing
   * outside of the folder is read: a link that leads out of it is an error.
   *
   * @throws PolicyException if a file is missing, unreadable, not a regular file or too large;
   *     carries everything that was found
   */
  public static PolicySource read(Path path) throws PolicyException {
    Findings findings = new Findings();
    SortedMap<String, byte[]> files = new TreeMap<>();
    String manifest = POLICY_YAML;
    if (Files.isDirectory(path)) {
      readFolder(path, files, findings);
      if (!files.containsKey(POLICY_YAML) && !findings.failed()) {
        findings.error(POLICY_YAML, "policy.missing-file", path + " has no " + POLICY_YAML);
      }
    } else {
      manifest = String.valueOf(path.getFileName());
      readFile(path, path.toAbsolutePath(), manifest, files, findings);
      if (manifest.equals(POLICY_YAML) && !findings.failed()) {
        UnreadFiles.reportBeside(path.toAbsolutePath().getParent(), findings);
      }
    }
    if (findings.failed()) {
      throw new PolicyException(findings.sorted());
    }
    return new PolicySource(manifest, files);
  }

  /**
   * A YAML document as JSON, read as policies are: YAML 1.2 without anchors, tags and duplicate
   * keys.
   *
   * @throws PolicyException if it cannot be read
   */
  public static byte[] yamlAsJson(String file, byte[] yaml) throws PolicyException {
    Findings findings = new Findings();
    YamlNode node = YamlReader.read(file, yaml, MAX_FILE_BYTES, findings);
    if (node == null || findings.failed()) {
      throw new PolicyException(findings.sorted());
    }
    return JsonMapper.shared().writeValueAsBytes(node.value());
  }

  /** The package that a Rego text declares, or null. */
  public static String packageOf(String rego) {
    return RegoFiles.packageOf(rego);
  }

  private static void readFolder(Path folder, SortedMap<String, byte[]> files, Findings findings) {
    List<Path> parts;
    Path root;
    try (Stream<Path> list = Files.list(folder)) {
      root = folder.toRealPath();
      parts =
          list.filter(p -> isPart(p.getFileName().toString()))
              .sorted()
              .limit(MAX_FILES + 1L)
              .toList();
      UnreadFiles.report(folder, findings);
    } catch (IOException e) {
      findings.error(
          folder.toString(), "policy.unreadable", "cannot list the folder: " + FileTrouble.of(e));
      return;
    }
    if (parts.size() > MAX_FILES) {
      findings.error(folder.toString(), "policy.size", "more than " + MAX_FILES + " files");
      return;
    }
    long total = 0;
    for (Path part : parts) {
      String name = part.getFileName().toString();
      try {
        Path real = part.toRealPath();
        if (!real.startsWith(root)) {
          findings.error(name, "policy.link", "leads out of the policy's folder, to " + real);
          continue;
        }
        readFile(part, real, name, files, findings);
        total += files.getOrDefault(name, new byte[0]).length;
      } catch (IOException e) {
        findings.error(name, "policy.unreadable", "cannot be read: " + FileTrouble.of(e));
      }
    }
    if (total > MAX_TOTAL_BYTES) {
      findings.error(
          folder.toString(),
          "policy.size",
          total + " bytes in all; at most " + (MAX_TOTAL_BYTES >> 20) + " MiB are read");
    }
  }

  private static void readFile(
      Path shown, Path real, String name, Map<String, byte[]> files, Findings findings) {
    try {
      if (!Files.isRegularFile(real)) { // a fifo would block us, a device would never end
        boolean there = Files.exists(real);
        findings.error(
            name,
            there ? "policy.not-a-file" : "policy.missing-file",
            shown + (there ? " is not a regular file" : " does not exist"));
        return;
      }
      try (var in = Files.newInputStream(real)) {
        byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
        if (bytes.length > MAX_FILE_BYTES) {
          findings.error(name, "policy.size", "more than " + (MAX_FILE_BYTES >> 20) + " MiB");
          return;
        }
        files.put(name, bytes);
      }
    } catch (IOException e) {
      findings.error(name, "policy.unreadable", "cannot be read: " + FileTrouble.of(e));
    }
  }
}
