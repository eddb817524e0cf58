package dev.interdict.event;

/**
 * By which of the names that policies mention a file is known, whatever its user's mounts and root
 * make of it: {@code enum names} of {@code verdict.h}. What the numbers stand for, the engine
 * knows.
 *
 * @param place number of the set of names that lead to the place where it stands; 0: none
 * @param file number of the set of names that lead to the file itself, if that is another; 0: none
 * @param foreign whether its path is, or may be, what somebody without privilege has arranged
 */
public record FileNames(int place, int file, boolean foreign) {
  /** {@code NAMES_FOREIGN}: in the upper half. */
  static final int FOREIGN_BIT = 1 << 30;

  /** A number is positive and below. */
  public static final int NUMBERS = FOREIGN_BIT;

  /** No policy mentions it. */
  public static final FileNames NONE = new FileNames(0, 0, false);

  /** From the form in which the kernel has it. */
  static FileNames of(long word) {
    if (word == 0) {
      return NONE;
    }
    int upper = (int) (word >>> 32);
    return new FileNames(upper & (NUMBERS - 1), (int) word, (upper & FOREIGN_BIT) != 0);
  }

  /** The form in which the kernel has it. */
  public long word() {
    return (long) (place | (foreign ? FOREIGN_BIT : 0)) << 32 | file;
  }
}
