// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HistogramTest {
  @Test
  void countsEachValueOnce() {
    // 8 values: Rice's rule gives ceil(2 * 2) = 4 bins of width 1
    double[] values = {0, 0.5, 1, 1.5, 2, 3, 4, 4};
    boolean[] kept = {true, false, true, false, false, false, true, false};
    Histogram histogram = Histogram.of(values, kept);
    assertArrayEquals(new double[] {0, 1, 2, 3, 4}, histogram.edges());
    assertArrayEquals(new int[] {2, 2, 1, 3}, histogram.counts());
    assertArrayEquals(new int[] {1, 1, 0, 1}, histogram.selected());
    assertArrayEquals(new int[] {0, 0}, histogram.below());
    assertArrayEquals(new int[] {0, 0}, histogram.above());
  }

  @Test
  void gathersExtremeValuesBesideTheBins() {
    Random random = new Random(3);
    double[] values = new double[10_000];
    Arrays.setAll(values, s -> random.nextDouble());
    values[17] = -1e6;
    values[18] = 1e6;
    boolean[] kept = new boolean[values.length];
    kept[18] = true;
    Histogram histogram = Histogram.of(values, kept);
    assertEquals(44, histogram.counts().length, "ceil(2 * 10000^(1/3))");
    assertTrue(histogram.edges()[0] >= 0 && histogram.edges()[44] <= 1);
    assertEquals(50, histogram.below()[0], 1, "0.5 % of 10,000");
    assertEquals(50, histogram.above()[0], 1, "0.5 % of 10,000");
    assertArrayEquals(new int[] {0, 1}, new int[] {histogram.below()[1], histogram.above()[1]});
    int inside = Arrays.stream(histogram.counts()).sum();
    assertEquals(values.length, inside + histogram.below()[0] + histogram.above()[0]);
  }

  @Test
  void aConstantScoreIsOneBin() {
    Histogram histogram = Histogram.of(new double[] {2, 2, 2}, new boolean[3]);
    assertArrayEquals(new double[] {2, 2}, histogram.edges());
    assertArrayEquals(new int[] {3}, histogram.counts());
  }

  @Test
  void hasNoMoreBinsThanAPageShows() {
    double[] values = new double[100_000];
    Arrays.setAll(values, s -> s);
    assertEquals(60, Histogram.of(values, new boolean[values.length]).counts().length);
  }

  @Test
  void quantilesInterpolate() {
    double[] ascending = {1, 2, 4, 8};
    assertEquals(1, Quantiles.of(ascending, 0));
    assertEquals(3, Quantiles.of(ascending, 0.5));
    assertEquals(1.75, Quantiles.of(ascending, 0.25));
    assertEquals(8, Quantiles.of(ascending, 1));
    assertEquals(5, Quantiles.of(new double[] {5}, 0.3));
    assertEquals(3.75, Quantiles.mean(ascending));
  }
}
