package dev.interdict.control;

/** No policy has the name. */
public final class NoSuchPolicyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public NoSuchPolicyException(String name) {
    super("no policy is named \"" + name + "\"");
  }
}
