package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code time.*} except the clock: nanoseconds since 1970 that the policy brings itself. */
final class TimeBuiltins {
  private static final long NANOS = 1_000_000_000L;

  private static final Pattern RFC3339 =
      Pattern.compile(
          "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?"
              + "(?:Z|[+-][0-9]{2}:[0-9]{2})");

  private static final int DURATION_MAX = 1000;
  private static final Pattern DURATION = Pattern.compile("[+-]?(?:[0-9]*\\.?[0-9]*[a-zµμ]+)+");
  private static final Pattern SEGMENT = Pattern.compile("([0-9]*\\.?[0-9]*)([a-zµμ]+)");

  private static final Map<String, Long> UNITS =
      Map.ofEntries(
          Map.entry("ns", 1L),
          Map.entry("us", 1_000L),
          Map.entry("µs", 1_000L),
          Map.entry("μs", 1_000L),
          Map.entry("ms", 1_000_000L),
          Map.entry("s", NANOS),
          Map.entry("m", 60 * NANOS),
          Map.entry("h", 3600 * NANOS),
          Map.entry("d", 24 * 3600 * NANOS),
          Map.entry("w", 7 * 24 * 3600 * NANOS),
          Map.entry("y", 365 * 24 * 3600 * NANOS));

  /** Layouts that Go has names for. */
  private static final Map<String, String> LAYOUTS =
      Map.ofEntries(
          Map.entry("ANSIC", "Mon Jan _2 15:04:05 2006"),
          Map.entry("UnixDate", "Mon Jan _2 15:04:05 MST 2006"),
          Map.entry("RubyDate", "Mon Jan 02 15:04:05 -0700 2006"),
          Map.entry("RFC822", "02 Jan 06 15:04 MST"),
          Map.entry("RFC822Z", "02 Jan 06 15:04 -0700"),
          Map.entry("RFC850", "Monday, 02-Jan-06 15:04:05 MST"),
          Map.entry("RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"),
          Map.entry("RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"),
          Map.entry("RFC3339", "2006-01-02T15:04:05Z07:00"),
          Map.entry("RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"));

  private TimeBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("time.parse_rfc3339_ns", a -> parseRfc3339(Rego.string(a[0])));
    table.put("time.parse_duration_ns", a -> duration(Rego.string(a[0])));
    table.put("time.parse_ns", a -> parse(Rego.string(a[0]), Rego.string(a[1])));
    table.put("time.format", a -> format(a[0]));
    table.put("time.date", a -> date(time(a[0])));
    table.put("time.clock", a -> clock(time(a[0])));
    table.put(
        "time.weekday",
        a -> time(a[0]).getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
    table.put("time.add_date", TimeBuiltins::addDate);
    table.put("time.diff", a -> diff(time(a[0]), time(a[1])));
  }

  private static Object parseRfc3339(String text) throws BuiltinException {
    if (!RFC3339.matcher(text).matches()) {
      throw new BuiltinException("time.parse_rfc3339_ns: not of this form");
    }
    try {
      String plain = text.replace(',', '.').replaceFirst("(\\.[0-9]{9})[0-9]+", "$1");
      return nanos(OffsetDateTime.parse(plain).toInstant());
    } catch (DateTimeException e) {
      throw new BuiltinException("time.parse_rfc3339_ns: no such time");
    }
  }

  private static Object parse(String layout, String text) throws BuiltinException {
    return nanos(GoTimeReader.read(LAYOUTS.getOrDefault(layout, layout), text));
  }

  private static Object format(Object value) throws BuiltinException {
    boolean hasLayout = value instanceof List<?> list && list.size() > 2;
    String layout = hasLayout ? Rego.string(((List<?>) value).get(2)) : "";
    return GoTimeWriter.write(
        time(value), LAYOUTS.getOrDefault(layout.isEmpty() ? "RFC3339Nano" : layout, layout));
  }

  private static long nanos(Instant instant) throws BuiltinException {
    try {
      // In one step the earliest seconds would overflow before the fraction is added.
      BigInteger ns =
          BigInteger.valueOf(instant.getEpochSecond())
              .multiply(BigInteger.valueOf(NANOS))
              .add(BigInteger.valueOf(instant.getNano()));
      return ns.longValueExact();
    } catch (ArithmeticException e) {
      throw new BuiltinException("time outside of valid range");
    }
  }

