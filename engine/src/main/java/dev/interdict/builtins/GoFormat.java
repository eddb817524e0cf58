package dev.interdict.builtins;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * {@code fmt.Sprintf} of Go, as {@code sprintf} of Rego has it: arguments are strings, {@link
 * Long}, {@link BigInteger} and {@link Double}. A wrong verb or count shows in the text, as in Go,
 * and is no error.
 */
final class GoFormat {
  /** A policy must not make a reason of a gigabyte out of {@code %999999999d}. */
  private static final int WIDTH_MAX = 1000;

  private static final int TEXT_MAX = 64 << 10;

  private final String format;
  private final List<Object> arguments;
  private final StringBuilder out = new StringBuilder();
  private int at;
  private int next;
  private boolean reordered;
  private boolean badIndex;

  // The verb under way.
  private boolean minus;
  private boolean plus;
  private boolean sharp;
  private boolean space;
  private boolean zero;
  private int width;
  private int precision;

  private GoFormat(String format, List<Object> arguments) {
    this.format = format;
    this.arguments = arguments;
  }

  /**
   * The text.
   *
   * @throws BuiltinException if it becomes longer than 64 KiB
   */
  static String format(String format, List<Object> arguments) throws BuiltinException {
    return new GoFormat(format, arguments).run();
  }

  private String run() throws BuiltinException {
    while (at < format.length()) {
      int percent = format.indexOf('%', at);
      out.append(format, at, percent < 0 ? format.length() : percent);
      if (percent < 0) {
        break;
      }
      at = percent + 1;
      directive();
      if (out.length() > TEXT_MAX) {
        throw new BuiltinException("sprintf: longer than " + TEXT_MAX);
      }
    }
    if (!reordered && next < arguments.size()) {
      extra();
    }
    return out.toString();
  }

  private void extra() {
    out.append("%!(EXTRA ");
    for (int i = next; i < arguments.size(); i++) {
      Object argument = arguments.get(i);
      out.append(i == next ? "" : ", ")
          .append(typeName(argument))
          .append('=')
          .append(plain(argument));
    }
    out.append(')');
  }

  private void directive() {
    minus = plus = sharp = space = zero = badIndex = false;
    flags();
    index();
    width = -1;
    if (peek() == '*') {
      at++;
      width = star("%!(BADWIDTH)");
      if (width < -1) {
        minus = true;
        width = -width;
      }
    } else {
      width = number();
    }
    precision = -1;
    if (peek() == '.') {
      at++;
      index();
      if (peek() == '*') {
        at++;
        precision = star("%!(BADPREC)");
      } else {
        precision = Math.max(0, number());
      }
    }
    index();
    if (at >= format.length()) {
      out.append("%!(NOVERB)");
      return;
    }
    int verb = format.codePointAt(at);
    at += Character.charCount(verb);
    if (verb == '%') {
      out.append('%');
    } else if (badIndex) {
      out.append("%!").appendCodePoint(verb).append("(BADINDEX)");
    } else if (next >= arguments.size()) {
      out.append("%!").appendCodePoint(verb).append("(MISSING)");
    } else {
      value(verb, arguments.get(next++));
    }
  }

  private void flags() {
    for (; at < format.length(); at++) {
      switch (format.charAt(at)) {
        case '-' -> minus = true;
        case '+' -> plus = true;
        case '#' -> sharp = true;
        case ' ' -> space = true;
        case '0' -> zero = true;
        default -> {
          return;
        }
      }
    }
  }

  /* [n] names the argument that comes next. */
  private void index() {
    if (peek() != '[') {
      return;
    }
    reordered = true;
    int close = format.indexOf(']', at);
    String text = close < 0 ? "" : format.substring(at + 1, close);
    at = close < 0 ? at + 1 : close + 1;
    if (text.matches("[0-9]{1,6}")
        && Integer.parseInt(text) >= 1
        && Integer.parseInt(text) <= arguments.size()) {
      next = Integer.parseInt(text) - 1;
    } else {
      badIndex = true;
    }
  }

  private int star(String bad) {
    Object argument = next < arguments.size() ? arguments.get(next++) : null;
    if (argument instanceof Long value && Math.abs(value) <= WIDTH_MAX) {
      return value.intValue();
    }
    out.append(bad);
    return -1;
  }

  private int number() {
    int value = -1;
    while (at < format.length() && format.charAt(at) >= '0' && format.charAt(at) <= '9') {
      value = Math.min(WIDTH_MAX, Math.max(0, value) * 10 + format.charAt(at++) - '0');
    }
    return value;
  }

  private int peek() {
    return at < format.length() ? format.charAt(at) : -1;
  }

  private void value(int verb, Object argument) {
    String text =
        switch (argument) {
          case Long value -> integer(verb, BigInteger.valueOf(value));
          case BigInteger value -> integer(verb, value);
          case Double value -> real(verb, value);
          default -> string(verb, (String) argument);
        };
    if (verb == 'T') {
      pad(typeName(argument), false);
    } else if (text == null) {
      out.append("%!").appendCodePoint(verb).append('(').append(typeName(argument));
      out.append('=').append(plain(argument)).append(')');
    } else {
      pad(text, !(argument instanceof String) && verb != 'c' && verb != 'q' && verb != 'U');
    }
  }

