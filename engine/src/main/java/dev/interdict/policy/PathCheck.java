package dev.interdict.policy;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds what no path can be or match. The kernel reports absolute paths in their shortest form:
 * nothing else begins with, ends with or equals one.
 */
final class PathCheck {
  /** A text behind ^ that is not a slash, and is there for certain. */
  private static final Pattern ANCHORED = Pattern.compile("\\^[A-Za-z0-9_~$-](?![*?{|]).*");

  private static final Pattern WILDCARD = Pattern.compile("[*?\\[{\\\\]");

  private static final Pattern LONGER = Pattern.compile("/\\.{0,2}/");

  /** Links that lead each process to what is its own. */
  private static final Pattern OWN =
      Pattern.compile("^(/proc/(self|thread-self)|/dev/(fd|stdin|stdout|stderr))(/|$)");

  private PathCheck() {}

  /**
   * Why {@code text} never holds for this fact, and what to write; null if it may, or if it is no
   * path.
   */
  static String problem(Field field, Operator operator, String text) {
    if (!(field.isPath() || field.isCgroupPath()) || text.isEmpty()) {
      return null;
    }
    String begins = text.substring(0, beginning(operator, text));
    if (field.isCgroupPath() && (begins + "/").startsWith(ScopeReader.MOUNT + "/")) {
      return "\"" + text + "\"" + ScopeReader.cgroupProblem(begins.replaceFirst("/+$", ""));
    }
    if (field.isPath() && OWN.matcher(begins).find()) {
      return "\""
          + text
          + "\" is another file for each process, and here the engine's own; for that of any process"
          + " write a glob, such as {glob: \"/proc/*/mem\"}";
    }
    return switch (operator) {
      case EQUALS, IN, NOT_IN -> literal(text);
      case UNDER -> text.equals("/") ? "every path is under /; leave this out" : literal(text);
      case PREFIX -> text.startsWith("/") ? longer(text, begins) : relative("begins with", text);
      case SUFFIX ->
          text.endsWith("/") && !text.equals("/")
              ? "no path ends with a slash, so none ends with \"" + text + "\""
              : null;
      case CONTAINS ->
          text.equals("/")
              ? "every path contains /; leave this out"
              : LONGER.matcher(text).find() ? notShortest(text) : null;
      case GLOB ->
          "/*?[{\\".indexOf(text.charAt(0)) >= 0 ? longer(text, begins) : relative("matches", text);
      case REGEX ->
          ANCHORED.matcher(text).matches() ? relative("begins with", text.substring(1)) : null;
      default -> null;
    };
  }

  /** How much of the text stands at the beginning of each path that it holds for. */
  private static int beginning(Operator operator, String text) {
    return switch (operator) {
      case EQUALS, IN, NOT_IN, UNDER, PREFIX -> text.length();
      case GLOB -> {
        Matcher wildcard = WILDCARD.matcher(text);
        yield wildcard.find() ? wildcard.start() : text.length();
      }
      default -> 0;
    };
  }

  private static String longer(String text, String begins) {
    return LONGER.matcher(begins).find() ? notShortest(text) : null;
  }

  private static String literal(String path) {
    if (!path.startsWith("/")) {
      return relative("is", path);
    }
    boolean normal = path.equals("/") || !(path + "/").matches(".*/(\\.{0,2})/.*");
    return normal ? null : notShortest(path);
  }

  private static String notShortest(String path) {
    return "\""
        + path
        + "\" is not in its shortest form (//, /./, /../ or a / at the end) and never occurs";
  }

  private static String relative(String verb, String text) {
    String hint =
        text.startsWith("~") || text.startsWith("$")
            ? "; home folders and variables are not filled in: write /home/*/ in a glob, or /root/"
            : text.startsWith("memfd:")
                ? "; files in memory are reported as /memfd:NAME"
                : "; the kernel reports absolute paths only: begin with /";
    return "no path " + verb + " \"" + text + "\"" + hint;
  }
}
