package dev.interdict.bundle;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import dev.interdict.testkit.GoProgram;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Bundles of ours in the hands of OPA's own Go packages, and theirs in ours. */
class OpaBundleTest {
  @TempDir Path directory;

  static List<TestKeys> keys() {
    return List.of(TestKeys.SECRET, TestKeys.RSA, TestKeys.EC);
  }

  @ParameterizedTest
  @MethodSource("keys")
  void opaMustVerifyActivateAndUnderstandWhatWeBuild(TestKeys keys) throws Exception {
    byte[] archive =
        TestBundles.build(
            7,
            keys.signer("write"),
            TestBundles.policy("one-policy", "/a"),
            TestBundles.policy("other", "/b"));

    JsonNode read = read(archive, keys, "write");

    assertEquals(7, read.at("/metadata/interdict/serial").asInt());
    assertEquals(
        "[\"interdict/policies/one_policy\",\"interdict/policies/other\"]",
        read.get("roots").toString());
    assertEquals(
        "data.interdict.policies.one_policy",
        read.at("/modules/interdict~1policies~1one_policy~1one_policy.rego").asString(),
        read.toString());
    assertEquals("/b", read.at("/data/interdict/policies/other/data/trusted/0").asString());
    assertTrue(opa("read", file(archive), keys, "other").contains("scope mismatch"));
  }

  @ParameterizedTest
  @MethodSource("keys")
  void whatOpaReadsSignsAndWritesAnewMustBeTheSamePolicies(TestKeys keys) throws Exception {
    PolicySource one = TestBundles.policy("one-policy", "/a");
    byte[] archive = TestBundles.build(7, null, one, TestBundles.policy("other", "/b"));
    Path out = directory.resolve("opa.tar.gz");
    assertEquals(
        "",
        GoProgram.bundles(
            new byte[0],
            "rewrite",
            file(archive),
            out.toString(),
            keys.algorithm().name(),
            write(keys.signing()),
            "prod",
            ""));

    SortedMap<String, byte[]> files = TestBundles.unpack(Files.readAllBytes(out));
    Bundle bundle = Bundle.read(files, keys.trust(""));

    assertEquals("prod", bundle.signedBy());
    assertEquals(7, bundle.serial());
    assertEquals(List.of("one-policy", "other"), List.copyOf(bundle.policies().keySet()));
    SortedMap<String, byte[]> sources = bundle.policies().get("one-policy");
    assertArrayEquals(one.files().get("policy.yaml"), sources.get("policy.yaml"));
    assertEquals(
        PolicyParser.parse(one).orThrow().rego(),
        PolicyParser.parse(new PolicySource("policy.yaml", sources)).orThrow().rego());
    assertEquals(
        "{\"deny\":1.5,\"trusted\":[\"/a\"]}", new String(sources.get("data.json"), UTF_8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"b\":[1,1.0,1e3,-0,12345678901234567890123,{}],\"a\":{\"z\":null,\"y\":true,\"x\":[]}}",
        "{\"\\u0001\\b\\f\\n\\r\\t\\\"\\\\/<>&\\u007f\\u2028\\u2029é😀\":\"\\u0001\\b\\f<\\u2028\\u00e9\"}",
        "{\"\\uff21\":1,\"\\ud83d\\ude00\":2,\"a\":3,\"\":4}",
        "{\"lone\":\"\\ud800\"}",
        "[[], {}, \"\", 0]",
      })
  void aStructuredFileMustHaveTheHashThatOpaGivesIt(String json) throws Exception {
    byte[] bytes = json.getBytes(UTF_8);

    assertEquals(
        GoProgram.bundles(bytes, "hash").strip(), FileHash.of("data.json", bytes, "SHA-256"));
  }

  @Test
  void plainYamlMustHaveTheHashThatOpaGivesIt() throws Exception {
    byte[] bytes = "b: [1, x, 'no', true]\na:\n  k: \"q\\n\"\n  n: null\n".getBytes(UTF_8);

    assertEquals(
        GoProgram.bundles(bytes, "hash").strip(), FileHash.of("x/data.yaml", bytes, "SHA-256"));
  }

  private JsonNode read(byte[] archive, TestKeys keys, String scope) throws Exception {
    String answer = opa("read", file(archive), keys, scope);
    assertTrue(answer.startsWith("{"), answer);
    return Json.MAPPER.readTree(answer);
  }

  private String opa(String verb, String file, TestKeys keys, String scope) throws Exception {
    return GoProgram.bundles(
        new byte[0], verb, file, keys.algorithm().name(), write(keys.verifying()), "prod", scope);
  }

  private String file(byte[] archive) throws Exception {
    Path file = directory.resolve("bundle.tar.gz");
    Files.write(file, archive);
    return file.toString();
  }

  private String write(String key) throws Exception {
    return Files.writeString(directory.resolve("key"), key).toString();
  }
}
