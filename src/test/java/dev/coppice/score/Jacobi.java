// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import java.util.Arrays;

/** Eigenvalues of a dense symmetric matrix by plane rotations: slow, obvious and exact. */
final class Jacobi {
  private Jacobi() {}

  /** Ascending; the matrix, (n,n), is overwritten. */
  static double[] eigenvalues(double[] a, int n) {
    for (int sweep = 0; sweep < 30; sweep++) {
      for (int p = 0; p < n; p++) {
        for (int q = p + 1; q < n; q++) {
          rotate(a, n, p, q);
        }
      }
    }
    double[] values = new double[n];
    Arrays.setAll(values, i -> a[i * n + i]);
    Arrays.sort(values);
    return values;
  }

  private static void rotate(double[] a, int n, int p, int q) {
    if (a[p * n + q] == 0) {
      return;
    }
    double half = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
    double t = Math.copySign(1, half) / (Math.abs(half) + Math.hypot(half, 1));
    double c = 1 / Math.hypot(t, 1);
    double s = t * c;
    for (int k = 0; k < n; k++) {
      double x = a[k * n + p];
      a[k * n + p] = c * x - s * a[k * n + q];
      a[k * n + q] = s * x + c * a[k * n + q];
    }
    for (int k = 0; k < n; k++) {
      double x = a[p * n + k];
      a[p * n + k] = c * x - s * a[q * n + k];
      a[q * n + k] = s * x + c * a[q * n + k];
    }
  }
}
