package dev.interdict.event;

/**
 * What is unusual about the object; {@code enum object_flag} in {@code verdict.h}, a set of bits.
 */
public enum ObjectFlag {
  /** The name is gone: unlinked, or memory-backed. */
  DELETED,
  /** Not below the root of the caller. */
  UNREACHABLE,
  /** The path could not be built; it is empty. */
  PATH_UNKNOWN,
  /** A packet that is part of a larger one. */
  FRAGMENT,
  /** A packet whose headers could not be read to the end. */
  UNPARSED,
  /** A socket that may send elsewhere than to its address. */
  DETOUR;

  /** This flag as a bit of {@code verdict_key.flags}. */
  public int bit() {
    return 1 << ordinal();
  }

  /** Whether {@code bits} holds this flag. */
  public boolean in(int bits) {
    return (bits & bit()) != 0;
  }
}
