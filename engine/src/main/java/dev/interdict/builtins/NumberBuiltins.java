package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code units.*}, {@code semver.*} and {@code numbers.range_step}. */
final class NumberBuiltins {
  /** OPA takes the binary fraction that is nearest to a thousandth. */
  private static final BigDecimal MILLI =
      new BigDecimal("0.001000000000000000020816681711721685132943093776702880859375");

  private static final int RANGE_MAX = 100_000;
  private static final int QUANTITY_MAX = 1000;

  /* An e that is followed by neither digit nor sign is the unit exa. */
  private static final Pattern QUANTITY =
      Pattern.compile(
          "((?:[0-9.+-]|[eE](?=[0-9+-])[+-]?[0-9]{0,6}+(?![0-9]))*)(.*)", Pattern.DOTALL);

  private static final Pattern AMOUNT =
      Pattern.compile("[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?");

  private static final List<String> PREFIXES = List.of("", "k", "m", "g", "t", "p", "e");

  private NumberBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("units.parse", a -> units(Rego.string(a[0])));
    table.put("units.parse_bytes", a -> bytes(Rego.string(a[0])));
    table.put("semver.is_valid", a -> a[0] instanceof String s && SemVer.parse(s) != null);
    table.put("semver.compare", a -> (long) semVer(a[0]).compareTo(semVer(a[1])));
    table.put("numbers.range_step", NumberBuiltins::rangeStep);
  }

  private static Object bytes(String text) throws BuiltinException {
    String plain = text.toLowerCase(Locale.ROOT).replace("\"", "");
    Matcher quantity = split(plain);
    String unit = quantity.group(2);
    BigDecimal factor = factor(unit.endsWith("b") ? unit.substring(0, unit.length() - 1) : unit);
    if (factor == null || unit.equals("b") || unit.equals("ib")) {
      throw new BuiltinException("units.parse_bytes: unknown unit " + unit);
    }
    return Numbers.of(new BigDecimal(amount(quantity.group(1)).multiply(factor).toBigInteger()));
  }

  private static Object units(String text) throws BuiltinException {
    Matcher quantity = split(text.replace("\"", ""));
    String unit = quantity.group(2);
    String lower =
        unit.length() > 1 ? unit.charAt(0) + unit.substring(1).toLowerCase(Locale.ROOT) : unit;
    BigDecimal factor = lower.equals("m") ? MILLI : factor(lower.toLowerCase(Locale.ROOT));
    if (factor == null) {
      throw new BuiltinException("units.parse: unknown unit " + unit);
    }
    BigDecimal value = amount(quantity.group(1)).multiply(factor);
    BigDecimal plain = value.stripTrailingZeros();
    return plain.scale() <= 0
        ? Numbers.of(new BigDecimal(plain.toBigInteger()))
        : value.setScale(10, RoundingMode.HALF_UP);
  }

  private static Matcher split(String text) throws BuiltinException {
    Matcher quantity = QUANTITY.matcher(text);
    // The pattern recurses for each character.
    if (text.length() > QUANTITY_MAX
        || text.contains(" ")
        || !quantity.matches()
        || quantity.group(1).isEmpty()) {
      throw new BuiltinException("units: no amount");
    }
    return quantity;
  }

  private static BigDecimal amount(String text) throws BuiltinException {
    if (!AMOUNT.matcher(text).matches()) {
      throw new BuiltinException("units: no number");
    }
    BigDecimal amount = new BigDecimal(text);
    // 1e999999 has a million digits when it is written out.
    if (Math.abs((long) amount.scale()) > 1000) {
      throw new BuiltinException("units: exponent too large");
    }
    return amount;
  }

  /* k is a thousand, ki 1024, and so on up to e and ei. */
  private static BigDecimal factor(String unit) {
    boolean binary = unit.length() == 2 && unit.endsWith("i");
    int power = PREFIXES.indexOf(binary ? unit.substring(0, 1) : unit);
    if (power < 0) {
      return null;
    }
    return new BigDecimal(BigInteger.valueOf(binary ? 1024 : 1000).pow(power));
  }

  private static SemVer semVer(Object value) throws BuiltinException {
    SemVer version = SemVer.parse(Rego.string(value));
    if (version == null) {
      throw new BuiltinException("semver.compare: not a version");
    }
    return version;
  }

  private static Object rangeStep(Object[] a) throws BuiltinException {
    try {
      return range(a);
    } catch (ArithmeticException e) {
      throw new BuiltinException("numbers.range_step: too far apart");
    }
  }

  private static Object range(Object[] a) throws BuiltinException {
    long from = Rego.whole(a[0]);
    long to = Rego.whole(a[1]);
    BigDecimal wide = Rego.number(a[2]);
    if (wide.signum() <= 0 || wide.stripTrailingZeros().scale() > 0) {
      throw new BuiltinException("numbers.range_step: step must be a positive whole number");
    }
    long step = wide.min(BigDecimal.valueOf(Long.MAX_VALUE)).longValue();
    long distance = Math.absExact(Math.subtractExact(to, from));
    if (distance / step >= RANGE_MAX) {
      throw new BuiltinException("numbers.range_step: more than " + RANGE_MAX + " numbers");
    }
    List<Object> range = new ArrayList<>();
    for (long n = 0; n <= distance / step; n++) {
      range.add(from <= to ? from + n * step : from - n * step);
    }
    return range;
  }
}
