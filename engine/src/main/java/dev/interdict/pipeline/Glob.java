package dev.interdict.pipeline;

/**
 * A pattern over paths: {@code *} is any run without a slash, {@code **} any run, {@code ?} any one
 * character but a slash; everything else is itself. Immutable.
 *
 * <p>Matched as a set of positions, not by trying and going back: no pattern takes longer than its
 * length times that of the text.
 */
public final class Glob {
  /** Longest pattern: longer than any path that people write, and it bounds the time of a match. */
  public static final int MAX_LENGTH = 512;

  private static final char STAR = '\uFDD0';
  private static final char DOUBLE_STAR = '\uFDD1';
  private static final char ONE = '\uFDD2';

  private final String pattern;
  private final char[] tokens;

  /**
   * @throws IllegalArgumentException if the pattern is longer than {@link #MAX_LENGTH}
   */
  public Glob(String pattern) {
    if (pattern.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "pattern of %d characters; at most %d".formatted(pattern.length(), MAX_LENGTH));
    }
    this.pattern = pattern;
    this.tokens =
        pattern
            .replace("**", String.valueOf(DOUBLE_STAR))
            .replace('*', STAR)
            .replace('?', ONE)
            .toCharArray();
  }

  /** Whether the whole of {@code text} fits. */
  public boolean matches(String text) {
    boolean[] at = new boolean[tokens.length + 1];
    at[0] = true;
    skipStars(at);
    for (int i = 0; i < text.length(); i++) {
      boolean[] next = new boolean[at.length];
      step(at, text.charAt(i), next);
      skipStars(next);
      at = next;
    }
    return at[tokens.length];
  }

  private void step(boolean[] at, char c, boolean[] next) {
    for (int i = 0; i < tokens.length; i++) {
      if (!at[i]) {
        continue;
      }
      switch (tokens[i]) {
        case DOUBLE_STAR -> next[i] = true;
        case STAR -> next[i] |= c != '/';
        case ONE -> next[i + 1] |= c != '/';
        default -> next[i + 1] |= c == tokens[i];
      }
    }
  }

  private void skipStars(boolean[] at) {
    for (int i = 0; i < tokens.length; i++) {
      if (at[i] && (tokens[i] == STAR || tokens[i] == DOUBLE_STAR)) {
        at[i + 1] = true;
      }
    }
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
