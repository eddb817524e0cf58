package dev.interdict.bundle;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.Map;

/** Keys made for one run of the tests, as the texts that people keep in files. */
public record TestKeys(Algorithm algorithm, String signing, String verifying) {
  public static final TestKeys RSA = pair(Algorithm.RS256);
  public static final TestKeys EC = pair(Algorithm.ES256);
  public static final TestKeys SECRET =
      new TestKeys(
          Algorithm.HS256,
          "a secret of the tests, 32 bytes or more",
          "a secret of the tests, 32 bytes or more");

  private static TestKeys pair(Algorithm algorithm) {
    try {
      boolean rsa = algorithm == Algorithm.RS256;
      KeyPairGenerator generator = KeyPairGenerator.getInstance(rsa ? "RSA" : "EC");
      if (rsa) {
        generator.initialize(2048);
      } else {
        generator.initialize(new ECGenParameterSpec("secp256r1"));
      }
      KeyPair pair = generator.generateKeyPair();
      return new TestKeys(
          algorithm,
          pem("PRIVATE KEY", pair.getPrivate().getEncoded()),
          pem("PUBLIC KEY", pair.getPublic().getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static String pem(String kind, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(
            kind,
            Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(der),
            kind);
  }

  /** Signs with the key id {@code prod}. */
  public Signer signer(String scope) {
    try {
      return new Signer(algorithm, Keys.signing(signing, algorithm), "prod", scope);
    } catch (BundleException e) {
      throw new AssertionError(e);
    }
  }

  /** Trusts this key as {@code prod}, and no other. */
  public Trust trust(String scope) {
    try {
      return new Trust(
          Map.of("prod", new Trust.TrustedKey(algorithm, Keys.verifying(verifying, algorithm))),
          "prod",
          scope);
    } catch (BundleException e) {
      throw new AssertionError(e);
    }
  }
}
