package dev.interdict.lsm;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one run of the attack tool printed.
 *
 * @param result {@code ok}, an errno by name, {@code wrong} or {@code unprepared}
 * @param facts all that came after it, by key
 */
record Answer(String result, Map<String, String> facts) {
  /** The run that printed nothing: it was killed. */
  static final Answer NONE = new Answer("none", Map.of());

  static Answer parse(String line) {
    Map<String, String> facts = new LinkedHashMap<>();
    for (String word : line.strip().split(" ", -1)) {
      int equals = word.indexOf('=');
      if (equals > 0) {
        facts.put(word.substring(0, equals), word.substring(equals + 1));
      }
    }
    String result = facts.remove("result");
    return result == null ? NONE : new Answer(result, facts);
  }

  boolean ok() {
    return result.equals("ok");
  }

  String fact(String key) {
    return facts.getOrDefault(key, "");
  }

  /**
   * @throws NumberFormatException if there is no such number
   */
  long number(String key) {
    return Long.parseLong(fact(key));
  }

  @Override
  public String toString() {
    return "result=" + result + " " + facts;
  }
}
