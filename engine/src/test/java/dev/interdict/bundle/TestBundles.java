package dev.interdict.bundle;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.util.SortedMap;
import java.util.TreeMap;

/** Bundles and their parts for tests. */
public final class TestBundles {
  private TestBundles() {}

  /** A policy in Rego with a list in its data. */
  public static PolicySource policy(String name, String trusted) {
    String identifier = name.replace('-', '_');
    return new PolicySource(
        PolicySource.POLICY_YAML,
        files(
            "policy.yaml",
            """
                apiVersion: interdict.dev/v1
                kind: Policy
                metadata: {name: %s}   # "é"
                spec: {hooks: [file_open]}
                """
                .formatted(name),
            identifier + ".rego",
            """
                package interdict.policies.%s

                deny contains "not trusted" if not trusted

                trusted if input.process.exe.path in data.trusted
                """
                .formatted(identifier),
            identifier + "_test.rego",
            "package interdict.policies.%s_test\n\ntest_nothing if true\n".formatted(identifier),
            "cases.yaml",
            "cases: []\n",
            "data.json",
            "{\"trusted\": [\"" + trusted + "\"], \"deny\": 1.50}"));
  }

  /** Files from names and texts. */
  public static SortedMap<String, byte[]> files(String... namesAndTexts) {
    SortedMap<String, byte[]> files = new TreeMap<>();
    for (int i = 0; i < namesAndTexts.length; i += 2) {
      files.put(namesAndTexts[i], namesAndTexts[i + 1].getBytes(UTF_8));
    }
    return files;
  }

  /** An archive of these policies. */
  public static byte[] build(long serial, Signer signer, PolicySource... policies) {
    return build(null, serial, signer, policies);
  }

  /** An archive of this revision. */
  public static byte[] build(
      String revision, long serial, Signer signer, PolicySource... policies) {
    try {
      BundleBuilder builder = new BundleBuilder();
      for (PolicySource policy : policies) {
        builder.add(policy, PolicyParser.parse(policy).orThrow());
      }
      return builder.build(revision, serial, signer);
    } catch (BundleException | dev.interdict.policy.PolicyException e) {
      throw new AssertionError(e);
    }
  }

  /** The files of an archive. */
  public static SortedMap<String, byte[]> unpack(byte[] archive) {
    try {
      return BundleArchive.unpack(archive, Limits.DEFAULT);
    } catch (BundleException e) {
      throw new AssertionError(e);
    }
  }
}
