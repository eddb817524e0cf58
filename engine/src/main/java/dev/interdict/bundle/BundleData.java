package dev.interdict.bundle;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The data files of a bundle as the one document that OPA makes of them. */
final class BundleData {
  private BundleData() {}

  /**
   * Every {@code data.json} and {@code data.yaml} at the place that its folder names.
   *
   * @throws BundleException if one cannot be read, or two say something about the same place
   */
  static ObjectNode merge(SortedMap<String, byte[]> files) throws BundleException {
    ObjectNode root = Json.MAPPER.createObjectNode();
    int values = 0;
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      String path = file.getKey();
      int slash = path.lastIndexOf('/');
      byte[] json =
          switch (path.substring(slash + 1)) {
            case "data.json" -> file.getValue();
            case "data.yaml", "data.yml" -> FileHash.yaml(path, file.getValue());
            default -> null;
          };
      if (json == null) {
        continue;
      }
      values += Json.count(path, json);
      if (values > Json.MAX_VALUES) {
        throw new BundleException(
            "with " + path + " its data has more than " + Json.MAX_VALUES + " values");
      }
      JsonNode content = Json.read(path, json);
      ObjectNode document = Json.MAPPER.createObjectNode();
      ObjectNode last = document;
      String[] folders = slash < 0 ? new String[0] : path.substring(0, slash).split("/", -1);
      for (int i = 0; i < folders.length - 1; i++) {
        last = last.putObject(folders[i]);
      }
      if (folders.length > 0) {
        last.set(folders[folders.length - 1], content);
      } else if (content instanceof ObjectNode object) {
        document = object;
      } else {
        throw new BundleException(path + " must be an object");
      }
      merge(root, document, path);
    }
    return root;
  }

  private static void merge(ObjectNode into, ObjectNode from, String path) throws BundleException {
    for (Map.Entry<String, JsonNode> entry : from.properties()) {
      JsonNode there = into.get(entry.getKey());
      if (there == null) {
        into.set(entry.getKey(), entry.getValue());
      } else if (there instanceof ObjectNode object
          && entry.getValue() instanceof ObjectNode more) {
        merge(object, more, path);
      } else {
        throw new BundleException("%s says again what \"%s\" is".formatted(path, entry.getKey()));
      }
    }
  }

  /**
   * What stands below {@code data.interdict.policies}.
   *
   * @throws BundleException if something stands elsewhere: no rule could see it
   */
  static SortedMap<String, JsonNode> policies(ObjectNode data) throws BundleException {
    SortedMap<String, JsonNode> policies = new TreeMap<>();
    for (Map.Entry<String, JsonNode> top : data.properties()) {
      requireOnly("interdict", top.getKey(), "data");
      for (Map.Entry<String, JsonNode> below : top.getValue().properties()) {
        requireOnly("policies", below.getKey(), "data.interdict");
        for (Map.Entry<String, JsonNode> policy : below.getValue().properties()) {
          if (!policy.getKey().matches("[a-z][a-z0-9_]*")) {
            throw new BundleException(
                "data.interdict.policies has \"" + policy.getKey() + "\", which names no policy");
          }
          policies.put(policy.getKey(), policy.getValue());
        }
      }
    }
    return policies;
  }

  private static void requireOnly(String wanted, String key, String where) throws BundleException {
    if (!key.equals(wanted)) {
      throw new BundleException(
          where
              + "."
              + key
              + ": no policy sees this; its data stands below data.interdict.policies.NAME.data");
    }
  }
}
