package dev.interdict.bundle;

import dev.interdict.policy.PolicySource;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An OPA bundle of policies, verified and taken apart; nothing in it is parsed or compiled yet.
 *
 * <p>Below {@code data.interdict.policies}, each policy has an object of its own, named as its Rego
 * package: {@code "policy.yaml"} with the text of that file, and {@code "data"} with what its rules
 * see as {@code data}. So a bundle says the same after OPA's own tools have read it and written it
 * anew, and two policies may use the same names in their data. Rego belongs to the policy whose
 * package it declares, whatever its path.
 *
 * @param revision what the maker calls it; may be empty
 * @param serial rises with each bundle of a source; -1: it has none
 * @param signedBy the id of the key; null: not verified
 * @param digest lower-case hex SHA-256 of the files without the signature: equal digest, equal
 *     content
 * @param policies files by path inside the policy's folder, by the policy's name
 * @param compiled what each was compiled to, by the policy's name; only from a bundle that was
 *     verified, since nobody can see whether it does what the sources say
 */
public record Bundle(
    String revision,
    long serial,
    String signedBy,
    String digest,
    SortedMap<String, SortedMap<String, byte[]>> policies,
    SortedMap<String, byte[]> compiled) {
  static final String ROOT = "interdict/policies/";
  static final String PACKAGE = "interdict.policies.";
  static final String DATA = "data";

  /** Beside a policy's Rego; tools that write bundles anew leave it out, which costs time only. */
  static final String COMPILED = "compiled.zip";

  /**
   * Reads a bundle's files.
   *
   * @param files by path
   * @param trust whose bundles count
   * @throws BundleException if it is not trusted, or no bundle of policies
   */
  public static Bundle read(SortedMap<String, byte[]> files, Trust trust) throws BundleException {
    String signedBy = trust.required() ? Signatures.verify(files, trust) : null;
    if (files.keySet().stream().anyMatch(path -> ("/" + path).endsWith("/patch.json"))) {
      throw new BundleException("a delta bundle, which nobody can sign; serve whole bundles");
    }
    Manifest manifest = Manifest.read(files.get(Manifest.FILE));
    SortedMap<String, SortedMap<String, byte[]>> policies = policies(files);
    SortedMap<String, byte[]> compiled = new TreeMap<>();
    for (String name : policies.keySet()) {
      byte[] archive = files.get(ROOT + identifier(name) + "/" + COMPILED);
      if (archive != null && signedBy != null) {
        compiled.put(name, archive);
      }
      if (!manifest.owns(ROOT + identifier(name))) {
        throw new BundleException(
            "the roots %s in .manifest do not cover the policy %s"
                .formatted(manifest.roots(), name));
      }
    }
    for (String root : manifest.roots()) {
      // A half of a bundle would take what is missing out of force.
      if (root.startsWith(ROOT)
          && !policies.containsKey(nameOf(root.substring(ROOT.length()).split("/", 2)[0]))) {
        throw new BundleException(
            "the root %s in .manifest has no policy; the bundle is not whole, or the root is left over"
                .formatted(root));
      }
    }
    return new Bundle(
        manifest.revision(), manifest.serial(), signedBy, digest(files), policies, compiled);
  }

  /** The sources of each policy, by its name. */
  static SortedMap<String, SortedMap<String, byte[]>> policies(SortedMap<String, byte[]> files)
      throws BundleException {
    SortedMap<String, SortedMap<String, byte[]>> policies = new TreeMap<>();
    ObjectNode data = BundleData.merge(files);
    for (Map.Entry<String, JsonNode> entry : BundleData.policies(data).entrySet()) {
      policies.put(nameOf(entry.getKey()), sources(entry.getKey(), entry.getValue()));
    }
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      // Tests are for authors; a host never runs them.
      if (file.getKey().endsWith(".rego") && !file.getKey().endsWith("_test.rego")) {
        addRego(policies, file.getKey(), file.getValue());
      }
    }
    return policies;
  }

  private static SortedMap<String, byte[]> sources(String identifier, JsonNode document)
      throws BundleException {
    SortedMap<String, byte[]> sources = new TreeMap<>();
    for (Map.Entry<String, JsonNode> part : document.properties()) {
      switch (part.getKey()) {
        case PolicySource.POLICY_YAML ->
            sources.put(part.getKey(), text(part.getValue(), identifier));
        case DATA -> sources.put("data.json", Json.MAPPER.writeValueAsBytes(part.getValue()));
        default ->
            throw new BundleException(
                "data.%s%s has the key \"%s\"; what its rules see as data stands below \"data\""
                    .formatted(PACKAGE, identifier, part.getKey()));
      }
    }
    if (!sources.containsKey(PolicySource.POLICY_YAML)) {
      throw new BundleException(
          "data.%s%s has no \"policy.yaml\"; interdict policy build writes it"
              .formatted(PACKAGE, identifier));
    }
    return sources;
  }

  private static byte[] text(JsonNode node, String identifier) throws BundleException {
    if (!node.isString()) {
      throw new BundleException(
          "data.%s%s: \"policy.yaml\" must be the text of that file, not %s"
              .formatted(PACKAGE, identifier, node.getNodeType()));
    }
    return node.asString().getBytes(StandardCharsets.UTF_8);
  }

  private static void addRego(
      SortedMap<String, SortedMap<String, byte[]>> policies, String path, byte[] rego)
      throws BundleException {
    String declared = PolicySource.packageOf(new String(rego, StandardCharsets.UTF_8));
    String below =
        declared != null && declared.startsWith(PACKAGE)
            ? declared.substring(PACKAGE.length())
            : "";
    SortedMap<String, byte[]> sources = policies.get(nameOf(below.split("\\.", 2)[0]));
    if (sources == null) {
      throw new BundleException(
          "%s has the package %s, which belongs to no policy of the bundle"
              .formatted(path, declared));
    }
    if (sources.put(path.substring(path.lastIndexOf('/') + 1), rego) != null) {
      throw new BundleException(
          "two Rego files of one policy have the name of " + path + "; rename one");
    }
  }

  static String identifier(String name) {
    return name.replace('-', '_');
  }

  private static String nameOf(String identifier) {
    return identifier.replace('_', '-');
  }

  /** Of what is signed, so that signing with another key is no other content. */
  static String digest(SortedMap<String, byte[]> files) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      files.forEach(
          (name, content) -> {
            if (!name.equals(Manifest.SIGNATURES)) {
              sha256.update((name + "\0" + content.length + "\0").getBytes(StandardCharsets.UTF_8));
              sha256.update(content);
            }
          });
      return HexFormat.of().formatHex(sha256.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