  /* Nanoseconds, or an array of nanoseconds, time zone and more. */
  private static ZonedDateTime time(Object value) throws BuiltinException {
    Object ns = value;
    ZoneId zone = ZoneOffset.UTC;
    if (value instanceof List<?> list) {
      if (list.isEmpty()) {
        throw new BuiltinException("time: empty array");
      }
      ns = list.getFirst();
      if (list.size() > 1) {
        zone = zone(Rego.string(list.get(1)));
      }
    }
    long nanos = Rego.whole(ns);
    return Instant.ofEpochSecond(Math.floorDiv(nanos, NANOS), Math.floorMod(nanos, NANOS))
        .atZone(zone);
  }

  private static ZoneId zone(String name) throws BuiltinException {
    if (name.isEmpty() || name.equals("UTC")) {
      return ZoneOffset.UTC;
    }
    // "Local" would make the answer depend on the host, and Java knows names that Go does not.
    if (!ZoneId.getAvailableZoneIds().contains(name)) {
      throw new BuiltinException("unknown time zone " + name);
    }
    return ZoneId.of(name);
  }

  private static Object date(ZonedDateTime time) {
    return List.of((long) time.getYear(), (long) time.getMonthValue(), (long) time.getDayOfMonth());
  }

  private static Object clock(ZonedDateTime time) {
    return List.of((long) time.getHour(), (long) time.getMinute(), (long) time.getSecond());
  }

  private static Object addDate(Object[] a) throws BuiltinException {
    ZonedDateTime time = time(a[0]);
    try {
      // As Go does it: the 31st of a shorter month is a day of the next one.
      LocalDate date =
          LocalDate.of(time.getYear(), time.getMonthValue(), 1)
              .plusYears(Rego.whole(a[1]))
              .plusMonths(Rego.whole(a[2]))
              .plusDays(Math.addExact(Rego.whole(a[3]), time.getDayOfMonth() - 1L));
      return nanos(ZonedDateTime.of(date, time.toLocalTime(), time.getZone()).toInstant());
    } catch (DateTimeException | ArithmeticException e) {
      throw new BuiltinException("time outside of valid range");
    }
  }

  private static Object diff(ZonedDateTime a, ZonedDateTime b) {
    ZonedDateTime second = b.withZoneSameInstant(a.getZone());
    ZonedDateTime from = a.isAfter(second) ? second : a;
    ZonedDateTime to = a.isAfter(second) ? a : second;
    long[] parts = {
      to.getYear() - from.getYear(),
      to.getMonthValue() - from.getMonthValue(),
      to.getDayOfMonth() - from.getDayOfMonth(),
      to.getHour() - from.getHour(),
      to.getMinute() - from.getMinute(),
      to.getSecond() - from.getSecond()
    };
    long[] carry = {0, 12, from.toLocalDate().lengthOfMonth(), 24, 60, 60};
    for (int i = parts.length - 1; i > 0; i--) {
      if (parts[i] < 0) {
        parts[i] += carry[i];
        parts[i - 1]--;
      }
    }
    return java.util.Arrays.stream(parts).<Object>mapToObj(part -> part).toList();
  }

  private static Object duration(String text) throws BuiltinException {
    if (text.matches("[+-]?0")) {
      return 0L;
    }
    if (text.length() > DURATION_MAX || !DURATION.matcher(text).matches()) { // it recurses
      throw new BuiltinException("time.parse_duration_ns: no duration");
    }
    BigInteger sum = BigInteger.ZERO;
    Matcher segment = SEGMENT.matcher(text);
    while (segment.find()) {
      Long unit = UNITS.get(segment.group(2));
      String digits = segment.group(1);
      if (unit == null || digits.isEmpty() || digits.equals(".") || digits.length() > 40) {
        throw new BuiltinException("time.parse_duration_ns: no duration");
      }
      sum = sum.add(new BigDecimal(digits).multiply(BigDecimal.valueOf(unit)).toBigInteger());
    }
    if (sum.bitLength() > 63) {
      throw new BuiltinException("time.parse_duration_ns: too long");
    }
    return text.startsWith("-") ? -sum.longValue() : sum.longValue();
  }
}
