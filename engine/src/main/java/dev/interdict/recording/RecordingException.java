package dev.interdict.recording;

/** A recording cannot be made, read or kept: what was tried, on what, why not, and what to do. */
public final class RecordingException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public RecordingException(String message) {
    super(message);
  }

  public RecordingException(String message, Throwable cause) {
    super(message, cause);
  }
}
