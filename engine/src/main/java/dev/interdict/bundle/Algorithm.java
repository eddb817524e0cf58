package dev.interdict.bundle;

import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import javax.crypto.Mac;
import javax.crypto.SecretKey;

/**
 * How bundles are signed (RFC 7518). The JDK has all three; a JOSE library would add a hundred ways
 * to say how a token wants to be verified, and it is exactly the token that must not say.
 */
public enum Algorithm {
  HS256("HmacSHA256"),
  RS256("SHA256withRSA"),
  ES256("SHA256withECDSAinP1363Format");

  /** RFC 7518, 3.2: no shorter than the hash. */
  static final int MIN_SECRET_BYTES = 32;

  /** RFC 7518, 3.3. */
  private static final int MIN_RSA_BITS = 2048;

  private static final int P256_BITS = 256;

  private final String jca;

  Algorithm(String jca) {
    this.jca = jca;
  }

  /** Why {@code key} cannot be used with this algorithm; null: it can. */
  String unfit(Key key) {
    return switch (this) {
      case HS256 ->
          key instanceof SecretKey secret
              ? secret.getEncoded().length < MIN_SECRET_BYTES
                  ? "the secret has less than " + MIN_SECRET_BYTES + " bytes"
                  : null
              : "HS256 needs a secret";
      case RS256 ->
          key instanceof RSAKey rsa
              ? rsa.getModulus().bitLength() < MIN_RSA_BITS
                  ? "the RSA key has less than " + MIN_RSA_BITS + " bits"
                  : null
              : "RS256 needs an RSA key";
      case ES256 ->
          key instanceof ECKey ec
                  && ec.getParams().getCurve().getField().getFieldSize() == P256_BITS
              ? null
              : "ES256 needs an elliptic curve key on P-256";
    };
  }

  byte[] sign(byte[] content, Key key) throws GeneralSecurityException {
    if (this == HS256) {
      return mac(content, key);
    }
    Signature signature = Signature.getInstance(jca);
    signature.initSign((PrivateKey) key);
    signature.update(content);
    return signature.sign();
  }

  boolean verify(byte[] content, byte[] signature, Key key) throws GeneralSecurityException {
    if (this == HS256) {
      return MessageDigest.isEqual(mac(content, key), signature);
    }
    Signature verifier = Signature.getInstance(jca);
    verifier.initVerify((PublicKey) key);
    verifier.update(content);
    return verifier.verify(signature);
  }

  private byte[] mac(byte[] content, Key key) throws GeneralSecurityException {
    Mac mac = Mac.getInstance(jca);
    mac.init(key);
    return mac.doFinal(content);
  }
}
