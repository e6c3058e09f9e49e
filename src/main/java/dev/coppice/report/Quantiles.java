// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

/** Quantiles of a sorted sample. */
final class Quantiles {
  private Quantiles() {}

  /**
   * The quantile by linear interpolation between order statistics (Hyndman and Fan's type 7).
   *
   * @param ascending finite values, ascending, at least one
   * @param share in [0, 1]; 0.5 is the median
   */
  static double of(double[] ascending, double share) {
    double place = share * (ascending.length - 1);
    int below = (int) Math.floor(place);
    int above = Math.min(below + 1, ascending.length - 1);
    double weight = place - below;
    return ascending[below] * (1 - weight) + ascending[above] * weight;
  }

  /** The arithmetic mean. */
  static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }
}
