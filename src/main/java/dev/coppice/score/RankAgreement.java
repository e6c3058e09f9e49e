// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import java.util.Arrays;
import java.util.stream.IntStream;

/** How alike two scores order the same samples. */
public final class RankAgreement {
  private RankAgreement() {}

  /**
   * Spearman's rank correlation: Pearson's correlation of the ranks, equal values sharing the mean
   * of their ranks.
   *
   * @param x finite, (B)
   * @param y finite, (B)
   * @return in [-1, 1]; NaN if all values of x or of y are equal, or B is below 2
   * @see <a href="https://doi.org/10.2307/1412159">Spearman 1904</a>
   */
  public static double spearman(double[] x, double[] y) {
    requireSame(x, y);
    double[] a = ranks(x);
    double[] b = ranks(y);
    double mean = (x.length - 1) / 2.0;
    double covariance = 0;
    double varianceA = 0;
    double varianceB = 0;
    for (int i = 0; i < a.length; i++) {
      covariance += (a[i] - mean) * (b[i] - mean);
      varianceA += (a[i] - mean) * (a[i] - mean);
      varianceB += (b[i] - mean) * (b[i] - mean);
    }
    double correlation = covariance / Math.sqrt(varianceA * varianceB);
    return Math.max(-1, Math.min(1, correlation)); // NaN stays NaN
  }

  /** Ranks from 0, ascending; equal values share the mean of theirs, (B). */
  static double[] ranks(double[] values) {
    int[] order = ascending(values);
    double[] ranks = new double[values.length];
    int from = 0;
    while (from < order.length) {
      int to = from;
      while (to < order.length && values[order[to]] == values[order[from]]) {
        to++;
      }
      for (int k = from; k < to; k++) {
        ranks[order[k]] = (from + to - 1) / 2.0;
      }
      from = to;
    }
    return ranks;
  }

  private static int[] ascending(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted((i, j) -> Double.compare(values[i], values[j]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * Share of the n highest of x that are among the n highest of y, equal values by index.
   *
   * @param n 1 to B
   */
  public static double topOverlap(double[] x, double[] y, int n) {
    requireSame(x, y);
    if (n < 1 || n > x.length) {
      throw new IllegalArgumentException("the top " + n + " of " + x.length);
    }
    boolean[] top = new boolean[x.length];
    Arrays.stream(highest(x, n)).forEach(i -> top[i] = true);
    return (double) Arrays.stream(highest(y, n)).filter(i -> top[i]).count() / n;
  }

  private static int[] highest(double[] values, int n) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted((i, j) -> Double.compare(values[j], values[i])) // stable: equal values by index
        .limit(n)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static void requireSame(double[] x, double[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(x.length + " and " + y.length + " values");
    }
  }
}
