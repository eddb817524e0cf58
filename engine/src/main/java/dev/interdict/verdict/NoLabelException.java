package dev.interdict.verdict;

/** All labels of the host are given out; the message names who holds them. */
public final class NoLabelException extends RuntimeException {
  private static final long serialVersionUID = 1;

  NoLabelException(String message) {
    super(message);
  }
}
