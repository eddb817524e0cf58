package dev.interdict.delivery;

/** A bundle could not be fetched. */
final class FetchException extends Exception {
  private static final long serialVersionUID = 1;

  private final int httpCode;

  /**
   * @param httpCode what the server answered; 0: it did not
   */
  FetchException(String message, int httpCode, Throwable cause) {
    super(message, cause);
    this.httpCode = httpCode;
  }

  int httpCode() {
    return httpCode;
  }
}
