// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import java.util.Arrays;

/** Rank correlation of Spearman: Pearson's correlation of the ranks, ties at their mean rank. */
public final class Spearman {
  private Spearman() {}

  /**
   * The correlation, in [-1, 1]; 0 where one side is constant and so ranks nothing.
   *
   * @param x values, (n)
   * @param y values, (n)
   * @throws IllegalArgumentException if lengths differ or a value is NaN
   */
  public static double of(double[] x, double[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(x.length + " values against " + y.length);
    }
    long[] ranksOfX = doubledRanks(x);
    long[] ranksOfY = doubledRanks(y);
    long mean = x.length - 1L; // twice (n - 1) / 2
    double both = 0; // whole numbers, exact up to 2 million values
    double squaresOfX = 0;
    double squaresOfY = 0;
    for (int i = 0; i < x.length; i++) {
      double dx = ranksOfX[i] - mean;
      double dy = ranksOfY[i] - mean;
      both += dx * dy;
      squaresOfX += dx * dx;
      squaresOfY += dy * dy;
    }
    double norm = Math.sqrt(squaresOfX * squaresOfY);
    return norm == 0 ? 0 : Math.max(-1, Math.min(1, both / norm));
  }

  /** Twice the rank of each value, from 0: tied ranks are halves. */
  private static long[] doubledRanks(double[] values) {
    double[] sorted = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      if (Double.isNaN(values[i])) {
        throw new IllegalArgumentException("value " + i + " is NaN");
      }
      sorted[i] = values[i] + 0.0; // -0 and 0 are a tie
    }
    Arrays.sort(sorted);
    long[] first = new long[values.length]; // by place: first and last place of its ties
    long[] ranks = new long[values.length];
    for (int from = 0; from < sorted.length; ) {
      int to = from;
      while (to < sorted.length && sorted[to] == sorted[from]) {
        to++;
      }
      Arrays.fill(first, from, to, from + to - 1L);
      from = to;
    }
    for (int i = 0; i < values.length; i++) {
      ranks[i] = first[Arrays.binarySearch(sorted, values[i] + 0.0)];
    }
    return ranks;
  }
}
