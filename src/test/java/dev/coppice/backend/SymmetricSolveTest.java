// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A backward stable solve leaves {@code |a x - b| <= c n^2 2^-53 max|a| max|x|}; c = 16 allows for
 * the growth of pivoted elimination on random matrices.
 */
class SymmetricSolveTest {
  private static final double UNIT = 0x1p-53;

  /** Symmetric, and positive definite with {@code shift} n. */
  private static double[] matrix(int n, double shift) {
    Random random = new Random(n);
    double[] a = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        a[i * n + j] = random.nextGaussian();
        a[j * n + i] = a[i * n + j];
      }
      a[i * n + i] += shift * n;
    }
    return a;
  }

  private static double[] vector(int n) {
    return new Random(7L * n).doubles(n, -1, 1).toArray();
  }

  /** NaN above the diagonal: only the lower triangle may be read. */
  private static double[] lower(int n, double[] a) {
    double[] half = a.clone();
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        half[i * n + j] = Double.NaN;
      }
    }
    return half;
  }

  private static void assertSolves(String what, int n, double[] a, double[] b, double[] x) {
    double largestA = 0;
    double largestX = 0;
    for (double value : a) {
      largestA = Math.max(largestA, Math.abs(value));
    }
    for (double value : x) {
      largestX = Math.max(largestX, Math.abs(value));
    }
    double bound = 16.0 * n * n * UNIT * largestA * largestX;
    for (int i = 0; i < n; i++) {
      double residual = -b[i];
      for (int j = 0; j < n; j++) {
        residual += a[i * n + j] * x[j];
      }
      if (!(Math.abs(residual) <= bound)) {
        fail(what + ": residual " + residual + " of row " + i + " exceeds " + bound);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 31, 33, 64, 65, 127})
  void solvesAndTellsDefiniteness(int n) {
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        for (double shift : new double[] {3, -3, 0}) {
          double[] a = matrix(n, shift);
          double[] b = vector(n);
          double[] x = b.clone();
          boolean definite = backend.symmetricSolve(n, lower(n, a), x);
          String what = candidate.label() + " n=" + n + " shift=" + shift;
          assertSolves(what, n, a, b, x);
          if (shift != 0) {
            assertEquals(shift > 0, definite, what);
          }
        }
      }
    }
  }

  @Test
  void needsPivotsWhereTheDiagonalIsZero() {
    double[] a = {0, 1, 0, 1, 0, 2, 0, 2, 5};
    double[] b = {1, 2, 3};
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        double[] x = b.clone();
        assertFalse(backend.symmetricSolve(3, a.clone(), x), candidate.label());
        assertSolves(candidate.label(), 3, a, b, x);
      }
    }
  }

  @Test
  void sameBitsEveryTimeAndWithAnyThreads() {
    double[] first = null;
    for (Backends.Candidate candidate : Backends.available()) {
      try (Backend backend = candidate.open()) {
        for (int run = 0; run < 2; run++) {
          double[] x = vector(127);
          assertTrue(backend.symmetricSolve(127, matrix(127, 3), x));
          first = first == null ? x : first;
          assertArrayEquals(first, x, candidate.label());
        }
      }
    }
  }

  @Test
  void refusesSingularAndMisshapen() {
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        double[] b = {1, 2};
        for (double[] singular : new double[][] {{0, 0, 0, 0}, {1, 1, 1, 1}, {-4, 2, 2, -1}}) {
          assertThrows(
              IllegalArgumentException.class,
              () -> backend.symmetricSolve(2, singular.clone(), b.clone()),
              candidate.label());
        }
        double[] a = {1, 0, 0, 1};
        assertThrows(IllegalArgumentException.class, () -> backend.symmetricSolve(0, a, b));
        assertThrows(IllegalArgumentException.class, () -> backend.symmetricSolve(1, a, b));
        assertThrows(
            IllegalArgumentException.class,
            () -> backend.symmetricSolve(2, a, new double[] {1, 2, 3}));
        assertArrayEquals(new double[] {1, 2}, b, candidate.label());
      }
    }
  }
}
