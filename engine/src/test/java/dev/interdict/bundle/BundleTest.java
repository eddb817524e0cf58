package dev.interdict.bundle;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.policy.PolicySource;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BundleTest {
  private static final String P = "\"interdict\":{\"policies\":{\"p\":{\"policy.yaml\":\"y\"";

  @Test
  void aBuiltBundleMustHoldItsPoliciesWithoutTheirTests() throws BundleException {
    Bundle bundle =
        read(
            TestBundles.unpack(
                TestBundles.build(
                    3, null, TestBundles.policy("a-b", "/x"), TestBundles.policy("c", "/y"))));

    assertEquals("[a-b, c]", bundle.policies().keySet().toString());
    assertEquals(
        "[a_b.rego, data.json, policy.yaml]", bundle.policies().get("a-b").keySet().toString());
    assertEquals(3, bundle.serial());
    assertEquals(16, bundle.revision().length());
  }

  /** Code runs inside the engine: only who signed the bundle may bring it. */
  @Test
  void compiledCodeOfAnUnsignedBundleMustNotBeUsed() throws BundleException {
    SortedMap<String, byte[]> files =
        TestBundles.unpack(TestBundles.build(1, null, TestBundles.policy("p", "/x")));
    files.put(Bundle.ROOT + "p/" + Bundle.COMPILED, new byte[] {1});

    assertEquals(Map.of(), read(files).compiled());
  }

  @Test
  void dataInsideOfThePolicysYamlMustStayThere() throws BundleException {
    PolicySource yaml =
        PolicySource.ofYaml(
            "any-name.yaml",
            """
            apiVersion: interdict.dev/v1
            kind: Policy
            metadata: {name: inline}
            spec:
              hooks: [file_open]
              data: {paths: [/a]}
              rules:
                - deny: {file.path: {in: {data: paths}}}
                  reason: no
            """
                .getBytes(UTF_8));
    Bundle bundle = read(TestBundles.unpack(TestBundles.build(-1, null, yaml)));

    assertEquals("[policy.yaml]", bundle.policies().get("inline").keySet().toString());
    assertEquals(-1, bundle.serial());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"trusted\":1} | data.trusted: no policy sees this",
        "{\"interdict\":{\"other\":1}} | data.interdict.other: no policy sees this",
        "{\"interdict\":{\"policies\":{\"A\":{}}}} | \"A\", which names no policy",
        "{\"interdict\":{\"policies\":{\"p\":{\"data\":{}}}}} | has no \"policy.yaml\"",
        "{\"interdict\":{\"policies\":{\"p\":{\"policy.yaml\":{}}}}} | must be the text",
        "{" + P + ",\"trusted\":[]}}}} | has the key \"trusted\"",
        "{" + P + "}}},\"x\":1,\"x\":2} | is no JSON",
        "[] | must be an object",
        "{} {} | is no JSON",
      })
  void dataThatNoRuleCouldSeeMustBeRefused(String data, String why) {
    assertRefused(why, "data.json", data);
  }

  @Test
  void filesOfOneDocumentMustNotContradictEachOther() throws BundleException {
    String a = "interdict/policies/p/data.json";
    SortedMap<String, byte[]> files =
        TestBundles.files(
            ".manifest",
            "{}",
            a,
            "{\"policy.yaml\":\"y\"}",
            "interdict/policies/p/data/lists/data.yaml",
            "names: [x, 1]\n");
    assertEquals(
        "{\"lists\":{\"names\":[\"x\",1]}}",
        new String(read(files).policies().get("p").get("data.json"), UTF_8));

    files.put(
        "interdict/data.json", "{\"policies\":{\"p\":{\"policy.yaml\":\"z\"}}}".getBytes(UTF_8));
    assertThrows(BundleException.class, () -> read(files));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "package other",
        "package interdict.policies.q",
        "no package",
        "package interdict"
      })
  void regoThatNoPolicyAsksMustBeRefused(String rego) {
    assertRefused("belongs to no policy", "data.json", "{" + P + "}}}}", "x/y.rego", rego);
  }

  @Test
  void regoMustBelongToThePolicyOfItsPackageWhateverItsPath() throws BundleException {
    Bundle bundle =
        read(
            TestBundles.files(
                ".manifest", "{\"roots\":[\"interdict/policies/p/\"]}",
                "data.json", "{" + P + "}}}}",
                "some/where/x.rego", "# package no\npackage interdict.policies.p.lib\n",
                "some/where/x_test.rego", "package anything\n"));
    assertEquals("[policy.yaml, x.rego]", bundle.policies().get("p").keySet().toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"roots\":[\"interdict/policies/q\"]} | do not cover the policy p",
        "{\"roots\":[\"interdict/policies/p2\"]} | do not cover the policy p",
        "{\"roots\":[\"interdict/policies/p\",\"interdict/policies/q\"]} | q in .manifest has no policy",
        "{\"roots\":[1]} | roots must be a list",
        "{\"rego_version\":0} | rego_version 0",
        "{\"revision\":1} | revision must be a string",
        "{\"metadata\":{\"interdict\":{\"serial\":-1}}} | serial must be a whole number",
        "{\"metadata\":{\"interdict\":{\"serial\":\"1\"}}} | serial must be a whole number",
        "{\"metadata\":{\"interdict\":{\"serial\":1.5}}} | serial must be a whole number",
        "{\"metadata\":{\"interdict\":{\"serial\":9223372036854775808}}} | serial must be",
        "x | is no JSON",
      })
  void aManifestThatSaysOddThingsMustBeRefused(String manifest, String why) {
    assertRefused(why, ".manifest", manifest, "data.json", "{" + P + "}}}}");
  }

  @Test
  void moreDataThanAnEngineCanHoldMustBeRefusedBeforeItIsHeld() {
    String half = "[" + "1,".repeat(300_000) + "1]";
    assertRefused("more than 500000 values", "data.json", "[" + half + "," + half + "]");
    assertRefused(
        "with y/data.json its data has more",
        "x/data.json",
        "{\"a\":" + half + "}",
        "y/data.json",
        "{\"a\":" + half + "}");
  }

  @Test
  void aDeltaOrABundleWithoutManifestMustBeRefused() {
    assertRefused("a delta bundle", "patch.json", "{}");
    assertRefused("a delta bundle", "x/patch.json", "{}");
    BundleException refused =
        assertThrows(BundleException.class, () -> read(TestBundles.files("data.json", "{}")));
    assertTrue(refused.getMessage().contains("no .manifest"), refused.getMessage());
  }

  @Test
  void twoPoliciesOfOneNameMustNotBeBuiltIntoOneBundle() {
    AssertionError thrown =
        assertThrows(
            AssertionError.class,
            () ->
                TestBundles.build(
                    1, null, TestBundles.policy("p", "/a"), TestBundles.policy("p", "/b")));
    assertTrue(thrown.getCause().getMessage().contains("two policies are named p"));
  }

  private static Bundle read(SortedMap<String, byte[]> files) throws BundleException {
    return Bundle.read(files, Trust.NONE);
  }

  private static void assertRefused(String why, String... namesAndTexts) {
    SortedMap<String, byte[]> files = new TreeMap<>(TestBundles.files(".manifest", "{}"));
    files.putAll(TestBundles.files(namesAndTexts));
    BundleException refused = assertThrows(BundleException.class, () -> read(files));
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }
}
