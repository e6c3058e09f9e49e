// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

class EstimateTest {
  private static ToDoubleFunction<int[]> mean(double... values) {
    return chosen -> Arrays.stream(chosen).mapToDouble(i -> values[i]).average().orElseThrow();
  }

  /**
   * The mean of n resampled values is near normal with their variance over n. A quantile of 20,000
   * draws is within 0.02 standard errors of the mean's (one standard deviation, at 1.96: sqrt(0.025
   * * 0.975 / 20000) / 0.0584); four of them and 0.03 for the distance to the normal are allowed.
   */
  @Test
  void givesTheNormalIntervalOfAMean() {
    int n = 400;
    double[] values = new double[n];
    double mean = 0;
    for (int i = 0; i < n; i++) {
      values[i] = Math.sin(12.9898 * i) * 3 + 7;
      mean += values[i] / n;
    }
    double variance = 0;
    for (double value : values) {
      variance += (value - mean) * (value - mean) / n;
    }
    double error = Math.sqrt(variance / n);
    Estimate estimate = Estimate.bootstrap(n, 20000, 7, mean(values));
    assertEquals(mean, estimate.value(), 1e-12);
    assertEquals(mean - 1.96 * error, estimate.low(), 0.11 * error);
    assertEquals(mean + 1.96 * error, estimate.high(), 0.11 * error);
  }

  @Test
  void resamplesWithReplacement() {
    // two observations: 0, 0.5 and 1 with shares of a quarter, a half and a quarter
    Estimate two = Estimate.bootstrap(2, 5000, 1, mean(0, 1));
    assertEquals(new Estimate(0.5, 0, 1), two);
    assertEquals(new Estimate(3, 3, 3), Estimate.bootstrap(1, 100, 1, mean(3)));
  }

  @Test
  void isAFunctionOfTheSeed() {
    ToDoubleFunction<int[]> statistic = mean(1, 5, 2, 8, 3, 9, 4.5, 0);
    Estimate first = Estimate.bootstrap(8, 101, 3, statistic);
    assertEquals(first, Estimate.bootstrap(8, 101, 3, statistic));
    assertNotEquals(first, Estimate.bootstrap(8, 101, 4, statistic));
  }
}
