package dev.interdict.event;

/** {@code enum record_flag} in {@code event.h}, a set of bits. */
public enum RecordFlag {
  /** The task waits for the decision. */
  HELD,
  /** The answer is a refusal. */
  REFUSED,
  /** There was no verdict; a fallback answered. */
  FALLBACK,
  /** By a 32-bit system call. */
  COMPAT,
  /** By io_uring. */
  IO_URING,
  /** With this subject a budget is used up. */
  BUDGET,
  /** Of a question: the kernel tells of the attempt in a record of its own. */
  TOLD,
  /** Of a question: the attempt has had one before, while it waited. */
  AGAIN;

  /** This flag as a bit of {@code record_header.flags}. */
  public int bit() {
    return 1 << ordinal();
  }

  /** Whether {@code bits} holds this flag. */
  public boolean in(int bits) {
    return (bits & bit()) != 0;
  }
}
