// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class SpearmanTest {
  @Test
  void givesTiesTheirMeanRank() {
    double[] x = {1, 2, 2, 3};
    double[] y = {10, 30, 20, 40};
    // ranks 1 2.5 2.5 4 and 1 3 2 4: 4.5 / sqrt(4.5 * 5)
    assertEquals(4.5 / Math.sqrt(22.5), Spearman.of(x, y), 1e-15);
    assertEquals(4.5 / Math.sqrt(22.5), Spearman.of(y, x), 1e-15);
    double[] tiedWithX = {7, 7, 7, 9}; // ranks 2 2 2 4: (1.5*.5 + 1.5*1.5) / sqrt(4.5 * 3)
    assertEquals(3 / Math.sqrt(13.5), Spearman.of(x, tiedWithX), 1e-15);
  }

  @Test
  void seesTheOrderOnly() {
    double[] x = {3, -1, 40, 0.5, 2};
    double[] cubes = {27, -1, 64000, 0.125, 8};
    double[] opposite = {-3, 1, -40, -0.5, -2};
    assertEquals(1, Spearman.of(x, cubes));
    assertEquals(-1, Spearman.of(x, opposite));
    // d = 1 1 0 0 0 after one exchange: 1 - 6 * 2 / (5 * 24)
    assertEquals(
        0.9, Spearman.of(new double[] {1, 2, 3, 4, 5}, new double[] {2, 1, 3, 4, 5}), 1e-15);
  }

  @Test
  void takesBothZerosForATieAndAConstantForNoRanking() {
    assertEquals(0, Spearman.of(new double[] {0.0, -0.0}, new double[] {1, 2}));
    assertEquals(0, Spearman.of(new double[] {1, 2, 3}, new double[] {5, 5, 5}));
    assertEquals(0, Spearman.of(new double[0], new double[0]));
    assertEquals(
        1,
        Spearman.of(
            new double[] {Double.NEGATIVE_INFINITY, 0, Double.POSITIVE_INFINITY},
            new double[] {1, 2, 3}));
  }

  @Test
  void refusesNaNAndLengthsThatDiffer() {
    double[] two = {1, 2};
    assertThrows(
        IllegalArgumentException.class, () -> Spearman.of(two, new double[] {1, Double.NaN}));
    assertThrows(IllegalArgumentException.class, () -> Spearman.of(two, new double[] {1}));
  }
}
