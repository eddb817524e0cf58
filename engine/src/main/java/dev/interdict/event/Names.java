package dev.interdict.event;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Names are bytes; policies see text. This is the one way between them, and it loses nothing: two
 * names that differ are two texts that differ.
 *
 * <p>Valid UTF-8 stays as it is. Each byte of what is not valid becomes one character of the
 * private use area: byte {@code b >= 0x80} becomes U+EF80 + (b - 0x80), NUL becomes U+EF00. So that
 * nobody can forge those, names that hold these very characters have their bytes escaped as well. A
 * line feed becomes U+EF0A: the dot of a regular expression and {@code **} stop at the other one,
 * and whoever names a file would choose whether a pattern means it.
 */
public final class Names {
  /** Stands for NUL; a line feed is so many behind it as it is as a byte. */
  private static final int ESCAPED_LOW = 0xef00;

  private static final byte LINE_FEED = '\n';

  /** Stands for byte 0x80; those up to 0xff follow. */
  private static final int ESCAPED_HIGH = 0xef80;

  private Names() {}

  /**
   * A name as UTF-8 text.
   *
   * @return {@code name} itself if it is plain, as nearly all are; else at most three times as long
   */
  public static byte[] escape(byte[] name) {
    int plain = plainPrefix(name, 0);
    if (plain == name.length) {
      return name;
    }
    byte[] text = new byte[plain + 3 * (name.length - plain)];
    int length = 0;
    int at = 0;
    while (at < name.length) {
      int end = plainPrefix(name, at);
      System.arraycopy(name, at, text, length, end - at);
      length += end - at;
      at = end;
      if (at < name.length) {
        int b = name[at++] & 0xff;
        int escape = b < 0x80 ? ESCAPED_LOW + b : ESCAPED_HIGH + (b - 0x80);
        text[length++] = (byte) (0xe0 | escape >> 12);
        text[length++] = (byte) (0x80 | (escape >> 6 & 0x3f));
        text[length++] = (byte) (0x80 | (escape & 0x3f));
      }
    }
    return Arrays.copyOf(text, length);
  }

  /** A name as text. */
  public static String toText(byte[] name) {
    return new String(escape(name), StandardCharsets.UTF_8);
  }

  /**
   * The name that {@link #escape} turned into {@code text}.
   *
   * @return {@code text} itself if nothing in it is escaped
   */
  public static byte[] unescape(byte[] text) {
    byte[] name = null;
    int length = 0;
    for (int at = 0; at < text.length; at++) {
      int escaped = escapedAt(text, at);
      if (escaped >= 0 && name == null) {
        name = Arrays.copyOf(text, text.length);
        length = at;
      }
      if (name != null) {
        name[length++] = escaped >= 0 ? (byte) escaped : text[at];
      }
      at += escaped >= 0 ? 2 : 0;
    }
    return name == null ? text : Arrays.copyOf(name, length);
  }

  /** The name that {@link #toText} turned into {@code text}. */
  public static byte[] toBytes(String text) {
    return unescape(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The end of the longest run of bytes from {@code at} on that need no escape. */
  private static int plainPrefix(byte[] name, int at) {
    while (at < name.length) {
      if (name[at] > 0 && name[at] != LINE_FEED) {
        at++;
      } else {
        int length = name[at] == LINE_FEED ? 0 : validLength(name, at);
        if (length == 0) {
          return at;
        }
        at += length;
      }
    }
    return at;
  }

  /**
   * Length of the valid sequence of several bytes at {@code at}; 0 if there is none, or if it is
   * one of those that stand for something else.
   */
  private static int validLength(byte[] name, int at) {
    int lead = name[at] & 0xff;
    int length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || at + length > name.length) {
      return 0;
    }
    int code = lead & (0x7f >> length);
    for (int i = 1; i < length; i++) {
      int next = name[at + i] & 0xff;
      if ((next & 0xc0) != 0x80) {
        return 0;
      }
      code = code << 6 | (next & 0x3f);
    }
    boolean tooLong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    boolean noCharacter = (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff;
    return tooLong || noCharacter || isEscape(code) ? 0 : length;
  }

  private static boolean isEscape(int code) {
    return code == ESCAPED_LOW
        || code == ESCAPED_LOW + LINE_FEED
        || (code >= ESCAPED_HIGH && code < ESCAPED_HIGH + 0x80);
  }

  /** The byte that the three at {@code at} stand for; -1 if they are no escape. */
  private static int escapedAt(byte[] text, int at) {
    if (text[at] != (byte) 0xee || at + 2 >= text.length) {
      return -1;
    }
    int code = 0xe000 | (text[at + 1] & 0x3f) << 6 | (text[at + 2] & 0x3f);
    if (!isEscape(code)) {
      return -1;
    }
    return code < ESCAPED_HIGH ? code - ESCAPED_LOW : code - ESCAPED_HIGH + 0x80;
  }
}
