// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Eigenvalues of a symmetric tridiagonal matrix by implicit QL, and of each unit eigenvector the
 * two components that Lanczos needs.
 *
 * @param values eigenvalues, ascending, (n)
 * @param first first component of each eigenvector, (n)
 * @param last last component of each eigenvector, (n)
 * @see <a href="https://doi.org/10.1007/BF02165404">Dubrulle, Martin and Wilkinson 1968</a>
 */
record Tridiagonal(double[] values, double[] first, double[] last) {
  private static final double EPSILON = Math.ulp(1.0);
  private static final int MOST_SWEEPS = 60;

  /**
   * Solves.
   *
   * @param diagonal (n), n of 1 or more
   * @param below its neighbours on one side, (n-1)
   * @throws SolverException if it does not converge, as with numbers that are not finite
   */
  static Tridiagonal of(double[] diagonal, double[] below) {
    int n = diagonal.length;
    Sweeps sweeps = new Sweeps(n, diagonal, below);
    for (int l = 0; l < n; l++) {
      sweeps.deflate(l);
    }
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> sweeps.d[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    return new Tridiagonal(
        pick(sweeps.d, order), pick(sweeps.first, order), pick(sweeps.last, order));
  }

  private static double[] pick(double[] values, int[] order) {
    return IntStream.of(order).mapToDouble(i -> values[i]).toArray();
  }

  /** The matrix on its way to a diagonal: d on it, e beside it, two rows of the rotations. */
  private static final class Sweeps {
    private final int n;
    private final double norm;
    private final double[] d;
    private final double[] e;
    private final double[] first;
    private final double[] last;

    Sweeps(int n, double[] diagonal, double[] below) {
      this.n = n;
      d = diagonal.clone();
      e = new double[n];
      System.arraycopy(below, 0, e, 0, n - 1);
      first = new double[n];
      last = new double[n];
      first[0] = 1;
      last[n - 1] = 1;
      double largest = 0;
      for (int i = 0; i < n; i++) {
        largest = Math.max(largest, Math.abs(d[i]) + Math.abs(e[i]));
      }
      norm = largest;
    }

    /** Sweeps until row l stands alone. */
    void deflate(int l) {
      for (int sweep = 0; ; sweep++) {
        int m = l;
        while (m < n - 1 && !negligible(m)) {
          m++;
        }
        if (m == l) {
          return;
        }
        if (sweep == MOST_SWEEPS) {
          throw new SolverException("eigenvalues of a tridiagonal matrix do not converge");
        }
        sweep(l, m);
      }
    }

    private boolean negligible(int i) {
      return Math.abs(e[i]) <= EPSILON * (Math.abs(d[i]) + Math.abs(d[i + 1]) + EPSILON * norm);
    }

    /** One QL sweep over rows l..m, with Wilkinson's shift. */
    private void sweep(int l, int m) {
      double half = (d[l + 1] - d[l]) / (2 * e[l]);
      double g = d[m] - d[l] + e[l] / (half + Math.copySign(Math.hypot(half, 1), half));
      double s = 1;
      double c = 1;
      double p = 0;
      for (int i = m - 1; i >= l; i--) {
        double f = s * e[i];
        double b = c * e[i];
        double r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r == 0) { // the matrix falls apart here
          d[i + 1] -= p;
          e[m] = 0;
          return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        double t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        rotate(first, i, c, s);
        rotate(last, i, c, s);
      }
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }

    private static void rotate(double[] row, int i, double c, double s) {
      double right = row[i + 1];
      row[i + 1] = s * row[i] + c * right;
      row[i] = c * row[i] - s * right;
    }
  }
}
