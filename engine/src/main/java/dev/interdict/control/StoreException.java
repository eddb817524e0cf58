package dev.interdict.control;

/** The state directory cannot be read or written. */
public final class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public StoreException(String message, Exception cause) {
    super(cause == null ? message : message + ": " + cause, cause);
  }
}
