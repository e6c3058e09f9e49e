// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SymmetricEigenTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 65})
  void vectorsAreOrthonormalAndDiagonalise(int n) {
    Random random = new Random(n);
    double[] a = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        a[i * n + j] = random.nextGaussian();
        a[j * n + i] = a[i * n + j];
      }
    }
    double[] u = SymmetricEigen.vectors(n, a);
    for (int p = 0; p < n; p++) {
      for (int q = 0; q < n; q++) {
        double product = 0;
        double form = 0;
        for (int i = 0; i < n; i++) {
          product += u[i * n + p] * u[i * n + q];
          for (int j = 0; j < n; j++) {
            form += u[i * n + p] * a[i * n + j] * u[j * n + q];
          }
        }
        assertEquals(p == q ? 1 : 0, product, 1e-12);
        if (p != q) {
          assertEquals(0, form, 1e-11);
        }
      }
    }
  }
}
