package dev.interdict.bundle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * {@code .manifest}.
 *
 * @param revision what the maker calls this state; may be empty
 * @param roots the parts of {@code data} that the bundle owns, without slashes at the ends; a
 *     single empty one owns all
 * @param serial {@code metadata.interdict.serial}, which rises with each bundle of a source; -1:
 *     there is none
 */
record Manifest(String revision, List<String> roots, long serial) {
  static final String FILE = ".manifest";
  static final String SIGNATURES = ".signatures.json";

  Manifest {
    roots = List.copyOf(roots);
  }

  /**
   * Reads it.
   *
   * @throws BundleException if it is missing, no JSON, or has a value of another kind than it must
   *     be
   */
  static Manifest read(byte[] json) throws BundleException {
    if (json == null) {
      throw new BundleException(
          "the bundle has no .manifest; interdict policy build and opa build write one");
    }
    JsonNode manifest = Json.read(FILE, json);
    JsonNode version = manifest.path("rego_version");
    if (!version.isMissingNode() && version.asInt(-1) != 1) {
      throw new BundleException(
          ".manifest says rego_version " + version + "; policies are written in version 1");
    }
    return new Manifest(
        text(manifest.path("revision")), roots(manifest.path("roots")), serial(manifest));
  }

  private static String text(JsonNode node) throws BundleException {
    if (!node.isMissingNode() && !node.isString()) {
      throw new BundleException(".manifest: revision must be a string, not " + node);
    }
    return node.asString("");
  }

  private static List<String> roots(JsonNode node) throws BundleException {
    if (node.isMissingNode() || node.isNull()) {
      return List.of("");
    }
    List<String> roots = new ArrayList<>();
    for (JsonNode root : node) {
      if (!root.isString()) {
        throw new BundleException(".manifest: roots must be a list of strings, not " + node);
      }
      roots.add(root.asString().replaceAll("^/+|/+$", ""));
    }
    return roots;
  }

  private static long serial(JsonNode manifest) throws BundleException {
    JsonNode serial = manifest.at("/metadata/interdict/serial");
    if (serial.isMissingNode()) {
      return -1;
    }
    if (!serial.isIntegralNumber() || !serial.canConvertToLong() || serial.asLong() < 0) {
      throw new BundleException(
          ".manifest: metadata.interdict.serial must be a whole number from 0, not " + serial);
    }
    return serial.asLong();
  }

  byte[] write() {
    Map<String, Object> manifest = new LinkedHashMap<>();
    manifest.put("revision", revision);
    manifest.put("roots", roots);
    manifest.put("rego_version", 1);
    if (serial >= 0) {
      manifest.put("metadata", Map.of("interdict", Map.of("serial", serial)));
    }
    return Json.MAPPER.writeValueAsBytes(manifest);
  }

  /**
   * Whether the bundle owns {@code path}.
   *
   * @param path such as {@code interdict/policies/name}
   */
  boolean owns(String path) {
    return roots.stream()
        .anyMatch(root -> root.isEmpty() || path.equals(root) || path.startsWith(root + "/"));
  }
}
