package dev.interdict.control;

/**
 * Who makes a change, and why; bound around each call that may make one.
 *
 * @param by such as {@code uid 0, pid 812} or {@code bundle fleet}
 * @param why in the words of who asks; may be empty
 */
public record Origin(String by, String why) {
  /** Who makes the changes of this thread. */
  public static final ScopedValue<Origin> CURRENT = ScopedValue.newInstance();

  private static final Origin ENGINE = new Origin("engine", "");
  private static final int CHARS_MAX = 1000;

  /** Words that are too long are cut; none are empty. */
  public Origin {
    by = cut(by);
    why = cut(why);
  }

  static Origin current() {
    return CURRENT.orElse(ENGINE);
  }

  static String cut(String text) {
    return text == null
        ? ""
        : text.length() > CHARS_MAX ? text.substring(0, CHARS_MAX) + " ..." : text;
  }
}
