package dev.interdict.eval;

import dev.interdict.eval.Builtin.BuiltinException;
import java.util.Set;
import java.util.regex.Pattern;

/** A string as go.yaml.in/yaml/v3 writes it: plain, in single or double quotes, or literal. */
final class YamlScalarText {
  /** Strings that YAML 1.1 took for something else are quoted for old readers' sake. */
  private static final Set<String> OLD_BOOLEANS =
      Set.of(
          "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off",
          "OFF");

  private static final Pattern BASE60 =
      Pattern.compile("[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\\.[0-9_]*)?");
  private static final Pattern TIMESTAMP =
      Pattern.compile(
          "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
              + "(?:(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2}))"
              + "|(?: +[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]+)?))?");

  private YamlScalarText() {}

  /**
   * Appends the text.
   *
   * @param indent of the lines of a literal
   * @param key whether it is a key on one line, which cannot be empty or literal
   */
  static void write(String text, int indent, boolean key, StringBuilder out)
      throws BuiltinException {
    if (text.codePoints().anyMatch(c -> (c >= 0x7f && c < 0xa0) || (c >= 0xfffe && c < 0x10000))) {
      throw new BuiltinException("yaml.marshal: a control character");
    }
    Shape shape = new Shape(text);
    if (text.contains("\n")) {
      if (shape.literal && !key) {
        literal(text, indent, out);
      } else {
        doubleQuoted(text, out);
      }
    } else if (resolvesElsewhere(text)) {
      doubleQuoted(text, out);
    } else if (shape.plain && !(key && text.isEmpty())) {
      out.append(text);
    } else if (shape.single) {
      out.append('\'').append(text.replace("'", "''")).append('\'');
    } else {
      doubleQuoted(text, out);
    }
  }

  static boolean hasBreaks(String text) {
    return text.codePoints().anyMatch(YamlScalarText::isBreak);
  }

  private static boolean resolvesElsewhere(String text) {
    return !text.equals(YamlScalars.resolve(text))
        || text.equals("<<")
        || OLD_BOOLEANS.contains(text)
        || BASE60.matcher(text).matches()
        || isTimestamp(text);
  }

  private static boolean isTimestamp(String text) {
    if (!TIMESTAMP.matcher(text).matches()) {
      return false;
    }
    for (String layout :
        new String[] {
          "2006-1-2T15:4:5.999999999Z07:00",
          "2006-1-2t15:4:5.999999999Z07:00",
          "2006-1-2 15:4:5.999999999",
          "2006-1-2"
        }) {
      try {
        GoTimeReader.read(layout, text);
        return true;
      } catch (BuiltinException e) {
        // Not in this layout.
      }
    }
    return false;
  }

  private static boolean isBreak(int c) {
    return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
  }

  private static boolean isPrintable(int c) {
    return c == '\n'
        || (c >= 0x20 && c <= 0x7e)
        || (c >= 0xa0 && c <= 0xd7ff)
        || (c >= 0xe000 && c <= 0xfffd && c != 0xfeff);
  }

  private static void literal(String text, int indent, StringBuilder out) {
    out.append('|');
    if (text.charAt(0) == ' ' || isBreak(text.charAt(0))) {
      out.append('2');
    }
    if (!text.endsWith("\n")) {
      out.append('-');
    } else if (text.length() == 1 || isBreak(text.charAt(text.length() - 2))) {
      out.append('+');
    }
    out.append('\n');
    boolean fresh = true;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (fresh && !isBreak(c)) {
        out.append(" ".repeat(indent));
      }
      fresh = isBreak(c);
      out.append(c);
    }
  }

  private static void doubleQuoted(String text, StringBuilder out) {
    out.append('"');
    text.codePoints()
        .forEach(
            c -> {
              if (isPrintable(c) && !isBreak(c) && c != '"' && c != '\\') {
                out.appendCodePoint(c);
              } else {
                out.append('\\').append(escape(c));
              }
            });
    out.append('"');
  }

  private static String escape(int c) {
    return switch (c) {
      case 0 -> "0";
      case 7 -> "a";
      case 8 -> "b";
      case 9 -> "t";
      case 10 -> "n";
      case 11 -> "v";
      case 12 -> "f";
      case 13 -> "r";
      case 27 -> "e";
      case '"' -> "\"";
      case '\\' -> "\\";
      case 0x85 -> "N";
      case 0x2028 -> "L";
      case 0x2029 -> "P";
      default -> String.format(c <= 0xff ? "x%02X" : c <= 0xffff ? "u%04X" : "U%08X", c);
    };
  }

  /** Which styles can hold a text: {@code yaml_emitter_analyze_scalar}. */
  private static final class Shape {
    boolean plain = true;
    boolean single = true;
    boolean literal = true;

    Shape(String text) {
      if (text.isEmpty()) {
        literal = false;
        return;
      }
      if (text.startsWith("---") || text.startsWith("...")) {
        plain = false;
      }
      int[] all = text.codePoints().toArray();
      for (int i = 0; i < all.length; i++) {
        look(all, i);
      }
      boolean spaceFirst = all[0] == ' ' || isBreak(all[0]);
      int last = all[all.length - 1];
      if (spaceFirst || last == ' ' || isBreak(last)) {
        plain = false;
      }
      if (last == ' ') {
        literal = false;
      }
    }

    private void look(int[] all, int i) {
      int c = all[i];
      int before = i == 0 ? ' ' : all[i - 1];
      boolean blankFollows = i + 1 == all.length || all[i + 1] == ' ' || all[i + 1] == '\t';
      boolean blankBefore = before == ' ' || before == '\t' || isBreak(before) || before == 0;
      boolean indicator =
          i == 0
              ? "#,[]{}&*!|>'\"%@`".indexOf(c) >= 0 || ("?:-".indexOf(c) >= 0 && blankFollows)
              : (c == ':' && blankFollows) || (c == '#' && blankBefore);
      if (indicator || isBreak(c)) {
        plain = false;
      }
      if (c == '\t') {
        plain = false;
        single = false;
      } else if (!isPrintable(c)) {
        forbid();
      }
      if (i > 0 && c == ' ' && isBreak(before)) {
        plain = false;
        single = false;
      }
      if (i > 0 && isBreak(c) && before == ' ') {
        forbid();
      }
    }

    private void forbid() {
      plain = false;
      single = false;
      literal = false;
    }
  }
}
