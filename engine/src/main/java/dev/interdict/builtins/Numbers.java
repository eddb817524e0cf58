package dev.interdict.builtins;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Rego's numbers: {@link Long} where they are whole and fit, else {@link BigDecimal}. */
public final class Numbers {
  private Numbers() {}

  /**
   * Reads JSON's notation. A number written with a fraction or an exponent stays a {@link
   * BigDecimal}: {@code sprintf} shows the difference.
   *
   * @throws NumberFormatException if it is none
   */
  public static Object parse(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      return new BigDecimal(text);
    }
  }

  /** The canonical form. */
  static Object of(BigDecimal value) {
    // The exponent of an untrusted number can be huge: do not expand it.
    if (value.precision() - (long) value.scale() <= 19) {
      BigDecimal plain = value.stripTrailingZeros();
      if (plain.scale() <= 0) {
        BigInteger whole = plain.toBigInteger();
        if (whole.bitLength() < 64) {
          return whole.longValue();
        }
      }
    }
    return value;
  }

  /** Any number as a {@link BigDecimal}. */
  static BigDecimal decimal(Object number) {
    return number instanceof Long l ? BigDecimal.valueOf(l) : (BigDecimal) number;
  }
}
