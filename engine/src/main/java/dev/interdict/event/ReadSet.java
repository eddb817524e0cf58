package dev.interdict.event;

import java.util.Set;
import java.util.TreeSet;

/**
 * The {@code input} fields a policy can read: dotted paths below {@code input}, such as {@code
 * file.path}. A path stands for everything below it; {@code ""} stands for all of {@code input}.
 * Wider than the truth is allowed, narrower never.
 *
 * @param paths sorted, unmodifiable
 */
public record ReadSet(Set<String> paths) {
  /** Among the paths: the decision also rests on the moment it is made in. No field of input. */
  public static final String MOMENT = "now()";

  public ReadSet {
    paths = java.util.Collections.unmodifiableSet(new TreeSet<>(paths));
  }

  /** Whether the same event can get another decision a moment later. */
  public boolean isPerishable() {
    return paths.contains(MOMENT);
  }

  /** Whether a rule may read {@code field}, or something above or below it. */
  public boolean mayRead(String field) {
    for (String path : paths) {
      if (path.isEmpty()
          || path.equals(field)
          || field.startsWith(path + ".")
          || path.startsWith(field + ".")) {
        return true;
      }
    }
    return false;
  }
}
