package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import dev.interdict.builtins.GoLayout.Element;
import dev.interdict.builtins.GoLayout.Piece;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.Month;
import java.time.ZoneOffset;
import java.time.format.TextStyle;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * {@code time.Parse} of Go where local time is UTC: an answer must not depend on the host's zone.
 * For one text.
 */
final class GoTimeReader {
  private static final Pattern ZONE =
      Pattern.compile(
          "ChST|MeST|GMT(?:[+-](?:0*(?:[0-9]|1[0-9]|2[0-3]))(?![0-9]))?"
              + "|[+-]0*(?:[0-9]|1[0-9]|2[0-3])(?![0-9])"
              + "|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z])");

  private static final List<String> MONTHS = names(TextStyle.FULL, true);
  private static final List<String> SHORT_MONTHS = names(TextStyle.SHORT, true);
  private static final List<String> DAYS = names(TextStyle.FULL, false);
  private static final List<String> SHORT_DAYS = names(TextStyle.SHORT, false);

  private final String text;
  private int at;

  private int year;
  private int month = -1;
  private int day = -1;
  private int yearDay = -1;
  private int hour;
  private int minute;
  private int second;
  private int nanos;
  private int offset;
  private String half = "";

  private GoTimeReader(String text) {
    this.text = text;
  }

  /** The instant that {@code text} means. */
  static Instant read(String layout, String text) throws BuiltinException {
    return new GoTimeReader(text).read(GoLayout.pieces(layout));
  }

  private static List<String> names(TextStyle style, boolean months) {
    return months
        ? Stream.of(Month.values()).map(m -> m.getDisplayName(style, Locale.ENGLISH)).toList()
        : Stream.of(java.time.DayOfWeek.values())
            .map(d -> d.getDisplayName(style, Locale.ENGLISH))
            .toList();
  }

