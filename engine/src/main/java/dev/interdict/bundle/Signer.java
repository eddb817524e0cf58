package dev.interdict.bundle;

import java.security.Key;

/**
 * Who signs a bundle.
 *
 * @param key for {@code algorithm}, as {@link Keys#signing} gives it
 * @param keyId by which those who verify find their key
 * @param scope what the bundle is for; empty: nothing is said
 */
public record Signer(Algorithm algorithm, Key key, String keyId, String scope) {}
