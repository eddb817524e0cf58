package dev.interdict.cli;

/** Colours and symbols, as far as the terminal and its user want them. */
final class Style {
  private static final String RESET = "\u001b[0m";

  private final boolean colour;
  private final boolean unicode;

  Style(boolean colour, boolean unicode) {
    this.colour = colour;
    this.unicode = unicode;
  }

  boolean colours() {
    return colour;
  }

  String red(String text) {
    return paint("\u001b[31m", text);
  }

  String yellow(String text) {
    return paint("\u001b[33m", text);
  }

  String green(String text) {
    return paint("\u001b[32m", text);
  }

  String bold(String text) {
    return paint("\u001b[1m", text);
  }

  /** One of two spellings. */
  String symbol(String unicodeSymbol, String ascii) {
    return unicode ? unicodeSymbol : ascii;
  }

  private String paint(String code, String text) {
    return colour ? code + text + RESET : text;
  }
}
