package dev.interdict.builtins;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** {@code strconv.FormatFloat} of Go, for numbers that are not negative. */
final class GoFloat {
  private GoFloat() {}

  /** Format {@code f}. */
  static String fixed(BigDecimal value, int places) {
    return value.setScale(places, RoundingMode.HALF_EVEN).toPlainString();
  }

  /** Format {@code e}: the exponent has two digits at least. */
  static String exponent(BigDecimal value, int places) {
    BigDecimal rounded = value.round(new MathContext(places + 1, RoundingMode.HALF_EVEN));
    String digits = rounded.unscaledValue().toString();
    int exponent = value.signum() == 0 ? 0 : digits.length() - 1 - rounded.scale();
    StringBuilder all = new StringBuilder(value.signum() == 0 ? "0" : digits);
    while (all.length() < places + 1) {
      all.append('0');
    }
    all.setLength(places + 1);
    if (places > 0) {
      all.insert(1, '.');
    }
    return all.append(suffix(exponent)).toString();
  }

  /** Format {@code g}; a negative precision stands for the digits that {@code value} has. */
  static String general(BigDecimal value, int precision) {
    BigDecimal rounded =
        precision < 0
            ? value
            : value.round(new MathContext(Math.max(1, precision), RoundingMode.HALF_EVEN));
    if (rounded.signum() == 0) {
      return "0";
    }
    BigDecimal stripped = rounded.stripTrailingZeros();
    int digits = stripped.precision();
    int exponent = digits - 1 - stripped.scale();
    int most = precision < 0 ? 6 : Math.max(1, precision);
    if (precision >= 0 && most > digits && digits >= exponent + 1) {
      most = digits;
    }
    return exponent < -4 || exponent >= most
        ? exponent(stripped, digits - 1)
        : stripped.toPlainString();
  }

  private static String suffix(int exponent) {
    int size = Math.abs(exponent);
    return "e" + (exponent < 0 ? '-' : '+') + (size < 10 ? "0" : "") + size;
  }
}
