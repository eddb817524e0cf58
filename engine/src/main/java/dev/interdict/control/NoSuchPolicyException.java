package dev.interdict.control;

/** No policy has the name, or it has no candidate. */
public final class NoSuchPolicyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean candidate;

  public NoSuchPolicyException(String name) {
    this("no policy is named \"" + name + "\"", false);
  }

  private NoSuchPolicyException(String message, boolean candidate) {
    super(message);
    this.candidate = candidate;
  }

  /** There is no candidate of this name. */
  static NoSuchPolicyException ofCandidate(String name) {
    return new NoSuchPolicyException("there is no candidate of \"" + name + "\"", true);
  }

  /** Whether a candidate was asked for. */
  public boolean isCandidate() {
    return candidate;
  }
}
