// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import java.util.List;

/**
 * Linear datastore score (LDS): how well sums of a sample score rank what retraining without those
 * samples does.
 *
 * <p>{@code p_j = sum_{s in R_j} score(s)}, {@code LDS = Spearman(f_j, p_j)} over removed sets R_j
 * and the f_j measured after training without them. Park et al. sum over the samples kept, the same
 * but for a constant and the sign: here a positive score predicts that f rises when the sample is
 * removed, as influence on a risk does.
 *
 * @see <a href="https://arxiv.org/abs/2303.14186">Park et al., ICML 2023</a>, section 2
 */
public final class DatastoreScore {
  private final List<int[]> removed;
  private final double[] measured;
  private final int draws;
  private final long seed;

  /**
   * Takes what retraining gave.
   *
   * @param removed sets of sample ids, (M)
   * @param measured what was measured without each of them, finite, (M)
   * @param draws of the bootstrap
   * @param seed of the bootstrap
   * @throws IllegalArgumentException if the numbers differ or one is not finite
   */
  public DatastoreScore(List<int[]> removed, double[] measured, int draws, long seed) {
    if (removed.size() != measured.length) {
      throw new IllegalArgumentException(removed.size() + " sets, " + measured.length + " values");
    }
    for (double value : measured) {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("a measured value is " + value);
      }
    }
    this.removed = List.copyOf(removed);
    this.measured = measured.clone();
    this.draws = draws;
    this.seed = seed;
  }

  /**
   * Sums of a score over sets, each in ascending order of the ids as given.
   *
   * @param score by sample id
   */
  public static double[] predicted(List<int[]> removed, double[] score) {
    double[] sums = new double[removed.size()];
    for (int j = 0; j < sums.length; j++) {
      for (int sample : removed.get(j)) {
        sums[j] += score[sample];
      }
    }
    return sums;
  }

  /**
   * LDS of a score, the interval by resampling the sets.
   *
   * @param score by sample id
   */
  public Estimate of(double[] score) {
    double[] predicted = predicted(removed, score);
    return Estimate.bootstrap(
        measured.length,
        draws,
        seed,
        chosen -> correlation(at(measured, chosen), at(predicted, chosen)));
  }

  /**
   * How much larger the LDS of one score is than that of another, over the same resampled sets.
   *
   * @param score by sample id
   * @param other by sample id
   */
  public Estimate difference(double[] score, double[] other) {
    double[] predicted = predicted(removed, score);
    double[] against = predicted(removed, other);
    return Estimate.bootstrap(
        measured.length,
        draws,
        seed,
        chosen -> {
          double[] values = at(measured, chosen);
          return correlation(values, at(predicted, chosen))
              - correlation(values, at(against, chosen));
        });
  }

  /** Spearman's; 0 where one side is constant, as some resampled sets may be, and ranks nothing. */
  private static double correlation(double[] x, double[] y) {
    double correlation = RankAgreement.spearman(x, y);
    return Double.isNaN(correlation) ? 0 : correlation;
  }

  private static double[] at(double[] values, int[] chosen) {
    double[] picked = new double[chosen.length];
    for (int i = 0; i < chosen.length; i++) {
      picked[i] = values[chosen[i]];
    }
    return picked;
  }
}
