package dev.interdict.builtins;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** {@code crypto.*} without certificates, {@code hex.*}, and what base64 the module lacks. */
final class DigestBuiltins {
  private DigestBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("crypto.md5", a -> digest("MD5", a));
    table.put("crypto.sha1", a -> digest("SHA-1", a));
    table.put("crypto.sha256", a -> digest("SHA-256", a));
    table.put("crypto.hmac.md5", a -> hmac("HmacMD5", a));
    table.put("crypto.hmac.sha1", a -> hmac("HmacSHA1", a));
    table.put("crypto.hmac.sha256", a -> hmac("HmacSHA256", a));
    table.put("crypto.hmac.sha512", a -> hmac("HmacSHA512", a));
    table.put("crypto.hmac.equal", a -> MessageDigest.isEqual(bytes(a[0]), bytes(a[1])));
    table.put("hex.encode", a -> HexFormat.of().formatHex(bytes(a[0])));
    table.put("hex.decode", DigestBuiltins::unhex);
    table.put(
        "base64url.encode_no_pad",
        a -> Base64.getUrlEncoder().withoutPadding().encodeToString(bytes(a[0])));
  }

  private static byte[] bytes(Object value) throws BuiltinException {
    return Rego.string(value).getBytes(UTF_8);
  }

  private static String digest(String algorithm, Object[] a) throws BuiltinException {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes(a[0])));
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java has " + algorithm, e);
    }
  }

  private static String hmac(String algorithm, Object[] a) throws BuiltinException {
    byte[] key = bytes(a[1]);
    try {
      Mac mac = Mac.getInstance(algorithm);
      // Java refuses an empty key; HMAC pads keys with zeros, so this is the same one.
      mac.init(new SecretKeySpec(key.length == 0 ? new byte[1] : key, algorithm));
      return HexFormat.of().formatHex(mac.doFinal(bytes(a[0])));
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java has " + algorithm, e);
    }
  }

  private static String unhex(Object[] a) throws BuiltinException {
    try {
      return new String(HexFormat.of().parseHex(Rego.string(a[0]).toLowerCase(Locale.ROOT)), UTF_8);
    } catch (IllegalArgumentException e) {
      throw new BuiltinException("hex.decode: not hexadecimal");
    }
  }
}
