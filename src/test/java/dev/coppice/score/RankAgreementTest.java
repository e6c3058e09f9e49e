// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RankAgreementTest {
  /** Ranks 0 1.5 1.5 3 against 0 2 1 3: covariance 4.5, variances 4.5 and 5. */
  @Test
  void tiesShareTheMeanOfTheirRanks() {
    assertArrayEquals(
        new double[] {3, 1.5, 0, 1.5}, RankAgreement.ranks(new double[] {9, 4, -1, 4}));
    assertEquals(
        4.5 / Math.sqrt(4.5 * 5),
        RankAgreement.spearman(new double[] {1, 2, 2, 3}, new double[] {10, 30, 20, 40}),
        1e-15);
  }

  /** Without ties 1 - 6 sum d^2 / (n (n^2 - 1)): differences 1 1 2 0 2 give 1 - 60/120. */
  @Test
  void agreesWithTheFormulaWithoutTies() {
    double[] x = {1, 2, 3, 4, 5};
    double[] y = {20, 10, 50, 40, 30};
    assertEquals(0.5, RankAgreement.spearman(x, y), 1e-15);
    assertEquals(1, RankAgreement.spearman(x, new double[] {1, 8, 27, 64, 1e9}), 0);
    assertEquals(-1, RankAgreement.spearman(x, new double[] {5, 4, 3, 2, -9}), 0);
  }

  @Test
  void equalNumbersHaveNoCorrelation() {
    assertTrue(Double.isNaN(RankAgreement.spearman(new double[3], new double[] {1, 2, 3})));
    assertTrue(Double.isNaN(RankAgreement.spearman(new double[] {1}, new double[] {1})));
    assertEquals(1, RankAgreement.spearman(new double[] {-0.0, 0.0, 1}, new double[] {5, 5, 6}));
  }

  @Test
  void countsTheHighestOfBoth() {
    double[] x = {9, 8, 7, 1, 2, 3};
    double[] y = {9, 1, 7, 8, 2, 3};
    assertEquals(1, RankAgreement.topOverlap(x, y, 1));
    assertEquals(0.5, RankAgreement.topOverlap(x, y, 2));
    assertEquals(2.0 / 3, RankAgreement.topOverlap(x, y, 3));
    assertEquals(1, RankAgreement.topOverlap(x, y, 6));
    assertEquals(1, RankAgreement.topOverlap(new double[6], new double[] {6, 5, 4, 3, 2, 1}, 3));
  }

  @Test
  void refusesWhatCannotBe() {
    double[] two = {1, 2};
    assertThrows(IllegalArgumentException.class, () -> RankAgreement.spearman(two, new double[1]));
    assertThrows(IllegalArgumentException.class, () -> RankAgreement.topOverlap(two, two, 3));
    assertThrows(IllegalArgumentException.class, () -> RankAgreement.topOverlap(two, two, 0));
  }
}
