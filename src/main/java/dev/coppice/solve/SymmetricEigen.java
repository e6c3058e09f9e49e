// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

/**
 * Eigenvectors of a small symmetric matrix by cyclic Jacobi rotations in float64.
 *
 * @see <a href="https://doi.org/10.1515/crll.1846.30.51">Jacobi 1846</a>
 */
public final class SymmetricEigen {
  private static final int SWEEPS = 60;
  private static final double SMALL = 1e-15;

  private SymmetricEigen() {}

  /**
   * An orthonormal basis of eigenvectors, one a column, (n,n) row-major.
   *
   * @param a symmetric, (n,n) row-major; not written
   */
  public static double[] vectors(int n, double[] a) {
    double[] m = a.clone();
    double[] u = new double[n * n];
    for (int i = 0; i < n; i++) {
      u[i * n + i] = 1;
    }
    double bound = SMALL * Vectors.norm(a);
    for (int sweep = 0; sweep < SWEEPS && offDiagonal(n, m) > bound; sweep++) {
      for (int p = 0; p < n; p++) {
        for (int q = p + 1; q < n; q++) {
          if (m[p * n + q] != 0) {
            rotate(n, m, u, p, q);
          }
        }
      }
    }
    return u;
  }

  private static double offDiagonal(int n, double[] m) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        sum += 2 * m[i * n + j] * m[i * n + j];
      }
    }
    return Math.sqrt(sum);
  }

  /** Rotates columns, rows and vectors p and q so that element (p,q) becomes 0. */
  private static void rotate(int n, double[] m, double[] u, int p, int q) {
    double theta = (m[q * n + q] - m[p * n + p]) / (2 * m[p * n + q]);
    double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.hypot(theta, 1));
    double c = 1 / Math.hypot(t, 1);
    double s = t * c;
    for (int k = 0; k < n; k++) {
      turn(m, k * n + p, k * n + q, c, s);
      turn(u, k * n + p, k * n + q, c, s);
    }
    for (int k = 0; k < n; k++) {
      turn(m, p * n + k, q * n + k, c, s);
    }
  }

  private static void turn(double[] x, int i, int j, double c, double s) {
    double first = x[i];
    double second = x[j];
    x[i] = c * first - s * second;
    x[j] = s * first + c * second;
  }
}
