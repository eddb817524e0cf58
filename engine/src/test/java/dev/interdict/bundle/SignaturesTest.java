package dev.interdict.bundle;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SignaturesTest {
  static List<TestKeys> keys() {
    return List.of(TestKeys.SECRET, TestKeys.RSA, TestKeys.EC);
  }

  @ParameterizedTest
  @MethodSource("keys")
  void aTrustedSignatureMustBeAccepted(TestKeys keys) throws BundleException {
    assertEquals("prod", Bundle.read(signed(keys, "write"), keys.trust("write")).signedBy());
    Trust any = new Trust(keys.trust("").keys(), null, "write");
    assertEquals("prod", Bundle.read(signed(keys, "write"), any).signedBy());
  }

  @Test
  void anUnsignedBundleMustBeRefusedWhereAKeyIsTrusted() throws BundleException {
    SortedMap<String, byte[]> files = signed(TestKeys.RSA, "");
    files.remove(".signatures.json");

    assertRefused("is not signed", files, TestKeys.RSA.trust(""));
    assertNull(Bundle.read(files, Trust.NONE).signedBy());
  }

  @Test
  void aSignatureMustNotCountWhereNoKeyIsTrusted() throws BundleException {
    assertNull(Bundle.read(signed(TestKeys.RSA, ""), Trust.NONE).signedBy());
  }

  @ParameterizedTest
  @MethodSource("keys")
  void aChangedMissingOrAddedFileMustBeRefused(TestKeys keys) {
    String data = "interdict/policies/p/data.json";
    SortedMap<String, byte[]> changed = signed(keys, "");
    changed.put(data, new String(changed.get(data), UTF_8).replace("/a", "/b").getBytes(UTF_8));
    assertRefused("is not the one that was signed", changed, keys.trust(""));

    SortedMap<String, byte[]> missing = signed(keys, "");
    missing.remove("interdict/policies/p/p.rego");
    assertRefused("missing: [interdict/policies/p/p.rego]", missing, keys.trust(""));

    SortedMap<String, byte[]> more = signed(keys, "");
    more.put("README", new byte[0]);
    assertRefused("does not list the file \"README\"", more, keys.trust(""));

    SortedMap<String, byte[]> manifest = signed(keys, "");
    manifest.put(".manifest", "{\"revision\":\"other\"}".getBytes(UTF_8));
    assertRefused("\".manifest\" is not the one", manifest, keys.trust(""));
  }

  @Test
  void whiteSpaceAndOrderOfStructuredFilesMustNotMatter() throws BundleException {
    SortedMap<String, byte[]> files = signed(TestKeys.RSA, "");
    String manifest = new String(files.get(".manifest"), UTF_8);
    files.put(".manifest", (" \n" + manifest.replace(",", " ,\t")).getBytes(UTF_8));

    assertEquals("prod", Bundle.read(files, TestKeys.RSA.trust("")).signedBy());
  }

  @ParameterizedTest
  @MethodSource("keys")
  void anotherKeyScopeOrIdMustBeRefused(TestKeys keys) throws Exception {
    assertRefused("for the scope \"write\"", signed(keys, "write"), keys.trust(""));
    assertRefused("for the scope \"\"", signed(keys, ""), keys.trust("write"));
    Trust other = new Trust(Map.of("other", keys.trust("").keys().get("prod")), "other", "");
    assertRefused("trusts \"other\" only", signed(keys, ""), other);
    assertRefused("which is not trusted here", signed(keys, ""), new Trust(other.keys(), null, ""));
    TestKeys stranger = stranger(keys.algorithm());
    assertRefused("is not that of the key", signed(stranger, ""), keys.trust(""));
  }

  @Test
  void aTokenMustNotChooseItsAlgorithm() throws Exception {
    assertRefused(
        "signed with none; the key \"prod\" verifies RS256 only",
        resigned(h -> h.replace("RS256", "none"), content -> new byte[0]),
        TestKeys.RSA.trust(""));
    assertRefused(
        "signed with None",
        resigned(h -> h.replace("RS256", "None"), content -> new byte[0]),
        TestKeys.RSA.trust(""));
    // What a naive verifier takes: an HMAC under the text of the public key.
    byte[] publicKey = TestKeys.RSA.verifying().getBytes(UTF_8);
    assertRefused(
        "signed with HS256",
        resigned(
            h -> h.replace("RS256", "HS256"),
            content -> Algorithm.HS256.sign(content, new SecretKeySpec(publicKey, "HmacSHA256"))),
        TestKeys.RSA.trust(""));
    assertRefused(
        "signed with none",
        resigned(h -> h.replace("\"alg\":\"RS256\",", ""), content -> new byte[0]),
        TestKeys.RSA.trust(""));
    assertRefused(
        "asks for [\"b64\"]",
        resigned(h -> h.replace("{", "{\"crit\":[\"b64\"],"), content -> new byte[0]),
        TestKeys.RSA.trust(""));
  }

  @Test
  void aPublicKeyMustNotBecomeASecret() {
    BundleException refused =
        assertThrows(
            BundleException.class, () -> Keys.verifying(TestKeys.RSA.verifying(), Algorithm.HS256));
    assertTrue(refused.getMessage().contains("this is a PEM key"), refused.getMessage());
  }

  @Test
  void weakOrWrongKeysMustBeRefusedWithTheRemedy() throws Exception {
    KeyPairGenerator small = KeyPairGenerator.getInstance("RSA");
    small.initialize(1024);
    String weak = TestKeys.pem("PUBLIC KEY", small.generateKeyPair().getPublic().getEncoded());
    assertKeyRefused("less than 2048 bits", weak, Algorithm.RS256);
    KeyPairGenerator curve = KeyPairGenerator.getInstance("EC");
    curve.initialize(384);
    String p384 = TestKeys.pem("PUBLIC KEY", curve.generateKeyPair().getPublic().getEncoded());
    assertKeyRefused("on P-256", p384, Algorithm.ES256);
    assertKeyRefused("less than 32 bytes", "secret", Algorithm.HS256);
    assertKeyRefused("less than 32 bytes", "", Algorithm.HS256);
    assertKeyRefused("no key for ES256", TestKeys.RSA.verifying(), Algorithm.ES256);
    assertKeyRefused("openssl pkey", TestKeys.RSA.signing(), Algorithm.RS256);
    assertKeyRefused("in PEM", "text", Algorithm.RS256);
  }

  @Test
  void aWeakHashMustBeRefused() throws Exception {
    SortedMap<String, byte[]> files = signed(TestKeys.SECRET, "");
    String[] token = token(files);
    String payload = new String(Base64.getUrlDecoder().decode(token[1]), UTF_8);
    String content = token[0] + "." + base64(payload.replace("SHA-256", "MD5").getBytes(UTF_8));
    put(files, content, Algorithm.HS256.sign(content.getBytes(US_ASCII), secret()));

    assertRefused("with the hash MD5", files, TestKeys.SECRET.trust(""));
  }

  @Test
  void aDamagedSignatureFileMustBeRefused() {
    for (String json :
        List.of(
            "{}",
            "[]",
            "{\"signatures\":[]}",
            "{\"signatures\":[\"a.b.c\",\"a.b.c\"]}",
            "{\"signatures\":[\"a.b\"]}",
            "{\"signatures\":[\"!.!.!\"]}",
            "",
            "{\"signatures\":[7]}",
            "{\"plugin\":\"mine\",\"signatures\":[\"a.b.c\"]}")) {
      SortedMap<String, byte[]> files = signed(TestKeys.RSA, "");
      files.put(".signatures.json", json.getBytes(UTF_8));
      assertThrows(BundleException.class, () -> Bundle.read(files, TestKeys.RSA.trust("")), json);
    }
  }

  @Test
  void equalPoliciesMustGiveEqualBytesAndAnotherKeyNoOtherContent() throws BundleException {
    byte[] one = TestBundles.build(1, TestKeys.RSA.signer(""), TestBundles.policy("p", "/a"));
    assertArrayEquals(
        one, TestBundles.build(1, TestKeys.RSA.signer(""), TestBundles.policy("p", "/a")));
    assertEquals(
        Bundle.read(TestBundles.unpack(one), Trust.NONE).digest(),
        Bundle.read(signed(TestKeys.EC, ""), Trust.NONE).digest());
  }

  private interface Resign {
    byte[] apply(byte[] content) throws Exception;
  }

  private static SortedMap<String, byte[]> resigned(UnaryOperator<String> header, Resign sign)
      throws Exception {
    SortedMap<String, byte[]> files = signed(TestKeys.RSA, "");
    String[] token = token(files);
    String changed = header.apply(new String(Base64.getUrlDecoder().decode(token[0]), UTF_8));
    String content = base64(changed.getBytes(UTF_8)) + "." + token[1];
    put(files, content, sign.apply(content.getBytes(US_ASCII)));
    return files;
  }

  private static String[] token(SortedMap<String, byte[]> files) {
    return Json.MAPPER
        .readTree(files.get(".signatures.json"))
        .at("/signatures/0")
        .asString()
        .split("\\.");
  }

  private static void put(SortedMap<String, byte[]> files, String content, byte[] signature) {
    files.put(
        ".signatures.json",
        "{\"signatures\":[\"%s.%s\"]}".formatted(content, base64(signature)).getBytes(UTF_8));
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static SecretKeySpec secret() {
    return new SecretKeySpec(TestKeys.SECRET.signing().getBytes(UTF_8), "HmacSHA256");
  }

  private static TestKeys stranger(Algorithm algorithm) throws Exception {
    if (algorithm == Algorithm.HS256) {
      return new TestKeys(algorithm, "another secret that is as long as it must be", "");
    }
    KeyPairGenerator generator =
        KeyPairGenerator.getInstance(algorithm == Algorithm.RS256 ? "RSA" : "EC");
    generator.initialize(algorithm == Algorithm.RS256 ? 2048 : 256);
    return new TestKeys(
        algorithm,
        TestKeys.pem("PRIVATE KEY", generator.generateKeyPair().getPrivate().getEncoded()),
        "");
  }

  private static SortedMap<String, byte[]> signed(TestKeys keys, String scope) {
    return new TreeMap<>(
        TestBundles.unpack(
            TestBundles.build(1, keys.signer(scope), TestBundles.policy("p", "/a"))));
  }

  private static void assertRefused(String why, SortedMap<String, byte[]> files, Trust trust) {
    BundleException refused = assertThrows(BundleException.class, () -> Bundle.read(files, trust));
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }

  private static void assertKeyRefused(String why, String text, Algorithm algorithm) {
    BundleException refused =
        assertThrows(BundleException.class, () -> Keys.verifying(text, algorithm));
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }
}
