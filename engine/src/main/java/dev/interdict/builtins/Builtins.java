package dev.interdict.builtins;

import java.util.HashMap;
import java.util.Map;

/**
 * The builtins that the host computes, by name. {@code policies/compiler/builtins.txt} lists for
 * the compiler what policies may use; a test compares the two.
 */
public final class Builtins {
  private static final Map<String, Builtin> ALL = new HashMap<>();

  static {
    CollectionBuiltins.addTo(ALL);
    DigestBuiltins.addTo(ALL);
    JsonBuiltins.addTo(ALL);
    Moment.addTo(ALL);
    NetBuiltins.addTo(ALL);
    NumberBuiltins.addTo(ALL);
    RegexBuiltins.addTo(ALL);
    TextBuiltins.addTo(ALL);
    TimeBuiltins.addTo(ALL);
    UrlBuiltins.addTo(ALL);
    UuidBuiltins.addTo(ALL);
  }

  private Builtins() {}

  /** The builtin of this name; null if there is none. */
  public static Builtin find(String name) {
    return ALL.get(name);
  }

  /** Names of all of them. */
  static java.util.Set<String> names() {
    return java.util.Set.copyOf(ALL.keySet());
  }
}
