package dev.interdict.builtins;

/**
 * A function of Rego that the host computes. Pure: the same arguments, and for a few the same
 * moment, give the same result. Bounded in time and memory by the size of its arguments.
 *
 * <p>Values are {@link Boolean}, {@link Long} or {@link java.math.BigDecimal}, {@link String},
 * {@link java.util.List}, {@link java.util.Map}, {@link java.util.Set} and {@link Rego.Null}.
 */
@FunctionalInterface
public interface Builtin {

  /**
   * Computes it.
   *
   * @return the result, or null if it is undefined for these arguments
   * @throws BuiltinException if the arguments are not of the function's domain: undefined, too
   */
  Object apply(Object[] arguments) throws BuiltinException;

  /** The same where the answer also rests on the moment of the evaluation, which most do not. */
  default Object apply(Object[] arguments, Moment moment) throws BuiltinException {
    return apply(arguments);
  }

  /** The thread was interrupted, for the policy's time is over, while a builtin worked. */
  final class Interrupted extends RuntimeException {
    private static final long serialVersionUID = 1;

    Interrupted() {
      super("interrupted in a builtin", null, false, false);
    }
  }

  /** The arguments are not of the function's domain; Rego sees an undefined result. */
  final class BuiltinException extends Exception {
    BuiltinException(String message) {
      super(message, null, false, false);
    }
  }
}
