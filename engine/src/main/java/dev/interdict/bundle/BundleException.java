package dev.interdict.bundle;

/** A bundle cannot be used; nothing was changed. The message says what is wrong with which file. */
public final class BundleException extends Exception {
  private static final long serialVersionUID = 1;

  public BundleException(String message) {
    super(message);
  }

  public BundleException(String message, Throwable cause) {
    super(message, cause);
  }
}
