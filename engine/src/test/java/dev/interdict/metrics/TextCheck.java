package dev.interdict.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the text format as its description says, and takes nothing else. */
final class TextCheck {
  private static final Pattern HELP = Pattern.compile("# HELP ([a-z_]+) (.*)");
  private static final Pattern TYPE = Pattern.compile("# TYPE ([a-z_]+) (counter|gauge|histogram)");
  private static final Pattern SAMPLE =
      Pattern.compile("([a-z_]+)(?:\\{(.*)})? (-?\\d+(?:\\.\\d+)?(?:E-?\\d+)?)");
  private static final Pattern LABEL =
      Pattern.compile("([a-z_]+)=\"((?:[^\"\\\\\\n]|\\\\[\\\\\"n])*)\"(?:,|$)");

  /** By name and labels, as {@code name{a="b"}}. */
  final Map<String, Double> samples = new LinkedHashMap<>();

  final Map<String, String> types = new HashMap<>();

  private TextCheck() {}

  static TextCheck of(String text) {
    assertTrue(text.endsWith("\n"), "the last line has an end");
    TextCheck read = new TextCheck();
    Set<String> ended = new HashSet<>();
    String now = null;
    boolean typed = false;
    for (String line : text.split("\n", -1)) {
      Matcher help = HELP.matcher(line);
      Matcher type = TYPE.matcher(line);
      Matcher sample = SAMPLE.matcher(line);
      if (help.matches()) {
        now = help.group(1);
        assertTrue(ended.add(now), now + " comes twice");
        assertFalse(help.group(2).isBlank(), now);
        typed = false;
      } else if (type.matches()) {
        assertEquals(now, type.group(1));
        read.types.put(now, type.group(2));
        typed = true;
      } else if (sample.matches()) {
        assertTrue(typed, line);
        read.sample(now, sample, line);
      } else {
        assertEquals("", line);
      }
    }
    return read;
  }

  private void sample(String metric, Matcher sample, String line) {
    String name = sample.group(1);
    String type = types.get(metric);
    assertTrue(
        type.equals("histogram")
            ? Set.of(metric + "_bucket", metric + "_sum", metric + "_count").contains(name)
            : metric.equals(name),
        line + " is none of " + metric);
    assertEquals(type.equals("counter"), metric.endsWith("_total"), metric);
    Set<String> labels = new HashSet<>();
    if (sample.group(2) != null) {
      Matcher label = LABEL.matcher(sample.group(2));
      int at = 0;
      while (label.find() && label.start() == at) {
        assertTrue(labels.add(label.group(1)), line);
        at = label.end();
      }
      assertEquals(sample.group(2).length(), at, line);
    }
    double value = Double.parseDouble(sample.group(3));
    assertTrue(type.equals("gauge") || value >= 0, line);
    String key = name + (sample.group(2) == null ? "" : "{" + sample.group(2) + "}");
    assertEquals(null, samples.put(key, value), line);
  }

  double value(String sample) {
    assertNotNull(samples.get(sample), sample + " is not among " + samples.keySet());
    return samples.get(sample);
  }
}
