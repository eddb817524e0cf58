package dev.interdict.engine;

/** An engine can no longer do its work. What was enforced still is; a new engine takes over. */
public final class EngineLostException extends RuntimeException {
  private static final long serialVersionUID = 1;

  EngineLostException(String why) {
    super(why);
  }
}
