package dev.interdict.control;

import java.time.Instant;

/**
 * What a source brought last, remembered over restarts.
 *
 * @param revision as its maker calls it; may be empty
 * @param serial nothing below it is accepted any more; -1: anything is
 * @param digest of its content
 */
public record BundleMark(String revision, long serial, String digest, Instant activated) {
  /** The next bundle is taken whatever its serial. */
  BundleMark withoutFloor() {
    return new BundleMark(revision, -1, digest, activated);
  }

  /** Whether both say the same of a bundle, whenever it came. */
  boolean sameAs(BundleMark other) {
    return serial == other.serial && revision.equals(other.revision) && digest.equals(other.digest);
  }
}
