package dev.interdict.cli;

import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/** Strings that somebody else chose, made fit for a terminal. */
final class Text {
  /** {@code event.Names} puts each byte that is no valid UTF-8 here: U+EF00 + byte. */
  private static final int RAW_BYTES = 0xEF80;

  /**
   * With nothing raw that YAML takes for a line break or for no character, nor a terminal obeys.
   */
  private static final JsonMapper JSON =
      JsonMapper.builder(JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build())
          .build();

  private Text() {}

  /** {@code value} as JSON that is the same in YAML, all of it visible. */
  static String json(Object value) {
    return JSON.writeValueAsString(value).replace("\u007f", "\\u007f"); // ASCII, and no character
  }

  /**
   * {@code text} as one word: itself if it has only visible characters and no blank or quote, else
   * in quotes with the others escaped. No character that moves the cursor, changes colours or turns
   * the direction of writing survives.
   */
  static String word(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 2);
    boolean plain = !text.isEmpty();
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      plain &= c > ' ' && c != '"' && c != '\\' && isVisible(c);
      append(escaped, c);
    }
    return plain ? text : "\"" + escaped + "\"";
  }

  /** {@code text} as a line for people: what is not visible is escaped, blanks stay. */
  static String line(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                escaped.appendCodePoint(c);
              } else {
                append(escaped, c);
              }
            });
    return escaped.toString();
  }

  private static void append(StringBuilder out, int c) {
    switch (c) {
      case '\n' -> out.append("\\n");
      case '\t' -> out.append("\\t");
      case '\r' -> out.append("\\r");
      case '"', '\\' -> out.append('\\').appendCodePoint(c);
      default -> {
        if (c >= RAW_BYTES && c < RAW_BYTES + 0x80) {
          out.append("\\x%02x".formatted(c - RAW_BYTES + 0x80));
        } else if (isVisible(c)) {
          out.appendCodePoint(c);
        } else {
          out.append("\\u{%x}".formatted(c));
        }
      }
    }
  }

  private static boolean isVisible(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
