// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TridiagonalTest {
  /** {@code 2 - 2 cos(k pi / (n+1))}, with eigenvectors {@code sin(j k pi / (n+1))}. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 40, 101})
  void solvesTheSecondDifferences(int n) {
    double[] diagonal = new double[n];
    double[] below = new double[n - 1];
    Arrays.fill(diagonal, 2);
    Arrays.fill(below, -1);
    Tridiagonal t = Tridiagonal.of(diagonal, below);
    for (int k = 1; k <= n; k++) {
      double angle = k * Math.PI / (n + 1);
      assertEquals(2 - 2 * Math.cos(angle), t.values()[k - 1], 1e-14 * n);
      double component = Math.sqrt(2.0 / (n + 1)) * Math.sin(angle);
      assertEquals(component, Math.abs(t.first()[k - 1]), 1e-13 * n);
      assertEquals(component, Math.abs(t.last()[k - 1]), 1e-13 * n);
    }
  }

  /** Sums of powers of the eigenvalues, weighted by first components, are powers of the matrix. */
  @Test
  void hasTheMomentsOfARandomMatrix() {
    int n = 23;
    Random random = new Random(5);
    double[] d = random.doubles(n, -1, 1).toArray();
    double[] e = random.doubles(n - 1, -1, 1).toArray();
    Tridiagonal t = Tridiagonal.of(d, e);
    double[] power = new double[n];
    power[0] = 1; // T^k e1
    for (int k = 0; k <= 9; k++) {
      double atFirst = 0;
      for (int i = 0; i < n; i++) {
        atFirst += Math.pow(t.values()[i], k) * t.first()[i] * t.first()[i];
      }
      assertEquals(power[0], atFirst, 1e-12 * Math.pow(3, k), "moment " + k);
      double[] next = new double[n];
      for (int i = 0; i < n; i++) {
        next[i] =
            d[i] * power[i]
                + (i > 0 ? e[i - 1] * power[i - 1] : 0)
                + (i < n - 1 ? e[i] * power[i + 1] : 0);
      }
      power = next;
    }
    assertEquals(Arrays.stream(d).sum(), Arrays.stream(t.values()).sum(), 1e-13);
    for (int i = 1; i < n; i++) {
      assertTrue(t.values()[i - 1] <= t.values()[i], "ascending");
    }
  }

  @Test
  void keepsWhatIsDiagonalAlready() {
    Tridiagonal t = Tridiagonal.of(new double[] {3, 0, -1, 0}, new double[] {0, 0, 0});
    assertArrayEquals(new double[] {-1, 0, 0, 3}, t.values());
    assertArrayEquals(new double[] {0, 0, 0, 1}, t.first());
  }

  @Test
  void refusesWhatIsNotFinite() {
    assertThrows(
        SolverException.class,
        () -> Tridiagonal.of(new double[] {1, Double.NaN, 2}, new double[] {1, 1}));
  }
}
