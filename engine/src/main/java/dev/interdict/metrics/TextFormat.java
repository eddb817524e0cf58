package dev.interdict.metrics;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Samples as Prometheus reads them: its text format, version 0.0.4. Written by hand, since it is
 * these few lines: the client libraries bring registries and servers of their own, in eight jars.
 * For one thread.
 */
final class TextFormat {
  /** What a scraper is told that it gets. */
  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private static final double NS_PER_SECOND = 1e9;

  private final Map<Metric, StringBuilder> samples = new EnumMap<>(Metric.class);

  /** One sample; as many values of labels as the metric has labels. */
  TextFormat add(Metric metric, double value, String... labels) {
    line(metric, "", metric.labels(), List.of(labels), number(value));
    return this;
  }

  /** The same of a count. */
  TextFormat add(Metric metric, long value, String... labels) {
    line(metric, "", metric.labels(), List.of(labels), Long.toString(value));
    return this;
  }

  /** A yes or no, as 1 or 0. */
  TextFormat add(Metric metric, boolean value, String... labels) {
    return add(metric, value ? 1L : 0L, labels);
  }

  /**
   * A histogram without labels.
   *
   * @param boundsNs upper bounds of the buckets, rising
   * @param counts of each bucket alone, and one more of what is above the last
   */
  TextFormat histogram(Metric metric, long[] boundsNs, long[] counts, long sumNs) {
    long below = 0;
    for (int i = 0; i < counts.length; i++) {
      below += counts[i];
      String bound = i < boundsNs.length ? number(boundsNs[i] / NS_PER_SECOND) : "+Inf";
      line(metric, "_bucket", List.of("le"), List.of(bound), Long.toString(below));
    }
    line(metric, "_sum", List.of(), List.of(), number(sumNs / NS_PER_SECOND));
    line(metric, "_count", List.of(), List.of(), Long.toString(below));
    return this;
  }

  private void line(
      Metric metric, String suffix, List<String> labels, List<String> values, String number) {
    if (labels.size() != values.size()) {
      throw new IllegalArgumentException(metric + " has the labels " + labels + ", not " + values);
    }
    StringBuilder text = samples.computeIfAbsent(metric, first -> new StringBuilder());
    text.append(metric.metric()).append(suffix);
    for (int i = 0; i < labels.size(); i++) {
      text.append(i == 0 ? '{' : ',').append(labels.get(i)).append("=\"");
      text.append(escaped(values.get(i)).replace("\"", "\\\"")).append('"');
    }
    text.append(labels.isEmpty() ? " " : "} ").append(number).append('\n');
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\n", "\\n");
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1L << 53
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  /** All metrics that have samples, each with its help and type, in the order of the list. */
  String text() {
    StringBuilder all = new StringBuilder();
    samples.forEach(
        (metric, lines) ->
            all.append("# HELP ")
                .append(metric.metric())
                .append(' ')
                .append(escaped(metric.help()))
                .append("\n# TYPE ")
                .append(metric.metric())
                .append(' ')
                .append(metric.type().name().toLowerCase(Locale.ROOT))
                .append('\n')
                .append(lines));
    return all.toString();
  }
}
