// SPDX-License-Identifier: Apache-2.0
package dev.coppice.select;

/** Min-max scaling of scores to [0, 1]. */
public final class ScoreNormalizer {
  private ScoreNormalizer() {}

  /**
   * The scores scaled to [0, 1] by their own range.
   *
   * <p>{@code out[s] = (x[s] - min x) / (max x - min x)}; all zero where {@code x} is constant.
   *
   * @param scores finite scores in any unit, (B); not changed
   * @return normalized scores without unit, (B); empty for empty input
   * @throws IllegalArgumentException if a score is NaN or infinite
   */
  public static double[] minmax(double[] scores) {
    Range range = Range.of(scores);
    double[] out = new double[scores.length];
    for (int s = 0; s < scores.length; s++) {
      out[s] = range.fraction(scores[s]);
    }
    return out;
  }

  /** The closed range of a set of finite values; {@code lo > hi} where the set is empty. */
  record Range(double lo, double hi) {
    static Range of(double[] values) {
      double lo = Double.POSITIVE_INFINITY;
      double hi = Double.NEGATIVE_INFINITY;
      for (int s = 0; s < values.length; s++) {
        if (!Double.isFinite(values[s])) {
          throw new IllegalArgumentException("score " + s + " is " + values[s]);
        }
        lo = Math.min(lo, values[s]);
        hi = Math.max(hi, values[s]);
      }
      return new Range(lo, hi);
    }

    /** Whether one stratum holds everything: a constant score has no width to cut. */
    boolean isPoint() {
      return lo == hi;
    }

    /** Where {@code value} lies in the range, 0 at lo and 1 at hi; 0 where lo = hi. */
    double fraction(double value) {
      if (isPoint()) {
        return 0;
      }
      double width = hi - lo;
      if (Double.isInfinite(width)) { // lo and hi near the ends of double: halves do not overflow
        return (value / 2 - lo / 2) / (hi / 2 - lo / 2);
      }
      return (value - lo) / width;
    }
  }
}
