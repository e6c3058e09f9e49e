// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;

/**
 * A statistic of n observations with its 95% percentile bootstrap interval.
 *
 * @param value of the observations themselves
 * @param low 2.5% quantile over resampled observations
 * @param high 97.5% quantile
 * @see <a href="https://doi.org/10.1007/978-1-4899-4541-9">Efron and Tibshirani 1993</a>, section
 *     13.3
 */
public record Estimate(double value, double low, double high) {
  private static final int BOOTSTRAP = 3; // counter c of Purpose.VALIDATION

  /**
   * Estimates a statistic. Draw b takes observation {@code Philox.below(n)} at (VALIDATION, b, i,
   * 3) in place i; quantiles are interpolated linearly between order statistics.
   *
   * @param observations n, 1 or more
   * @param draws resampled sets, 1 or more
   * @param statistic of the observations with these numbers, which may repeat, (n)
   */
  public static Estimate bootstrap(
      int observations, int draws, long seed, ToDoubleFunction<int[]> statistic) {
    int[] chosen = new int[observations];
    Arrays.setAll(chosen, i -> i);
    double value = statistic.applyAsDouble(chosen);
    double[] resampled = new double[draws];
    for (int b = 0; b < draws; b++) {
      for (int i = 0; i < observations; i++) {
        chosen[i] = Philox.below(observations, seed, Purpose.VALIDATION, b, i, BOOTSTRAP);
      }
      resampled[b] = statistic.applyAsDouble(chosen);
    }
    Arrays.sort(resampled);
    return new Estimate(value, quantile(resampled, 0.025), quantile(resampled, 0.975));
  }

  private static double quantile(double[] sorted, double share) {
    double place = share * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
