package dev.interdict.policy;

import java.util.ArrayList;
import java.util.List;

/**
 * The texts that a Rego module writes out: strings, raw strings and template strings, each as the
 * pieces between what is filled in. Comments are none of them. One pass, no recursion: a module may
 * have any length, and need not even parse.
 */
final class RegoTexts {

  /**
   * One of them.
   *
   * @param offset of its first quote in the module
   * @param pieces what is written, in order; something may stand between two of them
   */
  record Text(int offset, List<String> pieces) {

    /** Whether filling in the gaps can give {@code filled}. */
    boolean matches(String filled) {
      return RegoTexts.matches(pieces, filled);
    }

    /** How many characters are written. */
    int length() {
      return pieces.stream().mapToInt(String::length).sum();
    }
  }

  private final String module;
  private final List<Text> found = new ArrayList<>();
  private int at;

  private RegoTexts(String module) {
    this.module = module;
  }

  /** All texts of {@code module}, in its order; not those inside of a template's holes. */
  static List<Text> in(String module) {
    RegoTexts reader = new RegoTexts(module);
    while (reader.at < module.length()) {
      reader.step();
    }
    return reader.found;
  }

  /**
   * Whether {@code filled} is {@code pieces} with anything between them: each is looked for behind
   * the one before, at the first place, which leaves the most for those that follow.
   */
  static boolean matches(List<String> pieces, String filled) {
    String first = pieces.getFirst();
    String last = pieces.getLast();
    if (pieces.size() == 1) {
      return filled.equals(first);
    }
    int from = first.length();
    int to = filled.length() - last.length();
    if (from > to || !filled.startsWith(first) || !filled.endsWith(last)) {
      return false;
    }
    for (String piece : pieces.subList(1, pieces.size() - 1)) {
      int place = filled.indexOf(piece, from);
      if (place < 0 || place + piece.length() > to) {
        return false;
      }
      from = place + piece.length();
    }
    return true;
  }

  private void step() {
    char c = module.charAt(at);
    boolean template = c == '$' && at + 1 < module.length();
    char quote = template ? module.charAt(at + 1) : c;
    if (c == '#') {
      int end = module.indexOf('\n', at);
      at = end < 0 ? module.length() : end;
    } else if (quote == '"' || quote == '`') {
      int start = at;
      at += template ? 2 : 1;
      text(start, quote, template);
    } else {
      at++;
    }
  }

  private void text(int start, char quote, boolean template) {
    List<String> pieces = new ArrayList<>();
    StringBuilder piece = new StringBuilder();
    while (at < module.length() && module.charAt(at) != quote) {
      char c = module.charAt(at);
      if (quote == '"' && c == '\n') {
        return; // never closed: what follows is no text
      }
      if (template && c == '{') {
        pieces.add(piece.toString());
        piece.setLength(0);
        hole();
      } else if (!template && c == '%' && verb() > 0) {
        pieces.add(piece.toString());
        piece.setLength(0);
        at += verb();
      } else {
        piece.append(character(quote == '"'));
      }
    }
    at++;
    pieces.add(piece.toString());
    found.add(new Text(start, List.copyOf(pieces)));
  }

  /** What is written at this place, in the way of JSON. */
  private char character(boolean escapes) {
    char c = module.charAt(at++);
    if (c != '\\' || !escapes || at == module.length()) {
      return c;
    }
    char escaped = module.charAt(at++);
    if (escaped == 'u' && at + 4 <= module.length()) {
      try {
        char unit = (char) Integer.parseInt(module, at, at + 4, 16);
        at += 4;
        return unit;
      } catch (NumberFormatException e) {
        return escaped; // OPA's parser says so
      }
    }
    return switch (escaped) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      default -> escaped;
    };
  }

  /** The length of a verb of {@code sprintf} here, or 0. */
  private int verb() {
    int end = at + 1;
    while (end < module.length() && "-+ #0123456789.".indexOf(module.charAt(end)) >= 0) {
      end++;
    }
    boolean letter = end < module.length() && Character.isLetter(module.charAt(end));
    return letter ? end + 1 - at : 0;
  }

  /** Goes behind the brace that ends what is filled in; texts in there are passed over. */
  private void hole() {
    int depth = 0;
    char inside = 0;
    while (at < module.length()) {
      char c = module.charAt(at++);
      if (inside != 0) {
        at += c == '\\' && inside == '"' ? 1 : 0;
        inside = c == inside ? 0 : inside;
      } else if (c == '"' || c == '`') {
        inside = c;
      } else if (c == '{') {
        depth++;
      } else if (c == '}' && --depth == 0) {
        return;
      }
    }
  }
}
