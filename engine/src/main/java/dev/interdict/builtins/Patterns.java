package dev.interdict.builtins;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Compiles regular expressions of policies, and no others than Go's compiler takes: RE2/J writes
 * out nested counts without end, and neither time nor memory stops it. What is refused here is so
 * before anything of it is built.
 *
 * <p>One pass over the text, which need not understand all of it: RE2/J says what is wrong with the
 * rest.
 */
public final class Patterns {
  /** Characters: of a pattern that Rego has put together, too. */
  private static final int LENGTH_MAX = 4096;

  /** What counts may come to within one another, as in Go. */
  private static final int COUNT_MAX = 1000;

  /** What is left when counts are written out: a tenth of a second, some megabytes. */
  private static final int STEPS_MAX = 100_000;

  /** Groups within one another: a deeper one takes the stack. */
  private static final int DEPTH_MAX = 300;

  /** As Go reads numbers: {00} is text. */
  private static final java.util.regex.Pattern COUNT =
      java.util.regex.Pattern.compile("(0|[1-9][0-9]{0,3})(,(0|[1-9][0-9]{0,3})?)?}");

  private static final java.util.regex.Pattern FLAGS =
      java.util.regex.Pattern.compile("\\?[a-zA-Z-]*\\)");
  private static final java.util.regex.Pattern CODE_POINT =
      java.util.regex.Pattern.compile("x\\{[0-9a-fA-F]*}");

  private final String text;
  private final Deque<Level> above = new ArrayDeque<>();
  private Level level = new Level();
  private int at;

  /**
   * A group: what its parts have come to, and the last part, to which a count behind it applies.
   */
  private static final class Level {
    private long steps;
    private long lastSteps;
    private int counts = 1;
    private int lastCounts = 1;

    private void add(long partSteps, int partCounts) {
      steps += lastSteps;
      counts = Math.max(counts, lastCounts);
      lastSteps = partSteps;
      lastCounts = partCounts;
    }
  }

  private Patterns(String text) {
    this.text = text;
  }

  /** A compiled pattern, and about how many steps it has. */
  record Compiled(Pattern pattern, int steps) {}

  /**
   * @throws PatternSyntaxException if it is no expression of RE2, or one that is too large
   */
  public static Pattern compile(String text) {
    return compiled(text).pattern();
  }

  static Compiled compiled(String text) {
    if (text.length() > LENGTH_MAX) {
      throw new PatternSyntaxException("longer than " + LENGTH_MAX + " characters", brief(text));
    }
    long steps = new Patterns(text).steps();
    return new Compiled(Pattern.compile(text), (int) steps);
  }

  private long steps() {
    while (at < text.length()) {
      char c = text.charAt(at++);
      switch (c) {
        case '\\' -> escape();
        case '[' -> bracket();
        case '(' -> open();
        case ')' -> close();
        case '{' -> count();
        case '*', '+', '?' ->
            level.lastSteps++; // no part of its own: a count behind it repeats all
        default -> level.add(1, 1);
      }
      if (level.steps + level.lastSteps > STEPS_MAX) {
        throw refused("more than " + STEPS_MAX + " steps when its counts are written out");
      }
    }
    return level.steps + level.lastSteps;
  }

  private void escape() {
    if (!text.startsWith("Q", at)) {
      level.add(1, 1);
    }
    java.util.regex.Matcher codePoint = CODE_POINT.matcher(text).region(at, text.length());
    if (codePoint.lookingAt()) {
      at = codePoint.end();
    } else if (text.startsWith("Q", at)) {
      int end = text.indexOf("\\E", at);
      int stop = end < 0 ? text.length() : end;
      for (at++; at < stop; at++) {
        level.add(1, 1);
      }
      at = end < 0 ? stop : end + 2;
    } else {
      at++;
    }
  }

  /* Up to its end nothing is a group or a count. A bracket that stands first is a member. */
  private void bracket() {
    level.add(1, 1);
    at += at < text.length() && text.charAt(at) == '^' ? 1 : 0;
    for (boolean first = true; at < text.length(); first = false) {
      char c = text.charAt(at++);
      if (c == ']' && !first) {
        return;
      }
      int named = c == '[' && text.startsWith(":", at) ? text.indexOf(":]", at + 1) : -1;
      at = named >= 0 ? named + 2 : c == '\\' ? at + 1 : at;
    }
  }

  /* (?i) alone is no part: a count behind it applies to what stands before it. */
  private void open() {
    java.util.regex.Matcher flags = FLAGS.matcher(text).region(at, text.length());
    if (flags.lookingAt()) {
      at = flags.end();
      return;
    }
    above.push(level);
    level = new Level();
    if (above.size() > DEPTH_MAX) {
      throw refused("groups stand within one another more than " + DEPTH_MAX + " deep");
    }
  }

  private void close() {
    Level group = level;
    if (!above.isEmpty()) { // else RE2/J says so
      level = above.pop();
      group.add(0, 1);
      level.add(group.steps + 1, group.counts);
    }
  }

  /* Anything else than {n}, {n,} and {n,m} is text. */
  private void count() {
    java.util.regex.Matcher count = COUNT.matcher(text).region(at, text.length());
    if (!count.lookingAt()) {
      level.add(1, 1);
      return;
    }
    at = count.end();
    boolean never = "0".equals(count.group(2) == null ? count.group(1) : count.group(3));
    int times = Math.max(Integer.parseInt(count.group(1)), most(count.group(3)));
    if (times > 1 && times * (long) level.lastCounts > COUNT_MAX) {
      throw refused("counts come to more than " + COUNT_MAX + " within one another");
    }
    level.lastSteps *= never ? 0 : Math.max(times, 1);
    level.lastCounts = never ? 1 : level.lastCounts * Math.max(times, 1);
  }

  private static int most(String number) {
    return number == null || number.isEmpty() ? 0 : Integer.parseInt(number);
  }

  private PatternSyntaxException refused(String why) {
    return new PatternSyntaxException(why, brief(text));
  }

  private static String brief(String text) {
    return text.length() <= 80 ? text : text.substring(0, 77) + "...";
  }
}
