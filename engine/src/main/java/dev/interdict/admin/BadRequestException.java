package dev.interdict.admin;

/** A request that no client should have sent. */
final class BadRequestException extends RuntimeException {
  private static final long serialVersionUID = 1;

  BadRequestException(String message) {
    super(message);
  }
}
