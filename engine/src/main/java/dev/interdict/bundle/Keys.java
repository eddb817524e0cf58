package dev.interdict.bundle;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.spec.SecretKeySpec;

/** Keys from their text: PEM, or a secret as it is. */
public final class Keys {
  private static final Pattern PEM =
      Pattern.compile("-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");

  private Keys() {}

  /**
   * The key that verifies.
   *
   * @param text a secret for HS256; else PEM with a public key or a certificate
   * @throws BundleException if it is no key, or none for {@code algorithm}
   */
  public static Key verifying(String text, Algorithm algorithm) throws BundleException {
    return algorithm == Algorithm.HS256 ? secret(text) : pem(text, algorithm, false);
  }

  /**
   * The key that signs.
   *
   * @param text a secret for HS256; else PEM with a private key in PKCS#8
   * @throws BundleException if it is no key, or none for {@code algorithm}
   */
  public static Key signing(String text, Algorithm algorithm) throws BundleException {
    return algorithm == Algorithm.HS256 ? secret(text) : pem(text, algorithm, true);
  }

  private static Key secret(String text) throws BundleException {
    if (text.contains("-----BEGIN")) {
      // Everybody may have a public key: as a secret it would let everybody sign.
      throw new BundleException("HS256 needs a secret, and this is a PEM key; use RS256 or ES256");
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return checked(
        new SecretKeySpec(bytes.length == 0 ? new byte[1] : bytes, "HmacSHA256"), Algorithm.HS256);
  }

  private static Key pem(String text, Algorithm algorithm, boolean signing) throws BundleException {
    Matcher pem = PEM.matcher(text);
    if (!pem.find()) {
      throw new BundleException(algorithm + " needs a key in PEM (-----BEGIN ...)");
    }
    String kind = pem.group(1);
    try {
      byte[] der = Base64.getMimeDecoder().decode(pem.group(2));
      KeyFactory factory = KeyFactory.getInstance(algorithm == Algorithm.RS256 ? "RSA" : "EC");
      if (signing && kind.equals("PRIVATE KEY")) {
        return checked(factory.generatePrivate(new PKCS8EncodedKeySpec(der)), algorithm);
      }
      if (!signing && kind.equals("PUBLIC KEY")) {
        return checked(factory.generatePublic(new X509EncodedKeySpec(der)), algorithm);
      }
      if (!signing && kind.equals("CERTIFICATE")) {
        return checked(
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(der))
                .getPublicKey(),
            algorithm);
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new BundleException("the " + kind + " is no key for " + algorithm + ": " + e, e);
    }
    throw new BundleException(
        signing
            ? "a %s does not sign; PRIVATE KEY is needed: openssl pkcs8 -topk8 -nocrypt -in KEY"
                .formatted(kind)
            : "a %s does not verify; PUBLIC KEY or CERTIFICATE is needed: openssl pkey -in KEY -pubout"
                .formatted(kind));
  }

  private static Key checked(Key key, Algorithm algorithm) throws BundleException {
    String unfit = algorithm.unfit(key);
    if (unfit != null) {
      throw new BundleException(unfit);
    }
    return key;
  }
}
