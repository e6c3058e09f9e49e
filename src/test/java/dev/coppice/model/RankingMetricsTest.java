// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.coppice.data.Sequences;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RankingMetricsTest {
  private static int[] ranking(int... best) {
    int[] ranking = new int[RankingMetrics.DEPTH];
    Arrays.fill(ranking, -1);
    System.arraycopy(best, 0, ranking, 0, best.length);
    return ranking;
  }

  /** Answers 3, 8, 70: found at ranks 2 and 7, one never. */
  @Test
  void countsHitsAndDiscountsThemByRank() {
    RankingMetrics.Sum sum = new RankingMetrics.Sum();
    Sequences answers = new Sequences(new int[] {0, 3}, new int[] {3, 8, 70});
    sum.add(ranking(1, 3, 4, 5, 6, 7, 8, 9), 0, answers, 0);
    RankingMetrics metrics = sum.mean();
    double ideal = 1 + 1 / log2(3) + 1 / log2(4);
    assertEquals(1.0 / 3, metrics.recallAt(5), 1e-15);
    assertEquals(2.0 / 3, metrics.recallAt(10), 1e-15);
    assertEquals(2.0 / 3, metrics.recallAt(50), 1e-15);
    assertEquals(1 / log2(3) / ideal, metrics.ndcgAt(5), 1e-15);
    assertEquals((1 / log2(3) + 1 / log2(8)) / ideal, metrics.ndcgAt(10), 1e-15);
  }

  /** With more answers than places, a full list of hits is worth 1. */
  @Test
  void dividesByTheBestThatTheCutoffAllows() {
    RankingMetrics.Sum sum = new RankingMetrics.Sum();
    Sequences answers = new Sequences(new int[] {0, 6}, new int[] {1, 2, 3, 4, 5, 6});
    sum.add(ranking(6, 5, 4, 3, 2, 1), 0, answers, 0);
    RankingMetrics metrics = sum.mean();
    assertEquals(5.0 / 6, metrics.recallAt(5), 1e-15);
    assertEquals(1, metrics.ndcgAt(5), 1e-15);
    assertEquals(1, metrics.ndcgAt(10), 1e-15);
  }

  @Test
  void averagesOverUsers() {
    RankingMetrics.Sum sum = new RankingMetrics.Sum();
    Sequences answers = new Sequences(new int[] {0, 1, 2}, new int[] {9, 2});
    int[] rankings = new int[2 * RankingMetrics.DEPTH];
    rankings[0] = 9; // the first user's answer at the top, the second's at rank 11
    rankings[RankingMetrics.DEPTH + 10] = 2;
    sum.add(rankings, 0, answers, 0);
    sum.add(rankings, RankingMetrics.DEPTH, answers, 1);
    RankingMetrics metrics = sum.mean();
    assertEquals(2, metrics.users());
    assertEquals(0.5, metrics.recallAt(10), 1e-15);
    assertEquals(1, metrics.recallAt(20), 1e-15);
    assertEquals((1 + 1 / log2(12)) / 2, metrics.ndcgAt(20), 1e-15);
    assertThrows(IllegalArgumentException.class, () -> metrics.recallAt(7));
  }

  @Test
  void isZeroWithoutUsers() {
    RankingMetrics metrics = new RankingMetrics.Sum().mean();
    assertEquals(0, metrics.users());
    assertEquals(0, metrics.ndcgAt(50));
  }

  private static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }
}
