package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether two patterns have a text in common, as {@code regex.globs_match} has it: characters,
 * {@code .}, sets in brackets, each with {@code +} or {@code *} behind it.
 *
 * <p>The steps are those of github.com/yashtewari/glob-intersection, answers that are not exact
 * included; remembered, because that library can take exponential time.
 */
final class GlobPair {
  private static final int LENGTH_MAX = 1024;

  /**
   * One token.
   *
   * @param ranges first and last character in turn, in order and apart; null: any character
   * @param single a character written by itself, which is not the set of that character
   * @param flag {@code +}, {@code *} or 0
   */
  private record Token(int[] ranges, boolean single, int flag) {
    boolean meets(Token other) {
      if (ranges == null || other.ranges == null) {
        return true;
      }
      for (int i = 0; i < ranges.length; i += 2) {
        for (int j = 0; j < other.ranges.length; j += 2) {
          if (ranges[i] <= other.ranges[j + 1] && other.ranges[j] <= ranges[i + 1]) {
            return true;
          }
        }
      }
      return false;
    }

    boolean isLike(Token other) {
      return single == other.single && Arrays.equals(ranges, other.ranges);
    }
  }

  private enum Step {
    NORMAL,
    STAR,
    PLUS
  }

  /** What is left of both; whose first token is repeated is known from {@code swapped}. */
  private record Question(Step step, boolean swapped, int left, int right) {}

  private final Map<Question, Boolean> known = new HashMap<>();
  private final List<Token> left;
  private final List<Token> right;

  private GlobPair(List<Token> left, List<Token> right) {
    this.left = left;
    this.right = right;
  }

  /**
   * Whether a text matches both.
   *
   * @throws BuiltinException if one is no pattern, or is too long
   */
  static boolean meet(String one, String other) throws BuiltinException {
    List<Token> left = new Reader(one).tokens();
    List<Token> right = new Reader(other).tokens();
    int from = 0;
    while (bothPlain(left, from, right, from)) {
      if (!left.get(from).meets(right.get(from))) {
        return false;
      }
      from++;
    }
    // One token is left at either end: an empty pattern meets nothing.
    from = Math.max(0, from - 1);
    int leftEnd = left.size() - 1;
    int rightEnd = right.size() - 1;
    while (leftEnd >= from && rightEnd >= from && bothPlain(left, leftEnd, right, rightEnd)) {
      if (!left.get(leftEnd--).meets(right.get(rightEnd--))) {
        return false;
      }
    }
    int kept = leftEnd < left.size() - 1 ? 2 : 1;
    return new GlobPair(left.subList(from, leftEnd + kept), right.subList(from, rightEnd + kept))
        .ask(new Question(Step.NORMAL, false, 0, 0));
  }

  private static boolean bothPlain(List<Token> left, int i, List<Token> right, int j) {
    return i < left.size() && j < right.size() && left.get(i).flag == 0 && right.get(j).flag == 0;
  }

  private boolean ask(Question question) {
    Rego.checkInterrupt();
    Boolean answer = known.get(question);
    if (answer == null) {
      answer =
          switch (question.step) {
            case NORMAL -> normal(question.left, question.right);
            case STAR -> star(question);
            case PLUS -> plus(question);
          };
      known.put(question, answer);
    }
    return answer;
  }

  private boolean normal(int l, int r) {
    int i = l;
    int j = r;
    while (bothPlain(left, i, right, j)) {
      if (!left.get(i++).meets(right.get(j++))) {
        return false;
      }
    }
    if (i == left.size() || j == right.size()) {
      return i == left.size() && j == right.size();
    }
    boolean swapped = left.get(i).flag == 0;
    int flag = swapped ? right.get(j).flag : left.get(i).flag;
    return ask(new Question(flag == '+' ? Step.PLUS : Step.STAR, swapped, i, j));
  }

  private boolean plus(Question q) {
    List<Token> other = q.swapped ? left : right;
    int at = q.swapped ? q.left : q.right;
    if (!repeated(q).meets(other.get(at))) {
      return false;
    }
    return ask(q.swapped ? star(q, q.left + 1, q.right) : star(q, q.left, q.right + 1))
        || (other.get(at).flag != 0
            && ask(
                q.swapped
                    ? new Question(Step.NORMAL, false, q.left, q.right + 1)
                    : new Question(Step.NORMAL, false, q.left + 1, q.right)));
  }

