package dev.interdict.eval;

/** Bytes that are not a policy this engine can evaluate. Nothing was loaded. */
public final class InvalidModuleException extends Exception {
  InvalidModuleException(String policy, String message) {
    super("policy " + policy + ": " + message);
  }

  InvalidModuleException(String policy, String message, Throwable cause) {
    super("policy " + policy + ": " + message, cause);
  }
}
