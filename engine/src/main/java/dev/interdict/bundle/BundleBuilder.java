package dev.interdict.bundle;

import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicySource;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes a bundle of policies. Equal policies give equal bytes; only an ES256 signature is another
 * each time.
 */
public final class BundleBuilder {
  private final SortedMap<String, byte[]> files = new TreeMap<>();
  private final SortedMap<String, Boolean> roots = new TreeMap<>();

  /**
   * Adds one. Its tests and cases stay behind.
   *
   * @param source as it was written
   * @param policy what was parsed from it
   * @return the policy's files as a host will see them
   * @throws BundleException if there is one of this name, or it cannot be told apart in a bundle
   */
  public PolicySource add(PolicySource source, Policy policy) throws BundleException {
    String identifier = Bundle.identifier(policy.name());
    String folder = Bundle.ROOT + identifier + "/";
    if (roots.put(Bundle.ROOT + identifier, true) != null) {
      throw new BundleException("two policies are named " + policy.name());
    }
    ObjectNode document = Json.MAPPER.createObjectNode();
    byte[] yaml = source.files().get(source.manifest());
    document.put(PolicySource.POLICY_YAML, new String(yaml, StandardCharsets.UTF_8));
    if (source.files().containsKey("data.json") || source.files().containsKey("data.yaml")) {
      document.set(Bundle.DATA, Json.read("data", policy.data()));
    }
    files.put(folder + "data.json", Json.MAPPER.writeValueAsBytes(document));
    for (Map.Entry<String, byte[]> file : source.files().entrySet()) {
      String name = file.getKey();
      if (name.endsWith(".rego") && !name.endsWith("_test.rego")) {
        String declared =
            PolicySource.packageOf(new String(file.getValue(), StandardCharsets.UTF_8));
        if (declared != null
            && (declared + ".").startsWith(Bundle.PACKAGE + identifier + "." + Bundle.DATA + ".")) {
          throw new BundleException(
              name + ": the package " + declared + " stands where a bundle has the policy's data");
        }
        files.put(folder + name, file.getValue());
      }
    }
    SortedMap<String, SortedMap<String, byte[]>> read = Bundle.policies(files);
    return new PolicySource(PolicySource.POLICY_YAML, read.get(policy.name()));
  }

  /**
   * Adds what a policy was compiled to, so that hosts need not compile it themselves.
   *
   * @param archive of exactly what {@link #add} returned; hosts look at its digest
   */
  public void addCompiled(String name, byte[] archive) {
    files.put(Bundle.ROOT + Bundle.identifier(name) + "/" + Bundle.COMPILED, archive);
  }

  /**
   * The archive.
   *
   * @param revision what to call it; null: after its content
   * @param serial -1: none
   * @param signer null: not signed
   * @throws BundleException if it cannot be signed, or is larger than hosts take
   */
  public byte[] build(String revision, long serial, Signer signer) throws BundleException {
    SortedMap<String, byte[]> all = new TreeMap<>(files);
    String name = revision == null ? Bundle.digest(files).substring(0, 16) : revision;
    all.put(Manifest.FILE, new Manifest(name, List.copyOf(roots.keySet()), serial).write());
    if (signer != null) {
      all.put(Manifest.SIGNATURES, Signatures.sign(all, signer));
    }
    byte[] archive = BundleArchive.pack(all);
    Bundle.read(BundleArchive.unpack(archive, Limits.DEFAULT), Trust.NONE);
    return archive;
  }
}
