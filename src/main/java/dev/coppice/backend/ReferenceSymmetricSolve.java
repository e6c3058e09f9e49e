// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** Definition of {@link CoreOps#symmetricSolve}. */
final class ReferenceSymmetricSolve {
  private ReferenceSymmetricSolve() {}

  /**
   * Solves a x = b; a keeps its content when it is positive definite.
   *
   * @return whether a is positive definite: whether its Cholesky factor exists
   */
  static boolean solve(int n, double[] a, double[] b) {
    double[] full = new double[a.length];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        full[i * n + j] = a[Math.max(i, j) * n + Math.min(i, j)];
      }
    }
    double[] factor = cholesky(n, full);
    double[] x = factor != null ? substitute(n, factor, b) : eliminate(n, full, b.clone());
    System.arraycopy(x, 0, b, 0, n);
    return factor != null;
  }

  /** Lower factor L of a = L L^T, or null if a is not positive definite. */
  private static double[] cholesky(int n, double[] a) {
    double[] factor = new double[n * n];
    for (int j = 0; j < n; j++) {
      for (int i = j; i < n; i++) {
        double sum = a[i * n + j];
        for (int p = 0; p < j; p++) {
          sum -= factor[i * n + p] * factor[j * n + p];
        }
        if (i == j && !(sum > 0)) {
          return null;
        }
        factor[i * n + j] = i == j ? Math.sqrt(sum) : sum / factor[j * n + j];
      }
    }
    return factor;
  }

  /** Solves L L^T x = b. */
  private static double[] substitute(int n, double[] factor, double[] b) {
    double[] x = b.clone();
    for (int i = 0; i < n; i++) {
      for (int p = 0; p < i; p++) {
        x[i] -= factor[i * n + p] * x[p];
      }
      x[i] /= factor[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int p = i + 1; p < n; p++) {
        x[i] -= factor[p * n + i] * x[p];
      }
      x[i] /= factor[i * n + i];
    }
    return x;
  }

  /** Gaussian elimination with row pivoting; a and b are overwritten. */
  private static double[] eliminate(int n, double[] a, double[] b) {
    for (int j = 0; j < n; j++) {
      int pivot = j;
      for (int i = j + 1; i < n; i++) {
        pivot = Math.abs(a[i * n + j]) > Math.abs(a[pivot * n + j]) ? i : pivot;
      }
      if (!(Math.abs(a[pivot * n + j]) > 0)) {
        throw new IllegalArgumentException("matrix of order " + n + " is singular");
      }
      swapRows(n, a, b, j, pivot);
      for (int i = j + 1; i < n; i++) {
        double ratio = a[i * n + j] / a[j * n + j];
        for (int p = j; p < n; p++) {
          a[i * n + p] -= ratio * a[j * n + p];
        }
        b[i] -= ratio * b[j];
      }
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int p = i + 1; p < n; p++) {
        b[i] -= a[i * n + p] * b[p];
      }
      b[i] /= a[i * n + i];
    }
    return b;
  }

  private static void swapRows(int n, double[] a, double[] b, int i, int j) {
    for (int p = 0; p < n; p++) {
      double kept = a[i * n + p];
      a[i * n + p] = a[j * n + p];
      a[j * n + p] = kept;
    }
    double kept = b[i];
    b[i] = b[j];
    b[j] = kept;
  }
}
