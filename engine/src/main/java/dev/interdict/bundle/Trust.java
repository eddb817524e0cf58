package dev.interdict.bundle;

import java.security.Key;
import java.util.Map;

/**
 * Whose bundles a source may bring.
 *
 * @param keys by id
 * @param keyId the one key that counts; null: any of {@code keys}
 * @param scope what the signature must say; empty: that it says none
 */
public record Trust(Map<String, TrustedKey> keys, String keyId, String scope) {
  /** Nobody's in particular: nothing is verified. */
  public static final Trust NONE = new Trust(Map.of(), null, "");

  /** A key, and the only algorithm that it verifies. */
  public record TrustedKey(Algorithm algorithm, Key key) {}

  public Trust {
    keys = Map.copyOf(keys);
  }

  /** Whether bundles must be signed. */
  public boolean required() {
    return !keys.isEmpty();
  }
}
