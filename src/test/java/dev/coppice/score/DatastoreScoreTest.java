// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * On ridge regression retraining has a closed form and influence its exact meaning: scores with the
 * Hessian must predict retraining on halves, without it less well, and random numbers not at all.
 */
class DatastoreScoreTest {
  private static final int N = 400;
  private static final int D = 3;
  private static final double RIDGE = 0.5;
  private static final double[] SPREAD = {
    0.1, 1, 4
  }; // of the features: H is far from a multiple of I

  private final double[][] x = new double[N][D];
  private final double[] y = new double[N];
  private final int[] samples = IntStream.range(0, N).toArray();

  DatastoreScoreTest() {
    Random random = new Random(11);
    for (int s = 0; s < N; s++) {
      y[s] = 0.3 * random.nextGaussian();
      for (int i = 0; i < D; i++) {
        x[s][i] = SPREAD[i] * random.nextGaussian();
        y[s] += x[s][i] * (i == 1 ? -2 : 1.5);
      }
    }
  }

  /**
   * Minimum of RIDGE |theta|^2 / 2 plus the sum of (x.theta - y)^2 / 2 over the samples left,
   * divided by {@code count}.
   */
  private double[] trainWithout(int count, int... removed) {
    boolean[] without = new boolean[N];
    Arrays.stream(removed).forEach(s -> without[s] = true);
    double[][] matrix = new double[D][D + 1];
    for (int s = 0; s < N; s++) {
      for (int i = 0; i < D && !without[s]; i++) {
        for (int j = 0; j < D; j++) {
          matrix[i][j] += x[s][i] * x[s][j] / count;
        }
        matrix[i][D] += x[s][i] * y[s] / count;
      }
    }
    return solved(matrix);
  }

  /** Solution of (A + RIDGE I) z = b for the rows (A, b), by elimination. */
  private static double[] solved(double[][] rows) {
    for (int i = 0; i < D; i++) {
      rows[i][i] += RIDGE;
    }
    for (int i = 0; i < D; i++) {
      for (int below = i + 1; below < D; below++) {
        double factor = rows[below][i] / rows[i][i];
        for (int j = i; j <= D; j++) {
          rows[below][j] -= factor * rows[i][j];
        }
      }
    }
    double[] z = new double[D];
    for (int i = D - 1; i >= 0; i--) {
      double rest = rows[i][D];
      for (int j = i + 1; j < D; j++) {
        rest -= rows[i][j] * z[j];
      }
      z[i] = rest / rows[i][i];
    }
    return z;
  }

  private double error(int s, double[] theta) {
    double error = -y[s];
    for (int i = 0; i < D; i++) {
      error += x[s][i] * theta[i];
    }
    return error;
  }

  private double risk(double[] theta) {
    return Arrays.stream(samples).mapToDouble(s -> error(s, theta) * error(s, theta) / 2).sum() / N;
  }

  /** g(s) . q, with q = gbar or (H + RIDGE I)^-1 gbar. */
  private double[] scores(boolean curvature) {
    double[] theta = trainWithout(N);
    double[][] matrix = new double[D][D + 1];
    for (int s = 0; s < N; s++) {
      for (int i = 0; i < D; i++) {
        for (int j = 0; j < D; j++) {
          matrix[i][j] += x[s][i] * x[s][j] / N;
        }
        matrix[i][D] += x[s][i] * error(s, theta) / N;
      }
    }
    double[] q = Arrays.stream(matrix).mapToDouble(row -> row[D]).toArray();
    if (curvature) {
      q = solved(matrix);
    }
    double[] scores = new double[N];
    for (int s = 0; s < N; s++) {
      for (int i = 0; i < D; i++) {
        scores[s] += error(s, theta) * x[s][i] * q[i];
      }
    }
    return scores;
  }

  private List<int[]> halves(int count) {
    List<int[]> halves = new ArrayList<>();
    for (int number = 0; number < count; number++) {
      halves.add(Removals.half(samples, 42, number));
    }
    return halves;
  }

  private double[] retrained(List<int[]> removed) {
    return removed.stream().mapToDouble(set -> risk(trainWithout(N - set.length, set))).toArray();
  }

  @Test
  void exactInfluencePredictsRetrainingAndTheRestDoesNot() {
    List<int[]> halves = halves(100);
    DatastoreScore lds = new DatastoreScore(halves, retrained(halves), 1000, 42);
    Estimate influence = lds.of(scores(true));
    Estimate dot = lds.of(scores(false));
    double[] random = new Random(3).doubles(N).toArray();
    Estimate chance = lds.of(random);
    assertTrue(influence.value() > 0.95, "influence " + influence);
    assertTrue(influence.low() > 0.9 && influence.high() < 1, "influence " + influence);
    assertTrue(dot.high() < influence.low(), "gradient dot " + dot + ", influence " + influence);
    assertTrue(chance.low() < 0 && chance.high() > 0, "random " + chance);
    Estimate above = lds.difference(scores(true), scores(false));
    assertEquals(influence.value() - dot.value(), above.value(), 1e-12);
    assertTrue(above.low() > 0, "above gradient dot " + above);
    assertEquals(new Estimate(0, 0, 0), lds.difference(random, random));
  }

  @Test
  void oneSampleLeftOutChangesTheRiskByItsInfluenceOverN() {
    double[] influence = scores(true);
    double full = risk(trainWithout(N));
    double largest = Arrays.stream(influence).map(Math::abs).max().orElseThrow() / N;
    for (int s = 0; s < N; s += 37) {
      double change = risk(trainWithout(N, s)) - full;
      double predicted = DatastoreScore.predicted(List.of(new int[] {s}), influence)[0] / N;
      assertEquals(predicted, change, 0.1 * largest, "sample " + s);
    }
  }

  @Test
  void aConstantScoreRanksNothing() {
    List<int[]> sets = List.of(new int[] {0, 1}, new int[] {2, 3}, new int[] {1, 2});
    DatastoreScore lds = new DatastoreScore(sets, new double[] {1, 2, 3}, 100, 1);
    assertEquals(new Estimate(0, 0, 0), lds.of(new double[] {7, 7, 7, 7}));
  }

  @Test
  void sumsOverWhatIsRemoved() {
    double[] score = {1, 10, 100, 1000};
    List<int[]> sets = List.of(new int[] {0, 3}, new int[] {}, new int[] {1, 2});
    assertArrayEquals(new double[] {1001, 0, 110}, DatastoreScore.predicted(sets, score));
  }

  @Test
  void refusesWhatWasNotMeasured() {
    List<int[]> one = List.of(new int[] {0});
    assertThrows(
        IllegalArgumentException.class,
        () -> new DatastoreScore(one, new double[] {Double.NaN}, 100, 1));
    assertThrows(
        IllegalArgumentException.class, () -> new DatastoreScore(one, new double[2], 100, 1));
  }
}
