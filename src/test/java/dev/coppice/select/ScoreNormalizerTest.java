// SPDX-License-Identifier: Apache-2.0
package dev.coppice.select;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ScoreNormalizerTest {
  @Test
  void scalesTheRangeToZeroAndOne() {
    assertArrayEquals(
        new double[] {0.25, 0, 1, 0.5}, ScoreNormalizer.minmax(new double[] {-1, -3, 5, 1}));
  }

  @Test
  void aConstantScoreNormalizesToZero() {
    assertArrayEquals(new double[3], ScoreNormalizer.minmax(new double[] {7, 7, 7}));
    assertArrayEquals(new double[1], ScoreNormalizer.minmax(new double[] {-2}));
    assertArrayEquals(new double[0], ScoreNormalizer.minmax(new double[0]));
  }

  @Test
  void leavesItsInputAlone() {
    double[] scores = {3, 1, 2};
    ScoreNormalizer.minmax(scores);
    assertArrayEquals(new double[] {3, 1, 2}, scores);
  }

  @Test
  void survivesARangeWiderThanDouble() {
    double[] scaled = ScoreNormalizer.minmax(new double[] {-Double.MAX_VALUE, 0, Double.MAX_VALUE});
    assertArrayEquals(new double[] {0, 0.5, 1}, scaled);
  }

  @Test
  void survivesARangeOfOneUnitInTheLastPlace() {
    assertArrayEquals(
        new double[] {0, 1}, ScoreNormalizer.minmax(new double[] {1, Math.nextUp(1.0)}));
    assertArrayEquals(new double[] {0, 1}, ScoreNormalizer.minmax(new double[] {0, 4.9e-324}));
  }

  @Test
  void keepsTheOrderAndStaysInRange() {
    SplittableRandom random = new SplittableRandom(5);
    double[] scores = random.doubles(500, -1e3, 1e-3).toArray();
    double[] scaled = ScoreNormalizer.minmax(scores);
    for (int i = 0; i < scores.length; i++) {
      assertTrue(scaled[i] >= 0 && scaled[i] <= 1, "score " + i);
      for (int j = 0; j < scores.length; j++) {
        assertTrue(scores[i] > scores[j] || scaled[i] <= scaled[j], i + " and " + j);
      }
    }
  }

  @Test
  void refusesWhatIsNotFinite() {
    for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> ScoreNormalizer.minmax(new double[] {1, bad, 2}));
      assertEquals("score 1 is " + bad, e.getMessage());
    }
  }
}
