// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.Random;

/** A dense symmetric matrix with given eigenvalues, and its products. */
record DenseMatrix(int size, double[] values) implements HessianProduct {

  /** {@code Q diag(eigenvalues) Q^T} with random reflections Q. */
  static DenseMatrix withEigenvalues(long seed, double... eigenvalues) {
    int n = eigenvalues.length;
    double[] a = new double[n * n];
    for (int i = 0; i < n; i++) {
      a[i * n + i] = eigenvalues[i];
    }
    Random random = new Random(seed);
    for (int k = 0; k < n; k++) {
      double[] w = random.doubles(n, -1, 1).toArray();
      double ww = Vectors.dot(w, w);
      reflect(a, w, ww, n, 1);
      reflect(a, w, ww, n, n);
    }
    return new DenseMatrix(n, a);
  }

  /** Applies {@code I - 2 w w^T / ww} to the rows (stride 1) or columns (stride n) of a. */
  private static void reflect(double[] a, double[] w, double ww, int n, int stride) {
    int other = stride == 1 ? n : 1;
    for (int line = 0; line < n; line++) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += a[line * other + i * stride] * w[i];
      }
      for (int i = 0; i < n; i++) {
        a[line * other + i * stride] -= 2 * sum / ww * w[i];
      }
    }
  }

  @Override
  public double[] product(double[] v) {
    double[] product = new double[size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        product[i] += values[i * size + j] * v[j];
      }
    }
    return product;
  }
}
