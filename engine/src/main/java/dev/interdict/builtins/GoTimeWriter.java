package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import dev.interdict.builtins.GoLayout.Element;
import dev.interdict.builtins.GoLayout.Piece;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.util.Locale;

/** {@code Time.Format} of Go. */
final class GoTimeWriter {
  private GoTimeWriter() {}

  /**
   * The time in this layout.
   *
   * @throws BuiltinException if the layout wants a zone's abbreviation other than UTC's: Java does
   *     not know them as Go does, and a wrong one is worse than none
   */
  static String write(ZonedDateTime time, String layout) throws BuiltinException {
    StringBuilder out = new StringBuilder();
    for (Piece piece : GoLayout.pieces(layout)) {
      Element element = piece.element();
      if (element.isOffset()) {
        offset(element, time.getOffset().getTotalSeconds(), out);
      } else if (element.isFraction()) {
        fraction(piece, time.getNano(), out);
      } else {
        out.append(text(piece, time));
      }
    }
    return out.toString();
  }

  private static String text(Piece piece, ZonedDateTime time) throws BuiltinException {
    int hour = time.getHour();
    int hour12 = hour % 12 == 0 ? 12 : hour % 12;
    return switch (piece.element()) {
      case YEAR -> digits(time.getYear() % 100, 2);
      case LONG_YEAR -> digits(time.getYear(), 4);
      case MONTH -> time.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
      case LONG_MONTH -> time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
      case NUMBER_MONTH -> digits(time.getMonthValue(), 1);
      case ZERO_MONTH -> digits(time.getMonthValue(), 2);
      case WEEKDAY -> time.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
      case LONG_WEEKDAY -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
      case DAY -> digits(time.getDayOfMonth(), 1);
      case UNDER_DAY -> digits(time.getDayOfMonth(), 2).replaceFirst("^0", " ");
      case ZERO_DAY -> digits(time.getDayOfMonth(), 2);
      case UNDER_YEAR_DAY ->
          digits(time.getDayOfYear(), 3).replaceFirst("^00", "  ").replaceFirst("^0", " ");
      case ZERO_YEAR_DAY -> digits(time.getDayOfYear(), 3);
      case HOUR -> digits(hour, 2);
      case HOUR12 -> digits(hour12, 1);
      case ZERO_HOUR12 -> digits(hour12, 2);
      case MINUTE -> digits(time.getMinute(), 1);
      case ZERO_MINUTE -> digits(time.getMinute(), 2);
      case SECOND -> digits(time.getSecond(), 1);
      case ZERO_SECOND -> digits(time.getSecond(), 2);
      case UPPER_PM -> hour >= 12 ? "PM" : "AM";
      case LOWER_PM -> hour >= 12 ? "pm" : "am";
      case ZONE -> zone(time);
      default -> piece.text();
    };
  }

  private static String digits(int number, int least) {
    String digits = Integer.toString(number);
    return "0".repeat(Math.max(0, least - digits.length())) + digits;
  }

  private static String zone(ZonedDateTime time) throws BuiltinException {
    if (!time.getZone().equals(ZoneOffset.UTC)) {
      throw new BuiltinException("time.format: the abbreviation of a zone other than UTC");
    }
    return "UTC";
  }

  private static void offset(Element element, int seconds, StringBuilder out) {
    if (seconds == 0 && element.isIso()) {
      out.append('Z');
      return;
    }
    int minutes = Math.abs(seconds / 60);
    String colon = element.hasColon() ? ":" : "";
    out.append(seconds / 60 < 0 ? '-' : '+').append(digits(minutes / 60, 2));
    if (element.hasMinutes()) {
      out.append(colon).append(digits(minutes % 60, 2));
    }
    if (element.hasSeconds()) {
      out.append(colon).append(digits(Math.abs(seconds) % 60, 2));
    }
  }

  private static void fraction(Piece piece, int nanos, StringBuilder out) {
    int places = piece.text().length() - 1;
    String digits = digits(nanos, 9);
    digits = digits.substring(0, Math.min(9, places));
    if (piece.element() == Element.SHORT_FRACTION) {
      digits = digits.replaceFirst("0+$", "");
      if (digits.isEmpty()) {
        return;
      }
    }
    out.append(piece.text().charAt(0)).append(digits);
  }
}