  private String string(int verb, String value) {
    String cut =
        precision >= 0 && value.codePointCount(0, value.length()) > precision
            ? value.substring(0, value.offsetByCodePoints(0, precision))
            : value;
    return switch (verb) {
      case 'v' -> sharp ? quote(cut) : cut;
      case 's' -> cut;
      case 'q' -> sharp && cut.indexOf('`') < 0 ? "`" + cut + "`" : quote(cut);
      case 'x' -> hex(value);
      case 'X' -> hex(value).toUpperCase(Locale.ROOT);
      default -> null;
    };
  }

  private String hex(String value) {
    byte[] bytes = value.getBytes(UTF_8);
    int length = precision >= 0 ? Math.min(precision, bytes.length) : bytes.length;
    HexFormat style = space ? HexFormat.ofDelimiter(" ") : HexFormat.of();
    return (sharp && length > 0 ? "0x" : "") + style.formatHex(bytes, 0, length);
  }

  private String integer(int verb, BigInteger value) {
    boolean big = value.bitLength() > 63;
    return switch (verb) {
      case 'v', 'd' -> digits(value, 10, "");
      // *big.Int prints itself and knows this verb; an int64 does not.
      case 's' -> big ? digits(value, 10, "") : null;
      case 'b' -> digits(value, 2, sharp ? "0b" : "");
      case 'o' -> digits(value, 8, sharp ? "0" : "");
      case 'O' -> digits(value, 8, "0o");
      case 'x' -> digits(value, 16, sharp ? "0x" : "");
      case 'X' -> digits(value, 16, sharp ? "0X" : "").toUpperCase(Locale.ROOT);
      case 'c' -> big ? null : Character.toString(character(value));
      case 'q' -> big ? null : "'" + quoteRune(character(value), '\'') + "'";
      case 'U' -> big ? null : String.format("U+%04X", value.longValue());
      default -> null;
    };
  }

  private static int character(BigInteger value) {
    boolean valid = value.signum() >= 0 && value.bitLength() < 22;
    int code = value.intValue();
    return valid && Character.isValidCodePoint(code) && (code < 0xd800 || code > 0xdfff)
        ? code
        : 0xfffd;
  }

  private String digits(BigInteger value, int radix, String prefix) {
    StringBuilder digits = new StringBuilder(value.abs().toString(radix));
    String sign = sign(value.signum() < 0);
    int least = precision;
    if (precision == 0 && value.signum() == 0) {
      return "";
    }
    if (precision < 0 && zero && !minus && width > 0) {
      least = width - sign.length() - prefix.length();
    }
    while (digits.length() < least) {
      digits.insert(0, '0');
    }
    return sign + prefix + digits;
  }

  private String sign(boolean negative) {
    return negative ? "-" : plus ? "+" : space ? " " : "";
  }

  private String real(int verb, double value) {
    if (verb != 'v' && "eEfFgG".indexOf(verb) < 0) {
      return null;
    }
    BigDecimal exact =
        precision < 0 && (verb == 'v' || verb == 'g' || verb == 'G')
            ? new BigDecimal(Double.toString(Math.abs(value)))
            : new BigDecimal(Math.abs(value));
    int places = precision < 0 ? 6 : precision;
    String text =
        switch (verb) {
          case 'e', 'E' -> GoFloat.exponent(exact, places);
          case 'f', 'F' -> GoFloat.fixed(exact, places);
          default -> GoFloat.general(exact, precision);
        };
    String sign = sign(value < 0 || 1 / value < 0);
    StringBuilder digits =
        new StringBuilder(verb == 'E' || verb == 'G' ? text.toUpperCase(Locale.ROOT) : text);
    while (zero && !minus && digits.length() + sign.length() < width) {
      digits.insert(0, '0');
    }
    return sign + digits;
  }

  private void pad(String text, boolean number) {
    int missing = width - text.codePointCount(0, text.length());
    String filler = (zero && !minus && !number ? "0" : " ").repeat(Math.max(0, missing));
    out.append(minus ? "" : filler).append(text).append(minus ? filler : "");
  }

  private static String typeName(Object argument) {
    return switch (argument) {
      case Long l -> "int64";
      case BigInteger b -> "*big.Int";
      case Double d -> "float64";
      default -> "string";
    };
  }

  private static String plain(Object argument) {
    return argument instanceof Double value
        ? (value < 0 ? "-" : "")
            + GoFloat.general(new BigDecimal(Double.toString(Math.abs(value))), -1)
        : argument.toString();
  }

  /** {@code strconv.Quote}. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints().forEach(c -> quoted.append(quoteRune(c, '"')));
    return quoted.append('"').toString();
  }

  private static String quoteRune(int c, char quote) {
    return switch (c) {
      case 7 -> "\\a";
      case '\b' -> "\\b";
      case '\f' -> "\\f";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      case 11 -> "\\v";
      case '\\' -> "\\\\";
      default -> {
        if (c == quote) {
          yield "\\" + quote;
        }
        if (c == ' ' || (!Character.isISOControl(c) && isPrintable(c))) {
          yield Character.toString(c);
        }
        yield c < 0x80
            ? String.format("\\x%02x", c)
            : c < 0x10000 ? String.format("\\u%04x", c) : String.format("\\U%08x", c);
      }
    };
  }

  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.UNASSIGNED,
          Character.CONTROL,
          Character.FORMAT,
          Character.PRIVATE_USE,
          Character.SURROGATE,
          Character.SPACE_SEPARATOR,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
