// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What k steps of Lanczos, in float64, tell of a symmetric matrix H seen from a vector v: Ritz
 * values, the eigenvalues of H's projection on {@code span{v, H v, ..., H^(k-1) v}}.
 *
 * <p>Each new basis vector is made orthogonal to all earlier ones, twice, as long as the basis
 * takes at most {@link #BASIS_NUMBERS} numbers. A larger one is not kept: then, with rounding,
 * eigenvalues that have converged appear again as copies (Paige 1976). That moves no extreme value,
 * and the weights of the copies add up to the weight of the one.
 *
 * @param values Ritz values, ascending; all lie between the extreme eigenvalues of H, (k)
 * @param weights squared first components, {@code (u_i . v / |v|)^2}: nodes and weights of the
 *     Gauss quadrature of H's spectral density seen from v; sum 1, (k)
 * @param bounds {@code |beta_k s_ki|}, the norm of {@code H y - value y} for the unit Ritz vector
 *     y: some eigenvalue of H is that near, (k)
 * @param products products with H
 * @see <a href="https://doi.org/10.6028/jres.045.026">Lanczos 1950</a>
 * @see <a href="https://doi.org/10.1093/imamat/18.3.341">Paige 1976</a>
 */
record Lanczos(double[] values, double[] weights, double[] bounds, int products) {
  /** Largest basis that is kept: 512 MiB. */
  static final long BASIS_NUMBERS = 64L << 20;

  private static final double EXHAUSTED = 1e-13; // of |H|: what is left of a vector is rounding

  /**
   * Runs up to {@code steps} steps, fewer if v lies in a smaller invariant space.
   *
   * @param v not zero, (P)
   * @param steps 1 or more
   * @throws SolverException if a product is not finite
   */
  static Lanczos run(HessianProduct hessian, double[] v, int steps) {
    return run(hessian, v, steps, (long) v.length * steps <= BASIS_NUMBERS);
  }

  static Lanczos run(HessianProduct hessian, double[] v, int steps, boolean keepBasis) {
    int most = Math.min(steps, v.length);
    double[] alpha = new double[most];
    double[] beta = new double[most];
    List<double[]> basis = new ArrayList<>();
    double[] old = new double[v.length];
    double[] unit = v.clone();
    Vectors.scale(1 / Vectors.norm(v), unit);
    double norm = 0;
    int k = 0;
    while (k < most) {
      double[] next = Vectors.damped(hessian, 0, unit);
      alpha[k] = Vectors.dot(unit, next);
      Vectors.axpy(-alpha[k], unit, next);
      Vectors.axpy(k == 0 ? 0 : -beta[k - 1], old, next);
      if (keepBasis) {
        basis.add(unit);
        orthogonalise(next, basis);
      }
      beta[k] = Vectors.norm(next);
      norm = Math.max(norm, Math.abs(alpha[k]) + beta[k]);
      k++;
      if (beta[k - 1] <= EXHAUSTED * norm) {
        beta[k - 1] = 0;
        break;
      }
      old = unit;
      unit = next;
      Vectors.scale(1 / beta[k - 1], unit);
    }
    return of(Arrays.copyOf(alpha, k), Arrays.copyOf(beta, k));
  }

  private static void orthogonalise(double[] next, List<double[]> basis) {
    for (int pass = 0; pass < 2; pass++) {
      for (double[] earlier : basis) {
        Vectors.axpy(-Vectors.dot(earlier, next), earlier, next);
      }
    }
  }

  private static Lanczos of(double[] alpha, double[] beta) {
    int k = alpha.length;
    Tridiagonal t = Tridiagonal.of(alpha, Arrays.copyOf(beta, k - 1));
    double[] weights = new double[k];
    double[] bounds = new double[k];
    for (int i = 0; i < k; i++) {
      weights[i] = t.first()[i] * t.first()[i];
      bounds[i] = Math.abs(beta[k - 1] * t.last()[i]);
    }
    return new Lanczos(t.values(), weights, bounds, k);
  }
}