  private Instant read(List<Piece> pieces) throws BuiltinException {
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      Element element = piece.element();
      if (element.isOffset()) {
        offset(element);
      } else if (element.isFraction()) {
        fraction(piece);
      } else {
        field(piece);
      }
      boolean fractionFollows = i + 1 < pieces.size() && next(pieces, i).isFraction();
      boolean seconds = element == Element.SECOND || element == Element.ZERO_SECOND;
      if (seconds && !fractionFollows && startsFraction()) {
        nanos(digitsFrom(at + 1));
      }
    }
    require(at == text.length());
    return instant();
  }

  /* The next field; what stands between does not matter to Go either. */
  private static Element next(List<Piece> pieces, int i) {
    boolean literal = pieces.get(i + 1).element() == Element.LITERAL && i + 2 < pieces.size();
    return pieces.get(literal ? i + 2 : i + 1).element();
  }

  private Instant instant() throws BuiltinException {
    if (half.equals("PM") && hour < 12) {
      hour += 12;
    } else if (half.equals("AM") && hour == 12) {
      hour = 0;
    }
    try {
      LocalDate date = date();
      return date.atTime(LocalTime.of(hour, minute, second, nanos))
          .toInstant(ZoneOffset.UTC)
          .minusSeconds(offset);
    } catch (DateTimeException e) {
      throw bad();
    }
  }

  private LocalDate date() throws BuiltinException {
    if (yearDay < 0) {
      return LocalDate.of(year, month < 0 ? 1 : month, day < 0 ? 1 : day);
    }
    LocalDate date = LocalDate.ofYearDay(year, yearDay);
    require(month < 0 || month == date.getMonthValue());
    require(day < 0 || day == date.getDayOfMonth());
    return date;
  }

  private void field(Piece piece) throws BuiltinException {
    Element element = piece.element();
    switch (element) {
      case YEAR -> year = shortYear();
      case LONG_YEAR -> year = exactly(4);
      case MONTH -> month = 1 + name(SHORT_MONTHS);
      case LONG_MONTH -> month = 1 + name(MONTHS);
      case NUMBER_MONTH, ZERO_MONTH -> {
        month = number(element == Element.ZERO_MONTH);
        require(month >= 1 && month <= 12);
      }
      case WEEKDAY -> name(SHORT_DAYS);
      case LONG_WEEKDAY -> name(DAYS);
      case DAY -> day = number(false);
      case ZERO_DAY -> day = number(true);
      case UNDER_DAY -> {
        skipSpaces(1);
        day = number(false);
      }
      case UNDER_YEAR_DAY, ZERO_YEAR_DAY -> {
        skipSpaces(element == Element.UNDER_YEAR_DAY ? 2 : 0);
        yearDay = yearDay(element == Element.ZERO_YEAR_DAY);
      }
      case HOUR -> hour = below(24, number(false));
      case HOUR12, ZERO_HOUR12 -> hour = below(13, number(element == Element.ZERO_HOUR12));
      case MINUTE, ZERO_MINUTE -> minute = below(60, number(element == Element.ZERO_MINUTE));
      case SECOND, ZERO_SECOND -> second = below(60, number(element == Element.ZERO_SECOND));
      case UPPER_PM -> half("AM", "PM");
      case LOWER_PM -> half("am", "pm");
      case ZONE -> zone();
      default -> literal(piece.text());
    }
  }

  /* Runs of spaces are all one to Go. */
  private void literal(String literal) throws BuiltinException {
    for (int i = 0; i < literal.length(); ) {
      if (literal.charAt(i) == ' ') {
        require(at == text.length() || text.charAt(at) == ' ');
        while (i < literal.length() && literal.charAt(i) == ' ') {
          i++;
        }
        skipSpaces(text.length());
      } else {
        require(at < text.length() && text.charAt(at) == literal.charAt(i));
        i++;
        at++;
      }
    }
  }

  private void skipSpaces(int most) {
    for (int i = 0; i < most && at < text.length() && text.charAt(at) == ' '; i++) {
      at++;
    }
  }

  private int shortYear() throws BuiltinException {
    String two = at + 2 <= text.length() ? text.substring(at, at + 2) : "";
    require(two.matches("[+-]?[0-9]+"));
    at += 2;
    int value = Integer.parseInt(two);
    return value >= 69 ? 1900 + value : 2000 + value;
  }

  private int exactly(int digits) throws BuiltinException {
    require(digitsFrom(at) >= digits);
    at += digits;
    return Integer.parseInt(text.substring(at - digits, at));
  }

  /* One digit or two. */
  private int number(boolean two) throws BuiltinException {
    int digits = Math.min(2, digitsFrom(at));
    require(digits == 2 || (digits == 1 && !two));
    return exactly(digits);
  }

  private int yearDay(boolean three) throws BuiltinException {
    int digits = Math.min(3, digitsFrom(at));
    require(digits == 3 || (digits > 0 && !three));
    return exactly(digits);
  }

  private static int below(int limit, int value) throws BuiltinException {
    require(value < limit);
    return value;
  }

  private int name(List<String> names) throws BuiltinException {
    for (int i = 0; i < names.size(); i++) {
      if (text.regionMatches(true, at, names.get(i), 0, names.get(i).length())) {
        at += names.get(i).length();
        return i;
      }
    }
    throw bad();
  }

  private void half(String before, String after) throws BuiltinException {
    require(text.startsWith(before, at) || text.startsWith(after, at));
    half = text.substring(at, at + 2).toUpperCase(Locale.ROOT);
    at += 2;
  }

  /* Of an abbreviation Go only knows its own zone's offset, which is UTC here. */
  private void zone() throws BuiltinException {
    Matcher zone = ZONE.matcher(text).region(at, text.length());
    boolean utc = text.startsWith("UTC", at);
    require(utc || (text.length() - at >= 3 && zone.lookingAt()));
    at = utc ? at + 3 : zone.end();
  }

  private void offset(Element element) throws BuiltinException {
    if (element.isIso() && text.startsWith("Z", at)) {
      at++;
      offset = 0;
      return;
    }
    require(at < text.length() && "+-".indexOf(text.charAt(at)) >= 0);
    int sign = text.charAt(at++) == '-' ? -1 : 1;
    int hours = below(25, exactly(2));
    int minutes = 0;
    int seconds = 0;
    if (element.hasMinutes()) {
      literal(element.hasColon() ? ":" : "");
      minutes = below(61, exactly(2));
    }
    if (element.hasSeconds()) {
      literal(element.hasColon() ? ":" : "");
      seconds = below(61, exactly(2));
    }
    offset = sign * ((hours * 60 + minutes) * 60 + seconds);
  }

  private void fraction(Piece piece) throws BuiltinException {
    int places = piece.text().length() - 1;
    if (piece.element() == Element.FRACTION) {
      require(startsFraction() && digitsFrom(at + 1) >= places);
      nanos(places);
    } else if (startsFraction()) {
      nanos(digitsFrom(at + 1));
    }
  }

  private boolean startsFraction() {
    return at + 1 < text.length()
        && (text.charAt(at) == '.' || text.charAt(at) == ',')
        && GoLayout.isDigit(text.charAt(at + 1));
  }

  private void nanos(int places) {
    String digits = text.substring(at + 1, at + 1 + Math.min(9, places));
    nanos = Integer.parseInt(digits + "0".repeat(9 - digits.length()));
    at += 1 + places;
  }

  private int digitsFrom(int from) {
    int end = from;
    while (end < text.length() && GoLayout.isDigit(text.charAt(end))) {
      end++;
    }
    return end - from;
  }

  private static void require(boolean condition) throws BuiltinException {
    if (!condition) {
      throw bad();
    }
  }

  private static BuiltinException bad() {
    return new BuiltinException("time: not of this layout");
  }
}
