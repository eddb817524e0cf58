package dev.interdict.policy;

/**
 * A place in a text.
 *
 * @param line from 1
 * @param column from 1, in characters
 */
public record Mark(int line, int column) {

  /** The first character of a file. */
  public static final Mark START = new Mark(1, 1);

  /** The same line, {@code columns} further right. */
  Mark right(int columns) {
    return new Mark(line, column + columns);
  }
}
