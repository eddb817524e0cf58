package dev.interdict.event;

/** Bytes of a ring that are no record of this version. They are skipped and counted. */
public final class RecordException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public RecordException(String message) {
    // Without a stack trace: whoever can produce such records could produce many.
    super(message, null, false, false);
  }
}
