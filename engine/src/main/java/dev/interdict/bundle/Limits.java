package dev.interdict.bundle;

/**
 * What a bundle may have before anything of it is believed: it comes from outside, and its
 * signature can only be verified after it was unpacked.
 *
 * @param packed bytes of the archive
 * @param unpacked bytes of all files together, and of the tar stream that carries them
 * @param files their number
 * @param depth folders above a file
 */
public record Limits(int packed, int unpacked, int files, int depth) {
  /**
   * 256 policies, each with some files and lists; what it takes in memory stays well below the heap
   * of an engine.
   */
  public static final Limits DEFAULT = new Limits(16 << 20, 32 << 20, 2_000, 8);

  /** OPA's own names are shorter, and so is everything the tar header can carry. */
  static final int NAME_BYTES = 255;
}