  private static Question star(Question q, int l, int r) {
    return new Question(Step.STAR, q.swapped, l, r);
  }

  private boolean star(Question q) {
    List<Token> starred = q.swapped ? right : left;
    List<Token> other = q.swapped ? left : right;
    int next = (q.swapped ? q.right : q.left) + 1;
    for (int i = q.swapped ? q.left : q.right; i < other.size(); i++) {
      Token token = other.get(i);
      boolean stops = next < starred.size() && token.meets(starred.get(next));
      Question rest =
          q.swapped
              ? new Question(Step.NORMAL, false, i, next)
              : new Question(Step.NORMAL, false, next, i);
      if (stops && ask(rest)) {
        return true;
      }
      if (!token.meets(repeated(q))) {
        return false;
      }
    }
    return next == starred.size();
  }

  private Token repeated(Question q) {
    return q.swapped ? right.get(q.right) : left.get(q.left);
  }

  /** Reads one pattern. */
  private static final class Reader {
    private final int[] text;
    private int at;
    private boolean escaped;

    Reader(String pattern) throws BuiltinException {
      text = pattern.codePoints().toArray();
      if (text.length > LENGTH_MAX) {
        throw new BuiltinException("regex.globs_match: longer than " + LENGTH_MAX);
      }
    }

    List<Token> tokens() throws BuiltinException {
      List<Token> tokens = new ArrayList<>();
      while (at < text.length) {
        Token token = token();
        Token last = tokens.isEmpty() ? null : tokens.getLast();
        if (last != null && last.flag != 0 && token.flag != 0 && token.isLike(last)) {
          boolean plus = last.flag == '+' || token.flag == '+';
          tokens.removeLast();
          token = new Token(token.ranges, token.single, plus ? '+' : '*');
        }
        tokens.add(token);
      }
      return tokens;
    }

    private Token token() throws BuiltinException {
      int c = next();
      boolean special = !escaped;
      if (special && (c == '+' || c == '*' || c == ']')) {
        throw bad("nothing before " + (char) c);
      }
      int[] ranges = special && c == '.' ? null : special && c == '[' ? set() : new int[] {c, c};
      int flag = at < text.length && (text[at] == '+' || text[at] == '*') ? text[at++] : 0;
      return new Token(ranges, !(special && (c == '[' || c == '.')), flag);
    }

    private int[] set() throws BuiltinException {
      List<int[]> ranges = new ArrayList<>();
      int previous = -1;
      while (at < text.length) {
        int c = next();
        if (!escaped && c == ']') {
          return merged(ranges);
        }
        if (!escaped && c == '-') {
          ranges.add(new int[] {previous, rangeEnd(previous)});
          previous = -1;
        } else {
          ranges.add(new int[] {c, c});
          previous = c;
        }
      }
      throw bad("[ without ]");
    }

    private int rangeEnd(int first) throws BuiltinException {
      if (first < 0 || at >= text.length - 1) {
        throw bad("- without a character before or behind it");
      }
      int last = next();
      if ((!escaped && (last == ']' || last == '-')) || last < first) {
        throw bad("a range that ends before it begins");
      }
      return last;
    }

    private int next() throws BuiltinException {
      escaped = text[at] == '\\';
      if (escaped && ++at == text.length) {
        throw bad("\\ at the end");
      }
      return text[at++];
    }

    private static int[] merged(List<int[]> ranges) {
      ranges.sort((a, b) -> Integer.compare(a[0], b[0]));
      List<int[]> apart = new ArrayList<>();
      for (int[] range : ranges) {
        if (!apart.isEmpty() && range[0] <= apart.getLast()[1] + 1) {
          apart.getLast()[1] = Math.max(apart.getLast()[1], range[1]);
        } else {
          apart.add(range.clone());
        }
      }
      return apart.stream().flatMapToInt(Arrays::stream).toArray();
    }

    private static BuiltinException bad(String why) {
      return new BuiltinException("regex.globs_match: " + why);
    }
  }
}
