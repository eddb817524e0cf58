package dev.interdict.builtins;

import java.math.BigInteger;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A version as Semantic Versioning 2.0.0 defines it, with or without a leading v. */
record SemVer(long major, long minor, long patch, List<String> preRelease)
    implements Comparable<SemVer> {
  private static final String NUMBER = "(0|[1-9][0-9]{0,18})";
  private static final String IDENTIFIERS = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*+";
  private static final Pattern FORM =
      Pattern.compile(
          "v?"
              + NUMBER
              + "\\."
              + NUMBER
              + "\\."
              + NUMBER
              + "(?:-("
              + IDENTIFIERS
              + "))?(?:\\+"
              + IDENTIFIERS
              + ")?");

  /** Reads a version; null if it is none. */
  static SemVer parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return null;
    }
    List<String> preRelease =
        form.group(4) == null ? List.of() : List.of(form.group(4).split("\\.", -1));
    if (preRelease.stream().anyMatch(p -> p.length() > 1 && p.startsWith("0") && isNumber(p))) {
      return null;
    }
    try {
      return new SemVer(
          Long.parseLong(form.group(1)),
          Long.parseLong(form.group(2)),
          Long.parseLong(form.group(3)),
          preRelease);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  @Override
  public int compareTo(SemVer o) {
    int order = Long.compare(major, o.major);
    order = order != 0 ? order : Long.compare(minor, o.minor);
    order = order != 0 ? order : Long.compare(patch, o.patch);
    if (order != 0 || preRelease.equals(o.preRelease)) {
      return order;
    }
    if (preRelease.isEmpty() || o.preRelease.isEmpty()) {
      return preRelease.isEmpty() ? 1 : -1;
    }
    for (int i = 0; i < Math.min(preRelease.size(), o.preRelease.size()); i++) {
      order = compareIdentifiers(preRelease.get(i), o.preRelease.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(preRelease.size(), o.preRelease.size());
  }

  private static int compareIdentifiers(String a, String b) {
    if (isNumber(a) != isNumber(b)) {
      return isNumber(a) ? -1 : 1;
    }
    int order = isNumber(a) ? new BigInteger(a).compareTo(new BigInteger(b)) : a.compareTo(b);
    return Integer.signum(order);
  }

  private static boolean isNumber(String text) {
    return text.chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
