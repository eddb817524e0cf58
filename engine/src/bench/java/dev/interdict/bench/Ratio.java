package dev.interdict.bench;

import java.util.Arrays;
import java.util.Locale;

/**
 * Two times of the same work, taken in turn, round by round: what the machine does meanwhile hits
 * both.
 */
final class Ratio {
  private final String name;
  private final String ours;
  private final String theirs;
  private final double[] first;
  private final double[] second;
  private int rounds;

  Ratio(String name, String ours, String theirs, int rounds) {
    this.name = name;
    this.ours = ours;
    this.theirs = theirs;
    this.first = new double[rounds];
    this.second = new double[rounds];
  }

  void add(double oursNs, double theirsNs) {
    first[rounds] = oursNs;
    second[rounds++] = theirsNs;
  }

  /** Medians, and the ratio round by round: median, and the middle half of it. */
  @Override
  public String toString() {
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      ratios[i] = first[i] / second[i];
    }
    return String.format(
        Locale.ROOT,
        "%-34s %s %.1f ns, %s %.1f ns, ratio %.2f (%.2f to %.2f, %d rounds)",
        name,
        ours,
        quantile(first, 0.5),
        theirs,
        quantile(second, 0.5),
        quantile(ratios, 0.5),
        quantile(ratios, 0.25),
        quantile(ratios, 0.75),
        rounds);
  }

  private double quantile(double[] values, double part) {
    double[] sorted = Arrays.copyOf(values, rounds);
    Arrays.sort(sorted);
    return sorted[(int) Math.round(part * (rounds - 1))];
  }
}
