package dev.interdict.control;

/** A policy could not be built for a reason that is not in its sources. */
public final class BuildException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public BuildException(String message, Throwable cause) {
    super(message, cause);
  }
}
