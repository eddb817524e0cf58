package dev.interdict.builtins;

import java.util.ArrayList;
import java.util.List;

/**
 * A layout of Go's package {@code time}: the reference time 01/02 03:04:05PM '06 -0700 written the
 * way other times are to be.
 */
final class GoLayout {
  /** What a piece of a layout stands for; named by how layouts write it. */
  enum Element {
    LITERAL(""),
    LONG_MONTH("January"),
    MONTH("Jan"),
    LONG_WEEKDAY("Monday"),
    WEEKDAY("Mon"),
    ZONE("MST"),
    ZERO_MONTH("01"),
    ZERO_DAY("02"),
    ZERO_HOUR12("03"),
    ZERO_MINUTE("04"),
    ZERO_SECOND("05"),
    YEAR("06"),
    ZERO_YEAR_DAY("002"),
    HOUR("15"),
    NUMBER_MONTH("1"),
    LONG_YEAR("2006"),
    DAY("2"),
    UNDER_DAY("_2"),
    UNDER_YEAR_DAY("__2"),
    HOUR12("3"),
    MINUTE("4"),
    SECOND("5"),
    UPPER_PM("PM"),
    LOWER_PM("pm"),
    OFFSET_SECONDS("-070000"),
    OFFSET_COLON_SECONDS("-07:00:00"),
    OFFSET("-0700"),
    OFFSET_COLON("-07:00"),
    OFFSET_HOURS("-07"),
    ISO_SECONDS("Z070000"),
    ISO_COLON_SECONDS("Z07:00:00"),
    ISO("Z0700"),
    ISO_COLON("Z07:00"),
    ISO_HOURS("Z07"),
    /** {@code .000}: so many digits. */
    FRACTION(""),
    /** {@code .999}: at most so many digits, without zeros at the end. */
    SHORT_FRACTION("");

    private final String written;

    Element(String written) {
      this.written = written;
    }

    boolean isOffset() {
      return ordinal() >= OFFSET_SECONDS.ordinal() && ordinal() <= ISO_HOURS.ordinal();
    }

    /** Whether UTC is written Z. */
    boolean isIso() {
      return ordinal() >= ISO_SECONDS.ordinal() && ordinal() <= ISO_HOURS.ordinal();
    }

    boolean hasColon() {
      return written.indexOf(':') >= 0;
    }

    boolean hasMinutes() {
      return written.length() > 3;
    }

    boolean hasSeconds() {
      return written.length() >= 7;
    }

    boolean isFraction() {
      return this == FRACTION || this == SHORT_FRACTION;
    }
  }

  /** One piece as the layout has it. */
  record Piece(Element element, String text) {}

  private GoLayout() {}

  /** The pieces of a layout. */
  static List<Piece> pieces(String layout) {
    List<Piece> pieces = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    for (int at = 0; at < layout.length(); ) {
      Piece piece = pieceAt(layout, at);
      if (piece == null) {
        literal.append(layout.charAt(at++));
        continue;
      }
      if (!literal.isEmpty()) {
        pieces.add(new Piece(Element.LITERAL, literal.toString()));
        literal.setLength(0);
      }
      pieces.add(piece);
      at += piece.text.length();
    }
    if (!literal.isEmpty()) {
      pieces.add(new Piece(Element.LITERAL, literal.toString()));
    }
    return pieces;
  }

  private static Piece pieceAt(String layout, int at) {
    char c = layout.charAt(at);
    if (c == '.' || c == ',') {
      return fraction(layout, at);
    }
    // _2006 is an underscore and a year.
    if (layout.startsWith("_2006", at)) {
      return null;
    }
    Element best = null;
    for (Element element : Element.values()) {
      String written = element.written;
      boolean longer = best == null || written.length() > best.written.length();
      if (!written.isEmpty() && longer && layout.startsWith(written, at)) {
        best = element;
      }
    }
    boolean abbreviated = best == Element.MONTH || best == Element.WEEKDAY;
    if (best == null || (abbreviated && isLowerCase(layout, at + 3))) {
      return null;
    }
    return new Piece(best, best.written);
  }

  private static Piece fraction(String layout, int at) {
    int end = at + 1;
    char digit = end < layout.length() ? layout.charAt(end) : 0;
    while (end < layout.length() && layout.charAt(end) == digit) {
      end++;
    }
    boolean ends = end == layout.length() || !isDigit(layout.charAt(end));
    if (!ends || (digit != '0' && digit != '9')) {
      return null;
    }
    String text = layout.substring(at, end);
    return new Piece(digit == '0' ? Element.FRACTION : Element.SHORT_FRACTION, text);
  }

  private static boolean isLowerCase(String text, int at) {
    return at < text.length() && text.charAt(at) >= 'a' && text.charAt(at) <= 'z';
  }

  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
