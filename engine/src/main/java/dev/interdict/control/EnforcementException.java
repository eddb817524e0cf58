package dev.interdict.control;

/** The kernel side refused a change; what was in force before still is. */
public final class EnforcementException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public EnforcementException(String message, Throwable cause) {
    super(message, cause);
  }
}
