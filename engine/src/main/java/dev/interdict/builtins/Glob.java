package dev.interdict.builtins;

import com.google.re2j.Pattern;

/**
 * A pattern over paths: {@code *} is any run without a slash, {@code **} any run, {@code ?} any one
 * character but a slash; everything else is itself. Immutable.
 *
 * <p>Matched by an automaton, not by trying and going back: no pattern takes longer than its length
 * times that of the text.
 */
public final class Glob {
  /** Longest pattern: longer than any path that people write, and it bounds the time of a match. */
  public static final int MAX_LENGTH = 512;

  private final String pattern;
  private final Pattern expression;
  private final Pattern withAllBelow;

  /**
   * @throws IllegalArgumentException if the pattern is longer than {@link #MAX_LENGTH}
   */
  public Glob(String pattern) {
    if (pattern.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "pattern of %d characters; at most %d".formatted(pattern.length(), MAX_LENGTH));
    }
    this.pattern = pattern;
    String text =
        Pattern.quote(pattern)
            .replace("\\*\\*", ".*")
            .replace("\\*", "[^/]*")
            .replace("\\?", "[^/]");
    this.expression = Pattern.compile(text, Pattern.DOTALL);
    this.withAllBelow = Pattern.compile(text + "(?:/.*)?", Pattern.DOTALL);
  }

  /** Whether the whole of {@code text} fits. */
  public boolean matches(String text) {
    return expression.matches(text);
  }

  /**
   * Whether the whole of the path, or of what stands above it, fits: in one go through the text.
   */
  public boolean matchesOrAbove(String path) {
    return withAllBelow.matches(path);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Glob glob && glob.pattern.equals(pattern);
  }

  @Override
  public int hashCode() {
    return pattern.hashCode();
  }

  @Override
  public String toString() {
    return pattern;
  }
}
