package dev.interdict.eval;

/**
 * A policy did not answer about one event. The policy has not decided: its fallback answers. The
 * evaluator that threw it can be used again; other policies are not touched.
 */
public final class EvaluationException extends Exception {

  /** What went wrong. */
  public enum Kind {
    /** It used more time than an evaluation may. */
    TIMEOUT,
    /** It wanted more memory than an evaluation may have. */
    MEMORY,
    /** The module did what WebAssembly forbids, or recursed too deeply. */
    TRAP,
    /** What it returned is no decision, or too large for one. */
    RESULT,
    /** The module's own runtime gave up. */
    ABORT,
    /** Not tried: its decisions do not keep, and as many as it may make in a second were made. */
    RATE,
    /** Not tried: the record speaks of names that only an earlier engine knew. */
    NAMES,
    /** Not tried: as much time as its failures may take is used up, see {@link Patience}. */
    SUSPENDED
  }

  private final Kind kind;
  private final String policy;

  EvaluationException(Kind kind, String policy, String message, Throwable cause) {
    super("policy " + policy + ": " + message, cause);
    this.kind = kind;
    this.policy = policy;
  }

  /** What went wrong. */
  public Kind kind() {
    return kind;
  }

  /**
   * Whether the next attempt may answer: processors are shared, and what is new is slow. Of a
   * policy that can answer within its limits, such a failure says nothing.
   */
  public boolean isOfLimits() {
    return switch (kind) {
      case TIMEOUT, MEMORY -> true;
      case TRAP, RESULT, ABORT, RATE, NAMES, SUSPENDED -> false;
    };
  }

  /** Name of the policy. */
  public String policy() {
    return policy;
  }
}
